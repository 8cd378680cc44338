//! From trees to the intermediate representation.

use crate::parse::{Expression, Function, Program, Statement};
use std::collections::HashMap;
use tierra_ir::builder::State;
use tierra_ir::{
    BinaryOp, Builder, CallConv, Callee, CompareOp, Effects, InstData, Signature, Symbol, Type,
    UnaryOp, Value, Variable,
};

type Result<T> = std::result::Result<T, String>;

fn signature(params: usize) -> Signature {
    Signature {
        params: vec![Type::I64; params],
        results: vec![Type::I64],
        conv: CallConv::C,
    }
}

/// Translates a function.
pub fn function(program: &Program, function: &Function) -> Result<tierra_ir::Function> {
    let mut ir = tierra_ir::Function::new(&*function.name, signature(function.params.len()));
    let mut state = State::default();
    let mut translator = Translator {
        program,
        builder: Builder::new(&mut ir, &mut state),
        variables: HashMap::new(),
    };
    let entry = translator.builder.block();
    let params: Vec<Value> = function
        .params
        .iter()
        .map(|_| translator.builder.func.append_param(entry, Type::I64))
        .collect();
    translator.builder.switch_to(entry);
    // Nothing jumps to the entry.
    translator.builder.seal(entry);
    for (name, value) in function.params.iter().zip(params) {
        translator.assign(name, value);
    }
    translator.block(&function.body)?;
    if translator.builder.current().is_some() {
        return Err(format!("`{}` can end without `return`", function.name));
    }
    translator.builder.finish();
    Ok(ir)
}

struct Translator<'a> {
    program: &'a Program,
    builder: Builder<'a>,
    /// Builder makes SSA values of these, and block parameters where they join.
    variables: HashMap<String, Variable>,
}

impl Translator<'_> {
    fn assign(&mut self, name: &str, value: Value) {
        let builder = &mut self.builder;
        let variable = match self.variables.get(name) {
            Some(variable) => *variable,
            None => {
                let variable = builder.variable(Type::I64);
                self.variables.insert(name.into(), variable);
                variable
            }
        };
        builder.set(variable, value);
    }

    /// Statements behind a `return` are not translated.
    fn block(&mut self, statements: &[Statement]) -> Result<()> {
        for statement in statements {
            if self.builder.current().is_none() {
                break;
            }
            self.statement(statement)?;
        }
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<()> {
        match statement {
            Statement::Assign(name, value) => {
                let value = self.expression(value)?;
                self.assign(name, value);
            }
            Statement::Return(value) => {
                let value = self.expression(value)?;
                let values = self.builder.func.list(&[value]);
                self.builder.push(InstData::Return(values));
            }
            Statement::If(condition, body) => {
                let (then, after) = (self.builder.block(), self.builder.block());
                let condition = self.condition(condition)?;
                self.builder.branch(condition, (then, &[]), (after, &[]));
                self.body(then, body, after)?;
                self.builder.seal(after);
                self.builder.switch_to(after);
            }
            Statement::While(condition, body) => {
                let [header, inside, after] = [(); 3].map(|()| self.builder.block());
                self.builder.jump(header, &[]);
                // The body jumps there too: the header is sealed behind it.
                self.builder.switch_to(header);
                let condition = self.condition(condition)?;
                self.builder.branch(condition, (inside, &[]), (after, &[]));
                self.body(inside, body, header)?;
                self.builder.seal(header);
                self.builder.seal(after);
                self.builder.switch_to(after);
            }
        }
        Ok(())
    }

    fn body(
        &mut self,
        block: tierra_ir::Block,
        statements: &[Statement],
        next: tierra_ir::Block,
    ) -> Result<()> {
        self.builder.seal(block);
        self.builder.switch_to(block);
        self.block(statements)?;
        if self.builder.current().is_some() {
            self.builder.jump(next, &[]);
        }
        Ok(())
    }

    /// As an `i32`: what a branch asks for.
    fn condition(&mut self, condition: &Expression) -> Result<Value> {
        if let Expression::Binary('<', left, right) = condition {
            return self.less(left, right);
        }
        let value = self.expression(condition)?;
        let zero = self.number(0);
        Ok(self.builder.value(InstData::Compare {
            op: CompareOp::I64Ne,
            args: [value, zero],
        }))
    }

    fn less(&mut self, left: &Expression, right: &Expression) -> Result<Value> {
        let args = [self.expression(left)?, self.expression(right)?];
        let op = CompareOp::I64LtS;
        Ok(self.builder.value(InstData::Compare { op, args }))
    }

    fn number(&mut self, number: i64) -> Value {
        self.builder.value(InstData::Const {
            ty: Type::I64,
            bits: number.cast_unsigned(),
        })
    }

    fn expression(&mut self, expression: &Expression) -> Result<Value> {
        match expression {
            Expression::Number(number) => Ok(self.number(*number)),
            Expression::Variable(name) => {
                let variable = self.variables.get(name);
                let variable = variable.ok_or_else(|| format!("`{name}` has no value"))?;
                Ok(self.builder.get(*variable))
            }
            Expression::Binary('<', left, right) => {
                let arg = self.less(left, right)?;
                let op = UnaryOp::I64ExtendI32U;
                Ok(self.builder.value(InstData::Unary { op, arg }))
            }
            Expression::Binary(operator, left, right) => {
                let args = [self.expression(left)?, self.expression(right)?];
                let op = match operator {
                    '+' => BinaryOp::I64Add,
                    '-' => BinaryOp::I64Sub,
                    '*' => BinaryOp::I64Mul,
                    '/' => BinaryOp::I64DivS,
                    _ => BinaryOp::I64RemS,
                };
                Ok(self.builder.value(InstData::Binary { op, args }))
            }
            Expression::Call(name, args) => self.call(name, args),
        }
    }

    fn call(&mut self, name: &str, args: &[Expression]) -> Result<Value> {
        let index = self.program.find(name);
        let index = index.ok_or_else(|| format!("there is no function `{name}`"))?;
        let wanted = self.program.functions[index].params.len();
        if args.len() != wanted {
            return Err(format!("`{name}` takes {wanted} values"));
        }
        let values: Vec<Value> = args
            .iter()
            .map(|arg| self.expression(arg))
            .collect::<Result<_>>()?;
        let sig = self.builder.func.new_signature(signature(wanted));
        let args = self.builder.func.list(&values);
        Ok(self.builder.value(InstData::Call {
            sig,
            effects: Effects::All,
            callee: Callee::Symbol(Symbol::from_index(index)),
            args,
        }))
    }
}
