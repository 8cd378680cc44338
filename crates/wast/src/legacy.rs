//! The folded form of legacy exceptions, which the `wast` crate does not read any more.
//!
//! `(try BT (do A) (catch $e B) (catch_all C))` becomes the plain form, which it does read:
//! `try BT A catch $e B catch_all C end`; with `(delegate N)`, which ends the block, there is no
//! `end`. Every line stays the same line.

use std::borrow::Cow;

/// What an open parenthesis began.
enum Open {
    /// A `try`; whether a `delegate` has ended it.
    Try(bool),
    /// A part of a `try`.
    Part,
    Other,
}

/// The script with its folded `try` blocks unfolded.
pub(crate) fn unfold(source: &str) -> Cow<'_, str> {
    if !source.contains("(try") || !source.contains("(do") {
        return Cow::Borrowed(source);
    }
    let bytes = source.as_bytes();
    let mut out = String::with_capacity(source.len() + source.len() / 8);
    let mut open = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'"' => at + string_len(&bytes[at..]),
            b';' if bytes[at..].starts_with(b";;") => {
                at + bytes[at..]
                    .iter()
                    .position(|b| *b == b'\n')
                    .unwrap_or(bytes.len() - at)
            }
            b'(' => {
                let word = word(&source[at + 1..]);
                let kind = match (word, open.last_mut()) {
                    ("try", _) => Open::Try(false),
                    ("do" | "catch" | "catch_all", Some(Open::Try(_))) => Open::Part,
                    ("delegate", Some(Open::Try(ended))) => {
                        *ended = true;
                        Open::Part
                    }
                    _ => Open::Other,
                };
                let skipped = match (&kind, word) {
                    (Open::Other, _) => {
                        out.push('(');
                        1
                    }
                    (_, "do") => 1 + word.len(),
                    _ => 1,
                };
                out.push(' ');
                open.push(kind);
                at += skipped;
                continue;
            }
            b')' => {
                out.push_str(match open.pop() {
                    Some(Open::Try(false)) => " end ",
                    Some(Open::Try(true) | Open::Part) => " ",
                    Some(Open::Other) | None => ")",
                });
                at += 1;
                continue;
            }
            _ => {
                let rest = &bytes[at + 1..];
                at + 1
                    + rest
                        .iter()
                        .position(|b| b"\"();".contains(b))
                        .unwrap_or(rest.len())
            }
        };
        out.push_str(&source[at..end]);
        at = end;
    }
    Cow::Owned(out)
}

/// The length of a string with its quotes.
fn string_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The keyword that text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::unfold;

    fn words(text: &str) -> String {
        unfold(text)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn folded_blocks_become_plain() {
        let folded = r#"(func (try $l (result i32) (do (nop) "(try (do") (catch $e (rethrow 0))
            (catch_all)))"#;
        let plain = r#"( func try $l ( result i32) ( nop) "(try (do" catch $e ( rethrow 0) catch_all end )"#;
        assert_eq!(words(folded), plain);
        assert_eq!(unfold(folded).lines().count(), folded.lines().count());
        assert_eq!(
            words("(try (do (try (do) (delegate 0))))"),
            "try try delegate 0 end"
        );
        assert_eq!(words("(block (do))"), "(block (do))");
    }
}
