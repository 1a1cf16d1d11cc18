//! Branches, loops and what leaves them.

use super::{Kind, Lost, Parsed, Parser};
use crate::qasm::ast::{Over, Stmt, StmtKind, TypeExpr, TypeKind};

impl Parser<'_> {
    pub(super) fn loop_body(&mut self) -> Parsed<Vec<Stmt>> {
        self.loops += 1;
        let body = self.body_or_one();
        self.loops -= 1;
        body
    }

    /// What leaves something stands in it; the statement is read in any case.
    pub(super) fn leaves(&mut self, inside: bool, what: &str, help: &str) {
        if !inside {
            let message = format!("`{}` stands in no {what}", self.word());
            self.error("SB5058", self.token.span, message, help);
        }
    }

    pub(super) fn body_or_one(&mut self) -> Parsed<Vec<Stmt>> {
        if self.is_sign("{") { self.body() } else { Ok(vec![self.statement()?]) }
    }

    pub(super) fn branch(&mut self) -> Parsed<StmtKind> {
        self.advance();
        self.expect("(")?;
        let condition = self.expr()?;
        self.expect(")")?;
        let then = self.body_or_one()?;
        let otherwise = if self.take_name("else") { self.body_or_one()? } else { Vec::new() };
        Ok(StmtKind::If(condition, then, otherwise))
    }

    /// A loop in the words of another language: told once, and its body passed over.
    fn foreign_loop(&mut self) -> Lost {
        let help = "write `for int i in [0:3] { … }`; both ends are included";
        self.error("SB5001", self.token.span, "a loop runs over a range or a set", help);
        self.advance();
        while !self.is_sign("{") && self.token.kind != Kind::End && !self.on_new_line() {
            self.advance();
        }
        if self.is_sign("{") {
            let _passed = self.body();
        }
        Lost
    }

    pub(super) fn for_loop(&mut self) -> Parsed<StmtKind> {
        let start = self.advance().span;
        if self.is_sign("(") {
            return Err(self.foreign_loop());
        }
        let ty = if self.type_kind().is_some() {
            self.type_expr()?
        } else {
            TypeExpr { kind: TypeKind::Int, width: None, dimensions: Vec::new(), span: start }
        };
        let name = self.new_name()?;
        if !self.take_name("in") {
            return Err(self.unexpected("`in`"));
        }
        let over = if self.is_sign("{") {
            Over::Set(self.braced()?)
        } else if self.take_sign("[") {
            let first = if self.is_sign(":") { None } else { Some(self.expr()?) };
            let (from, step, to) = self.range_rest(first)?;
            self.expect("]")?;
            Over::Range(from, step, to)
        } else {
            Over::Value(self.expr()?)
        };
        if self.is_sign(".") || self.is_sign(":") || self.token.kind == Kind::Float {
            return Err(self.foreign_loop());
        }
        Ok(StmtKind::For(ty, name, Box::new(over), self.loop_body()?))
    }

    pub(super) fn switch(&mut self) -> Parsed<StmtKind> {
        self.advance();
        self.expect("(")?;
        let value = self.expr()?;
        self.expect(")")?;
        self.expect("{")?;
        let (mut cases, mut default) = (Vec::new(), None);
        while !self.is_sign("}") {
            if self.take_name("default") {
                self.take_sign(":");
                default = Some(self.body()?);
                self.after_case()?;
            } else if self.take_name("case") {
                let mut values = self.list("{")?;
                // Labels of one body, each with its own `case`, as Qiskit wrote them before version 3.1.
                while self.take_sign(":") && self.take_name("case") {
                    values.extend(self.list("{")?);
                }
                cases.push((values, self.body()?));
                self.after_case()?;
            } else {
                return Err(self.unexpected("`case` or `default`"));
            }
        }
        self.advance();
        Ok(StmtKind::Switch(value, cases, default))
    }

    /// The `break;` that older Qiskit writes after a case; leaving the switch is what a case does anyway.
    fn after_case(&mut self) -> Parsed<()> {
        if self.take_name("break") {
            self.expect(";")?;
        }
        Ok(())
    }
}
