//! Control flow: decided here where it is known, kept where it depends on a measurement or input.

use std::collections::BTreeMap;

use super::leave::{Exit, assigned, leaves_loop};
use super::scope::{Symbol, Term};
use super::{Flow, Lost, Lowered, Lowering, integer};
use crate::circuit::classical::{Binary, Node, Type, Value};
use crate::circuit::{Block, BlockId, Op};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::ast::{Expr, ExprKind, Name, Over, Stmt};

/// The labels of a case with their values, and its body.
type Case<'a> = (Vec<(&'a Expr, Term)>, &'a [Stmt]);

impl Lowering<'_> {
    pub(super) fn branch(
        &mut self,
        condition: &Expr,
        then: &[Stmt],
        otherwise: &[Stmt],
        span: Span,
    ) -> Lowered<Flow> {
        let condition = self.value(condition)?;
        match condition {
            Term::Known(value) => Ok(self.block(if value.truth() { then } else { otherwise })),
            Term::Expr(_) => {
                let id = self.expr_id(condition);
                self.release(then);
                self.release(otherwise);
                let (then_id, a) = self.conditional_block(then);
                self.leave_by(a, then_id, span)?;
                let otherwise_id = if otherwise.is_empty() {
                    None
                } else {
                    let (id, b) = self.conditional_block(otherwise);
                    self.leave_by(b, id, span)?;
                    Some(id)
                };
                self.forget(then);
                self.forget(otherwise);
                self.push(Op::If { condition: id, then: then_id, otherwise: otherwise_id }, span);
                Ok(Flow::Next)
            }
        }
    }

    /// Variables that these statements set become variables of the shot, with their value so far.
    pub(super) fn release(&mut self, statements: &[Stmt]) {
        for name in assigned(statements) {
            match self.scopes.find(&name).map(|e| (e.symbol.clone(), e.span)) {
                Some((Symbol::Known { ty, value, constant: false }, span)) => {
                    let slot = self.new_var(ty);
                    let id = self.circuit.exprs.push(Node::Const(value));
                    self.set_var(slot, id, span);
                    if let Some(entry) = self.scopes.find_mut(&name) {
                        entry.symbol = Symbol::Var { ty, slot };
                    }
                }
                Some((Symbol::Bits { list, .. }, _)) => {
                    list.iter().for_each(|&b| self.bits[b as usize] = None)
                }
                _ => {}
            }
        }
    }

    /// What was set in a body that may not have run is not known after it.
    pub(super) fn forget(&mut self, statements: &[Stmt]) {
        for name in assigned(statements) {
            if let Some(Symbol::Bits { list, .. }) = self.scopes.find(&name).map(|e| e.symbol.clone()) {
                list.iter().for_each(|&b| self.bits[b as usize] = None);
            }
        }
    }

    pub(super) fn while_loop(&mut self, condition: &Expr, body: &[Stmt], span: Span) -> Lowered<Flow> {
        // A loop that may be left from inside is kept whole: its first rounds cannot be told apart.
        if !self.leaves_late(body, leaves_loop) && !self.returns_late(body) {
            loop {
                match self.value(condition)? {
                    Term::Known(value) if !value.truth() => return Ok(Flow::Next),
                    Term::Known(_) => {}
                    Term::Expr(_) => break,
                }
                self.step(span)?;
                let (wrong, flow) = (self.wrong, self.unrolled(body));
                match flow {
                    Flow::Next | Flow::Continue => {}
                    Flow::Break => return Ok(Flow::Next),
                    flow => return Ok(flow),
                }
                if self.over {
                    return Err(Lost);
                }
                if self.wrong > wrong {
                    return Ok(Flow::Next);
                }
            }
        }
        self.release(body);
        let value = self.value(condition)?;
        let condition = self.expr_id(value);
        self.exits.push(Exit::Kept);
        let (body_id, flow) = self.conditional_block(body);
        let left = self.leave_by(flow, body_id, span);
        self.exits.pop();
        left?;
        self.forget(body);
        self.push(Op::While { condition, body: body_id }, span);
        self.pass_return(body, span)?;
        Ok(Flow::Next)
    }

    pub(super) fn for_loop(&mut self, name: &Name, over: &Over, body: &[Stmt], span: Span) -> Lowered<Flow> {
        let values = self.loop_values(over, span)?;
        if self.leaves_late(body, leaves_loop) || self.returns_late(body) {
            self.release(body);
            let done = self.rounds(&values, span, &mut |this, value, flag| {
                this.step(span)?;
                this.open_round(name, value);
                let flow = this.round(body, flag, span);
                this.scopes.close();
                flow
            });
            self.forget(body);
            self.pass_return(body, span)?;
            return done;
        }
        for value in values {
            self.step(span)?;
            if self.over {
                return Err(Lost);
            }
            self.open_round(name, value);
            let (wrong, flow) = (self.wrong, self.unrolled(body));
            self.scopes.close();
            match flow {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                flow => return Ok(flow),
            }
            if self.wrong > wrong {
                break;
            }
        }
        Ok(Flow::Next)
    }

    /// One round of a loop that is unrolled. The caller ends it after one that is wrong: a million more
    /// would say the same.
    fn unrolled(&mut self, body: &[Stmt]) -> Flow {
        self.exits.push(Exit::Unrolled);
        let flow = self.block(body);
        self.exits.pop();
        flow
    }

    /// The scope of one round, in which its name has its value.
    fn open_round(&mut self, name: &Name, value: Value) {
        self.scopes.open();
        let symbol = Symbol::Known { ty: Type::Int(64), value, constant: false };
        let declared = self.scopes.declare(&name.text, symbol, name.span);
        debug_assert!(declared.is_ok(), "the scope is new");
    }

    fn loop_values(&mut self, over: &Over, span: Span) -> Lowered<Vec<Value>> {
        match over {
            Over::Set(items) => {
                let mut out = Vec::new();
                for item in items {
                    match self.value(item)? {
                        Term::Known(value) => out.push(value),
                        Term::Expr(_) => return self.unknown_loop(item.span),
                    }
                }
                Ok(out)
            }
            Over::Range(start, step, end) => {
                let mut part = |e: &Option<Expr>, default: i64| match e {
                    None => Ok(default),
                    Some(e) => {
                        let value = self.value(e)?;
                        integer(value).map_or_else(|| self.unknown_loop(e.span), Ok)
                    }
                };
                let (start, step, end) = (part(start, 0)?, part(step, 1)?, part(end, 0)?);
                if step == 0 {
                    return self.error("SB5022", span, "a range cannot step by 0", "step by 1 or more");
                }
                let rounds = rounds(start.into(), step.into(), end.into());
                if rounds > i128::from(limits::LOOP_STEPS) {
                    return self.limit(span, "rounds of loops", limits::LOOP_STEPS);
                }
                // What overflows on the way comes back: the sum is between start and end.
                let at = |k: i64| start.wrapping_add(k.wrapping_mul(step));
                Ok((0..rounds.max(0) as i64).map(|k| Value::Int(at(k))).collect())
            }
            Over::Value(expr) => {
                let ExprKind::Name(name) = &expr.kind else { return self.unknown_loop(expr.span) };
                match self.find(name, expr.span)?.symbol {
                    Symbol::Array { values, .. } => Ok(values.to_vec()),
                    Symbol::Bits { list, .. } => {
                        let known: Option<Vec<bool>> = list.iter().map(|&b| self.bits[b as usize]).collect();
                        match known {
                            Some(bits) => Ok(bits.into_iter().map(Value::Bool).collect()),
                            None => self.unknown_loop(expr.span),
                        }
                    }
                    Symbol::Known { ty: Type::Bits(width), value: Value::Uint(n), .. } => {
                        Ok((0..width).map(|k| Value::Bool(n >> k & 1 == 1)).collect())
                    }
                    _ => self.unknown_loop(expr.span),
                }
            }
        }
    }

    fn unknown_loop<T>(&mut self, span: Span) -> Lowered<T> {
        self.error(
            "SB5033",
            span,
            "what a loop runs over must be known before the program runs",
            "use `while`",
        )
    }

    pub(super) fn switch(
        &mut self,
        value: &Expr,
        cases: &[(Vec<Expr>, Vec<Stmt>)],
        default: Option<&[Stmt]>,
        span: Span,
    ) -> Lowered<Flow> {
        let value = self.value(value)?;
        let mut chain: Vec<(Term, &[Stmt])> = Vec::new();
        for (labels, body) in self.cases(cases)? {
            let mut any = Term::Known(Value::Bool(false));
            for (label, label_value) in labels {
                let same = self.fold_binary(Binary::Same, value, label_value, label.span)?;
                any = self.fold_binary(Binary::Or, any, same, label.span)?;
            }
            match any {
                Term::Known(v) if v.truth() => {
                    if chain.is_empty() {
                        return Ok(self.block(body));
                    }
                    return self.chain(&chain, body, span);
                }
                Term::Known(_) => {}
                Term::Expr(_) => chain.push((any, body)),
            }
        }
        let default = default.unwrap_or(&[]);
        if chain.is_empty() { Ok(self.block(default)) } else { self.chain(&chain, default, span) }
    }

    /// The values of all labels, of which none may stand twice.
    fn cases<'a>(&mut self, cases: &'a [(Vec<Expr>, Vec<Stmt>)]) -> Lowered<Vec<Case<'a>>> {
        let mut seen: BTreeMap<i64, Span> = BTreeMap::new();
        let mut out = Vec::with_capacity(cases.len());
        for (labels, body) in cases {
            let mut values = Vec::with_capacity(labels.len());
            for label in labels {
                let value = self.value(label)?;
                if let Some(first) = integer(value).and_then(|n| seen.insert(n, label.span)) {
                    self.note(
                        Diagnostic::error("SB5020", label.span, "this value has a case already")
                            .with_label("never reached")
                            .with_related(first, "its first case")
                            .with_help("each value may stand in one case; remove one of the two"),
                    );
                }
                values.push((label, value));
            }
            out.push((values, &body[..]));
        }
        Ok(out)
    }

    /// `if … else if … else …` over conditions known at run time.
    fn chain(&mut self, chain: &[(Term, &[Stmt])], default: &[Stmt], span: Span) -> Lowered<Flow> {
        chain.iter().for_each(|(_, body)| self.release(body));
        self.release(default);
        let mut bodies = Vec::new();
        for (_, body) in chain {
            let (id, flow) = self.conditional_block(body);
            self.leave_by(flow, id, span)?;
            bodies.push(id);
        }
        let mut rest = if default.is_empty() {
            None
        } else {
            let (id, flow) = self.conditional_block(default);
            self.leave_by(flow, id, span)?;
            Some(id)
        };
        chain.iter().for_each(|(_, body)| self.forget(body));
        self.forget(default);
        for (i, (condition, _)) in chain.iter().enumerate().rev() {
            let condition = self.expr_id(*condition);
            let op = Op::If { condition, then: bodies[i], otherwise: rest };
            if i == 0 {
                self.push(op, span);
            } else {
                let mut block = Block::default();
                block.push(op, span);
                self.circuit.blocks.push(block);
                rest = Some(BlockId(self.circuit.blocks.len() as u32 - 1));
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn boxed(&mut self, body: &[Stmt], span: Span) -> Lowered<Flow> {
        let verbatim = self.box_is_verbatim;
        self.box_is_verbatim = false;
        self.blocks.push(Block::default());
        let flow = self.block(body);
        let block = self.blocks.pop().unwrap_or_default();
        self.circuit.blocks.push(block);
        let body = BlockId(self.circuit.blocks.len() as u32 - 1);
        self.push(Op::Box { body, verbatim }, span);
        Ok(flow)
    }
}

/// Elements of a range, of which the last may fall short of the end; below 1 there are none.
pub(crate) fn rounds(start: i128, step: i128, end: i128) -> i128 {
    ((end - start) * step.signum()).div_euclid(step.abs()) + 1
}
