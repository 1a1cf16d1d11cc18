//! Control flow: decided here where it is known, kept where it depends on a measurement or input.

use super::scope::{Symbol, Term};
use super::{Flow, Lost, Lowered, Lowering, integer};
use crate::circuit::classical::{Binary, Node, Type, Value};
use crate::circuit::{Block, BlockId, Op};
use crate::diagnostic::Span;
use crate::limits;
use crate::qasm::ast::{Expr, ExprKind, Name, Over, Stmt, StmtKind};

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

    /// A body that ends by leaving a loop says so in its block.
    fn leave_by(&mut self, flow: Flow, block: BlockId, span: Span) -> Lowered<()> {
        let op = match flow {
            Flow::Next | Flow::End => return Ok(()),
            Flow::Break => Op::Break,
            Flow::Continue => Op::Continue,
            Flow::Return(_) => {
                let help = "return after the condition, from a variable that it sets";
                return self.error("SB5038", span, "a return cannot depend on a measurement", help);
            }
        };
        if self.kept_loops == 0 {
            let help = "write the loop as `while` with a condition on the measured bit";
            return self.error(
                "SB5038",
                span,
                "this loop is unrolled, so leaving it cannot depend on a measurement",
                help,
            );
        }
        if let Some(block) = self.circuit.blocks.get_mut(block.0 as usize) {
            block.push(op, span);
        }
        Ok(())
    }

    /// Variables that these statements set become variables of the shot, with their value so far.
    fn release(&mut self, statements: &[Stmt]) {
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
    fn forget(&mut self, statements: &[Stmt]) {
        for name in assigned(statements) {
            if let Some(Symbol::Bits { list, .. }) = self.scopes.find(&name).map(|e| e.symbol.clone()) {
                list.iter().for_each(|&b| self.bits[b as usize] = None);
            }
        }
    }

    pub(super) fn while_loop(&mut self, condition: &Expr, body: &[Stmt], span: Span) -> Lowered<Flow> {
        // A loop that may be left from inside is kept whole: its first rounds cannot be told apart.
        if !(leaves(body) && measures(body)) {
            loop {
                match self.value(condition)? {
                    Term::Known(value) if !value.truth() => return Ok(Flow::Next),
                    Term::Known(_) => {}
                    Term::Expr(_) => break,
                }
                self.step(span)?;
                match self.block(body) {
                    Flow::Next | Flow::Continue => {}
                    Flow::Break => return Ok(Flow::Next),
                    flow => return Ok(flow),
                }
                if self.over {
                    return Err(Lost);
                }
            }
        }
        self.release(body);
        let value = self.value(condition)?;
        let condition = self.expr_id(value);
        self.kept_loops += 1;
        let (body_id, _flow) = self.conditional_block(body);
        self.kept_loops -= 1;
        self.forget(body);
        self.push(Op::While { condition, body: body_id }, span);
        Ok(Flow::Next)
    }

    pub(super) fn for_loop(&mut self, name: &Name, over: &Over, body: &[Stmt], span: Span) -> Lowered<Flow> {
        let values = self.loop_values(over, span)?;
        for value in values {
            self.step(span)?;
            if self.over {
                return Err(Lost);
            }
            self.scopes.open();
            let symbol = Symbol::Known { ty: Type::Int(64), value, constant: false };
            let declared = self.scopes.declare(&name.text, symbol, name.span);
            debug_assert!(declared.is_ok(), "the scope is new");
            let flow = self.block(body);
            self.scopes.close();
            match flow {
                Flow::Next | Flow::Continue => {}
                Flow::Break => return Ok(Flow::Next),
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
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
                let rounds = (i128::from(end) - i128::from(start)).div_euclid(i128::from(step)) + 1;
                if rounds > i128::from(limits::LOOP_STEPS) {
                    return self.limit(span, "rounds of loops", limits::LOOP_STEPS);
                }
                Ok((0..rounds.max(0) as i64).map(|k| Value::Int(start + k * step)).collect())
            }
            Over::Value(expr) => {
                let ExprKind::Name(name) = &expr.kind else { return self.unknown_loop(expr.span) };
                match self.find(name, expr.span)?.symbol {
                    Symbol::Array { values, .. } => Ok(values),
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
        for (labels, body) in cases {
            let mut any = Term::Known(Value::Bool(false));
            for label in labels {
                let label_value = self.value(label)?;
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

/// Names that statements set, bodies included.
fn assigned(statements: &[Stmt]) -> Vec<String> {
    fn base(expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Index(of, _) => base(of),
            _ => None,
        }
    }
    fn walk(statements: &[Stmt], out: &mut Vec<String>) {
        for statement in statements {
            match &statement.kind {
                StmtKind::Assign { target, .. } => out.extend(base(target)),
                StmtKind::Measure { target: Some(target), .. } => out.extend(base(target)),
                _ => {}
            }
            bodies(statement).into_iter().for_each(|body| walk(body, out));
        }
    }
    let mut out = Vec::new();
    walk(statements, &mut out);
    out.sort();
    out.dedup();
    out
}

fn bodies(statement: &Stmt) -> Vec<&[Stmt]> {
    match &statement.kind {
        StmtKind::If(_, a, b) => vec![a, b],
        StmtKind::For(.., body)
        | StmtKind::While(_, body)
        | StmtKind::Box(_, body)
        | StmtKind::Scope(body) => vec![body],
        StmtKind::Switch(_, cases, default) => {
            cases.iter().map(|(_, body)| body.as_slice()).chain(default.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a loop's body may leave it early.
fn leaves(body: &[Stmt]) -> bool {
    body.iter().any(|s| match &s.kind {
        StmtKind::Break | StmtKind::Continue => true,
        // An inner loop is left by its own.
        StmtKind::For(..) | StmtKind::While(..) => false,
        _ => bodies(s).into_iter().any(leaves),
    })
}

fn measures(body: &[Stmt]) -> bool {
    body.iter().any(|s| match &s.kind {
        StmtKind::Measure { .. } => true,
        StmtKind::Declare { value: Some(value), .. } | StmtKind::Assign { value, .. } => {
            matches!(value.kind, ExprKind::Measure(_) | ExprKind::Call(..))
        }
        StmtKind::Value(_) => true,
        _ => bodies(s).into_iter().any(measures),
    })
}
