//! From text to trees.

/// A program.
pub struct Program {
    /// Its functions.
    pub functions: Vec<Function>,
}

impl Program {
    /// The place of a function.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.functions.iter().position(|f| f.name == name)
    }
}

/// A function.
pub struct Function {
    /// Its name.
    pub name: String,
    /// The names of its parameters.
    pub params: Vec<String>,
    /// What it does.
    pub body: Vec<Statement>,
}

/// A statement.
pub enum Statement {
    /// `name = value;`
    Assign(String, Expression),
    /// `if condition { … }`
    If(Expression, Vec<Statement>),
    /// `while condition { … }`
    While(Expression, Vec<Statement>),
    /// `return value;`
    Return(Expression),
}

/// An expression.
pub enum Expression {
    /// A number.
    Number(i64),
    /// The value of a variable.
    Variable(String),
    /// `left operator right`
    Binary(char, Box<Expression>, Box<Expression>),
    /// `name(arguments)`
    Call(String, Vec<Expression>),
}

/// How deep blocks and parentheses may nest.
const DEPTH: u32 = 200;

struct Parser<'a> {
    tokens: Vec<&'a str>,
    next: usize,
    depth: u32,
}

type Result<T> = std::result::Result<T, String>;

/// Parses a program.
pub fn program(text: &str) -> Result<Program> {
    let mut parser = Parser {
        tokens: tokens(text),
        next: 0,
        depth: 0,
    };
    let mut functions = Vec::new();
    while parser.peek().is_some() {
        functions.push(parser.function()?);
    }
    Ok(Program { functions })
}

/// Words, numbers, and everything else by single characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, tail) = rest.split_at(end);
        tokens.push(token);
        rest = tail.trim_start();
    }
    tokens
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Result<&'a str> {
        let token = self.peek().ok_or("the program ends too early")?;
        self.next += 1;
        Ok(token)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        match self.take()? {
            found if found == token => Ok(()),
            found => Err(format!("expected `{token}`, found `{found}`")),
        }
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        self.expect("(")?;
        while !self.accept(")") {
            items.push(item(self)?);
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(items)
    }

    fn function(&mut self) -> Result<Function> {
        self.expect("fn")?;
        Ok(Function {
            name: self.take()?.into(),
            params: self.list(|p| Ok(p.take()?.into()))?,
            body: self.block()?,
        })
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEPTH {
            return Err(format!("nesting is deeper than {DEPTH}"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn block(&mut self) -> Result<Vec<Statement>> {
        self.nested(|p| {
            let mut statements = Vec::new();
            p.expect("{")?;
            while !p.accept("}") {
                statements.push(p.statement()?);
            }
            Ok(statements)
        })
    }

    fn statement(&mut self) -> Result<Statement> {
        if self.accept("if") {
            return Ok(Statement::If(self.comparison()?, self.block()?));
        }
        if self.accept("while") {
            return Ok(Statement::While(self.comparison()?, self.block()?));
        }
        let statement = if self.accept("return") {
            Statement::Return(self.comparison()?)
        } else {
            let name = self.take()?.into();
            self.expect("=")?;
            Statement::Assign(name, self.comparison()?)
        };
        self.expect(";")?;
        Ok(statement)
    }

    fn binary(
        &mut self,
        operators: &[&str],
        operand: fn(&mut Self) -> Result<Expression>,
    ) -> Result<Expression> {
        let mut left = operand(self)?;
        while let Some(token) = self.peek().filter(|token| operators.contains(token)) {
            self.next += 1;
            let operator = token.chars().next().expect("tokens have characters");
            left = Expression::Binary(operator, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expression> {
        self.nested(|p| p.binary(&["<"], |p| p.binary(&["+", "-"], Self::product)))
    }

    fn product(&mut self) -> Result<Expression> {
        self.binary(&["*", "/", "%"], Self::atom)
    }

    fn atom(&mut self) -> Result<Expression> {
        let token = self.take()?;
        if token == "(" {
            let inner = self.comparison()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            let number = token.parse().map_err(|e| format!("`{token}`: {e}"))?;
            return Ok(Expression::Number(number));
        }
        if self.peek() == Some("(") {
            return Ok(Expression::Call(token.into(), self.list(Self::comparison)?));
        }
        Ok(Expression::Variable(token.into()))
    }
}
