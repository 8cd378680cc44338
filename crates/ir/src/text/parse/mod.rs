//! Reading the text form.
//!
//! Operands may be named before they are defined, in the text and by number. So a function is
//! read into lines first, and the table of values is filled when all of them are known.

mod line;

use super::lex::{Kind, Lexer, Token};
use crate::entity::{Block, Inst, Symbol, Value};
use crate::function::{Function, Inlined, StackLimit, ValueDef};
use crate::inst::InstData;
use crate::op::{BinaryOp, CompareOp, LaneOp, UnaryOp, VectorOp, WideOp};
use crate::types::{CallConv, Signature, Type};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, from 1 on.
    pub line: u32,
    /// The column in characters, from 1 on.
    pub column: u32,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl core::error::Error for ParseError {}

type Result<T> = core::result::Result<T, ParseError>;

/// Reads functions. They are well-formed as a text; whether they are well-typed, the verifier
/// says.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(text: &str) -> Result<Vec<Function>> {
    let operators = operators();
    let mut lexer = Lexer::new(text)?;
    let mut functions = Vec::new();
    while lexer.peek().kind != Kind::End {
        functions.push(Parser::new(&mut lexer, &operators).function()?);
    }
    Ok(functions)
}

/// Ids above are refused: tables are as long as the largest.
const MAX_ID: u32 = 1 << 22;

#[derive(Clone, Copy)]
enum Operator {
    Unary(UnaryOp),
    Binary(BinaryOp),
    Compare(CompareOp),
    Wide(WideOp),
    Vector(VectorOp),
    Lane(LaneOp),
}

type Operators = BTreeMap<&'static str, Operator>;

fn operators() -> Operators {
    let mut map = BTreeMap::new();
    map.extend(
        UnaryOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Unary(*op))),
    );
    map.extend(
        BinaryOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Binary(*op))),
    );
    map.extend(
        CompareOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Compare(*op))),
    );
    map.extend(
        WideOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Wide(*op))),
    );
    map.extend(
        VectorOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Vector(*op))),
    );
    map.extend(
        LaneOp::ALL
            .iter()
            .map(|op| (op.name(), Operator::Lane(*op))),
    );
    map
}

/// An instruction that was read.
struct Line {
    block: Block,
    data: InstData,
    /// The names of its results.
    results: Vec<Value>,
    types: Vec<Type>,
    tags: Vec<Option<u32>>,
    location: u32,
}

struct Parser<'a, 'text> {
    lexer: &'a mut Lexer<'text>,
    operators: &'a Operators,
    func: Function,
    lines: Vec<Line>,
    params: Vec<(Block, Vec<Value>)>,
    /// By value, type and definition, once it is known.
    values: Vec<Option<(Type, ValueDef)>>,
    /// What must be defined, and where it is used.
    used: Vec<(Value, Token<'text>)>,
    targets: Vec<(Block, Token<'text>)>,
    defined: Vec<bool>,
}

impl<'a, 'text> Parser<'a, 'text> {
    fn new(lexer: &'a mut Lexer<'text>, operators: &'a Operators) -> Self {
        Self {
            lexer,
            operators,
            func: Function::default(),
            lines: Vec::new(),
            params: Vec::new(),
            values: Vec::new(),
            used: Vec::new(),
            targets: Vec::new(),
            defined: Vec::new(),
        }
    }

    fn function(mut self) -> Result<Function> {
        self.lexer.expect_word("function")?;
        self.func.name = self.lexer.text()?;
        self.func.signature = self.signature()?;
        if self.lexer.has_word("context")? {
            self.func.context_param = Some(self.lexer.small()?);
        }
        if self.lexer.has_word("stack_limit")? {
            self.func.stack_limit = Some(StackLimit {
                offsets: [self.lexer.small()?, self.lexer.small()?],
                slow: self.symbol()?,
            });
        }
        self.lexer.expect('{')?;
        self.declarations()?;
        let mut layout = Vec::new();
        while !self.lexer.has('}')? {
            layout.push(self.block()?);
        }
        self.complete(layout)
    }

    fn declarations(&mut self) -> Result<()> {
        loop {
            let token = self.lexer.peek();
            let Kind::Word(word) = token.kind else {
                return Ok(());
            };
            let expected = if word.starts_with("slot") {
                format!("slot{}", self.func.slots.len())
            } else if word.starts_with("sig") {
                format!("sig{}", self.func.signatures.len())
            } else if word.starts_with("place") {
                format!("place{}", self.func.inlined().len())
            } else {
                return Ok(());
            };
            self.lexer.expect_word(&expected)?;
            self.lexer.expect('=')?;
            if word.starts_with("slot") {
                self.lexer.expect_word("slot")?;
                let bytes = self.lexer.small()?;
                self.func.new_slot(bytes);
            } else if word.starts_with("place") {
                let place = self.lexer.small()?;
                let caller = match self.lexer.has_word("in")? {
                    true => Some(self.location()?),
                    false => None,
                };
                self.func.inline_location(place, caller);
            } else {
                let signature = self.signature()?;
                self.func.new_signature(signature);
            }
        }
    }

    /// A place in the source, or one of the function's own declarations.
    fn location(&mut self) -> Result<u32> {
        let token = self.lexer.peek();
        let place = match token.kind {
            Kind::Word(word) => word.starts_with("place").then_some(word),
            _ => None,
        };
        let Some(word) = place else {
            return self.lexer.small();
        };
        let index = number_of(word, "place").filter(|i| (*i as usize) < self.func.inlined().len());
        let index = index.ok_or_else(|| token.error("a place expected that is declared"))?;
        self.lexer.next()?;
        Ok(index | Inlined::BIT)
    }

    fn signature(&mut self) -> Result<Signature> {
        let (token, word) = self.lexer.word()?;
        let conv = CallConv::from_name(word)
            .ok_or_else(|| token.error("a calling convention expected"))?;
        let params = self.list(Self::ty)?;
        if self.lexer.next()?.kind != Kind::Arrow {
            return Err(token.error("`->` expected in a signature"));
        }
        Ok(Signature {
            params,
            results: self.list(Self::ty)?,
            conv,
        })
    }

    /// What is in parentheses, with commas between.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.lexer.expect('(')?;
        while !self.lexer.has(')')? {
            if !items.is_empty() {
                self.lexer.expect(',')?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn ty(&mut self) -> Result<Type> {
        let (token, word) = self.lexer.word()?;
        Type::from_name(word).ok_or_else(|| token.error("a type expected"))
    }

    fn block(&mut self) -> Result<Block> {
        let token = self.lexer.peek();
        let block = Block(self.id("block", MAX_ID)?);
        self.make_block(block);
        if core::mem::replace(&mut self.defined[block.index()], true) {
            return Err(token.error(format!("{block} is defined twice")));
        }
        if self.lexer.peek().kind == Kind::Mark('(') {
            let mut index = 0;
            let params = self.list(|parser| {
                let token = parser.lexer.peek();
                let value = Value(parser.id("v", MAX_ID)?);
                parser.lexer.expect(':')?;
                let ty = parser.ty()?;
                parser.define(token, value, ty, ValueDef::Param(block, index))?;
                index += 1;
                Ok(value)
            })?;
            self.params.push((block, params));
        }
        if self.lexer.has_word("cold")? {
            self.func.set_cold(block);
        }
        self.lexer.expect(':')?;
        loop {
            match self.lexer.peek().kind {
                Kind::Word(word) if number_of(word, "block").is_none() => self.line(block)?,
                _ => return Ok(block),
            }
        }
    }

    fn line(&mut self, block: Block) -> Result<()> {
        let mut results = Vec::new();
        let first = self.lexer.peek();
        if matches!(first.kind, Kind::Word(word) if number_of(word, "v").is_some()) {
            loop {
                results.push(Value(self.id("v", MAX_ID)?));
                if !self.lexer.has(',')? {
                    break;
                }
            }
            self.lexer.expect('=')?;
        }
        let mut line = Line {
            block,
            data: InstData::Fence,
            results,
            types: Vec::new(),
            tags: Vec::new(),
            location: 0,
        };
        self.instruction(&mut line)?;
        if self.lexer.has('@')? {
            line.location = self.location()?;
        }
        if line.types.len() != line.results.len() {
            let count = line.types.len();
            return Err(first.error(format!("the instruction has {count} results")));
        }
        let inst = Inst::from_index(self.lines.len());
        let mut expected = line.results.first().copied();
        for (index, (&value, &ty)) in line.results.iter().zip(&line.types).enumerate() {
            if expected != Some(value) {
                return Err(first.error("results are numbered consecutively"));
            }
            expected = Some(Value(value.0 + 1));
            self.define(first, value, ty, ValueDef::Result(inst, index as u32))?;
        }
        self.lines.push(line);
        Ok(())
    }

    fn define(&mut self, token: Token<'_>, value: Value, ty: Type, def: ValueDef) -> Result<()> {
        if self.values.len() <= value.index() {
            self.values.resize(value.index() + 1, None);
        }
        match self.values[value.index()].replace((ty, def)) {
            None => Ok(()),
            Some(_) => Err(token.error(format!("{value} is defined twice"))),
        }
    }

    fn make_block(&mut self, block: Block) {
        while self.func.num_blocks() <= block.index() {
            self.func.new_block();
        }
        if self.defined.len() < self.func.num_blocks() {
            self.defined.resize(self.func.num_blocks(), false);
        }
    }

    /// Takes a name that is a sigil and a number.
    fn id(&mut self, sigil: &str, limit: u32) -> Result<u32> {
        let (token, word) = self.lexer.word()?;
        let number =
            number_of(word, sigil).ok_or_else(|| token.error(format!("a `{sigil}…` expected")))?;
        if number > limit {
            return Err(token.error(format!("numbers above {limit} are refused")));
        }
        Ok(number)
    }

    fn symbol(&mut self) -> Result<Symbol> {
        self.id("sym", u32::MAX).map(Symbol)
    }

    /// Makes the function of what was read.
    fn complete(mut self, layout: Vec<Block>) -> Result<Function> {
        for (value, token) in &self.used {
            if !matches!(self.values.get(value.index()), Some(Some(_))) {
                return Err(token.error(format!("{value} is not defined")));
            }
        }
        for (block, token) in &self.targets {
            if !self.defined[block.index()] {
                return Err(token.error(format!("{block} is not defined")));
            }
        }
        for (block, params) in self.params {
            self.func.set_params_only(block, params);
        }
        for line in self.lines {
            let first = line.results.first().map_or(Value(0), |value| *value);
            let count = line.results.len() as u32;
            let inst = self
                .func
                .new_inst_with_results(line.data, line.location, first, count);
            self.func.append(line.block, inst);
            if !line.tags.is_empty() {
                self.func.set_handlers(inst, line.tags);
            }
        }
        // Numbers that the text leaves out belong to an instruction in no block.
        let unused = InstData::Const {
            ty: Type::I32,
            bits: 0,
        };
        let unused = self.func.new_inst_with_results(unused, 0, Value(0), 0);
        let hole = (Type::I32, ValueDef::Result(unused, 0));
        let values = self.values.into_iter().map(|value| value.unwrap_or(hole));
        self.func.set_values(values.collect());
        self.func.set_layout(layout);
        Ok(self.func)
    }
}

fn number_of(word: &str, sigil: &str) -> Option<u32> {
    let digits = word.strip_prefix(sigil)?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}
