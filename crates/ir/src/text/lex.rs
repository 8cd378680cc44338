//! Words of the text form.

use super::ParseError;
use alloc::format;
use alloc::string::String;

/// A word and where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind<'a>,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind<'a> {
    /// A name or a number.
    Word(&'a str),
    /// A string, without quotes but with escapes.
    Text(&'a str),
    /// One character.
    Mark(char),
    /// `->`
    Arrow,
    End,
}

impl Token<'_> {
    pub(super) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError {
            line: self.line,
            column: self.column,
            message: message.into(),
        }
    }
}

/// Reads words, one ahead.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    line: u32,
    column: u32,
    next: Token<'a>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, ParseError> {
        let next = Token {
            kind: Kind::End,
            line: 1,
            column: 1,
        };
        let mut lexer = Self {
            rest: text,
            line: 1,
            column: 1,
            next,
        };
        lexer.next()?;
        Ok(lexer)
    }

    /// The word ahead.
    pub(super) fn peek(&self) -> Token<'a> {
        self.next
    }

    /// Takes the word ahead.
    pub(super) fn next(&mut self) -> Result<Token<'a>, ParseError> {
        let next = self.scan()?;
        Ok(core::mem::replace(&mut self.next, next))
    }

    /// Takes a mark if it is ahead.
    pub(super) fn has(&mut self, mark: char) -> Result<bool, ParseError> {
        let found = self.next.kind == Kind::Mark(mark);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    /// Takes a word if it is ahead.
    pub(super) fn has_word(&mut self, word: &str) -> Result<bool, ParseError> {
        let found = self.next.kind == Kind::Word(word);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, mark: char) -> Result<(), ParseError> {
        match self.has(mark)? {
            true => Ok(()),
            false => Err(self.next.error(format!("`{mark}` expected"))),
        }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), ParseError> {
        match self.has_word(word)? {
            true => Ok(()),
            false => Err(self.next.error(format!("`{word}` expected"))),
        }
    }

    /// Takes any name or number.
    pub(super) fn word(&mut self) -> Result<(Token<'a>, &'a str), ParseError> {
        let token = self.next()?;
        match token.kind {
            Kind::Word(word) => Ok((token, word)),
            _ => Err(token.error("a name or a number expected")),
        }
    }

    /// Takes a string.
    pub(super) fn text(&mut self) -> Result<String, ParseError> {
        let token = self.next()?;
        let Kind::Text(text) = token.kind else {
            return Err(token.error("a string expected"));
        };
        unescape(text).ok_or_else(|| token.error("an escape is wrong"))
    }

    /// Takes a number, as the bits of its two's complement.
    pub(super) fn number(&mut self) -> Result<u128, ParseError> {
        let negative = self.has('-')?;
        if !negative {
            self.has('+')?;
        }
        let (token, word) = self.word()?;
        let number = match word.strip_prefix("0x") {
            Some(hex) => u128::from_str_radix(hex, 16),
            None => word.parse(),
        };
        match number {
            Ok(number) if negative => Ok(number.wrapping_neg()),
            Ok(number) => Ok(number),
            Err(_) => Err(token.error("a number expected")),
        }
    }

    /// Takes a number that fits.
    pub(super) fn small<T: TryFrom<i128>>(&mut self) -> Result<T, ParseError> {
        let token = self.peek();
        let number = self.number()? as i128;
        T::try_from(number).map_err(|_| token.error("the number is out of range"))
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for character in taken.chars() {
            if character == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn scan(&mut self) -> Result<Token<'a>, ParseError> {
        loop {
            let space = self.rest.len() - self.rest.trim_start().len();
            self.advance(space);
            if !self.rest.starts_with(';') {
                break;
            }
            self.advance(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        let (line, column) = (self.line, self.column);
        let mut token = Token {
            kind: Kind::End,
            line,
            column,
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let Some(first) = self.rest.chars().next() else {
            return Ok(token);
        };
        token.kind = if is_word(first) {
            let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
            Kind::Word(self.advance(end))
        } else if first == '"' {
            let Some(end) = end_of_text(&self.rest[1..]) else {
                return Err(token.error("a string without end"));
            };
            let text = self.advance(end + 2);
            Kind::Text(&text[1..=end])
        } else if self.rest.starts_with("->") {
            self.advance(2);
            Kind::Arrow
        } else {
            self.advance(first.len_utf8());
            Kind::Mark(first)
        };
        Ok(token)
    }
}

/// Where the closing quote is.
fn end_of_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at)
    })
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        out.push(match chars.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (digits, after) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                chars = after.chars();
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            other => other,
        });
        rest = chars.as_str();
    }
    out.push_str(rest);
    Some(out)
}
