//! Leaving early: loops and subroutines whose `break`, `continue` or `return` waits for a measurement.
//!
//! A circuit knows one way to leave, [`Op::Break`] and [`Op::Continue`] of a loop. So a body that is
//! written out but may be left early becomes a loop that runs once and ends with a break.

use super::scope::{Symbol, Term};
use super::{Flow, Lost, Lowered, Lowering};
use crate::circuit::classical::{ExprId, Node, Type, Value};
use crate::circuit::{Block, BlockId, Op};
use crate::diagnostic::Span;
use crate::qasm::ast::{Expr, ExprKind, Index, Stmt, StmtKind};

/// What leaving means in the innermost loop around us.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exit {
    /// Written out: only what is known now can leave it.
    Unrolled,
    /// A loop of the circuit.
    Kept,
    /// One round of a loop that is written out, as a loop that runs once; `break` sets this flag.
    Round(u32),
}

/// Where a `return` that waits for a measurement goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Return {
    /// The variable that takes the value, with its type.
    pub slot: Option<(Type, u32)>,
    /// Loops around the body; further ones are left one by one, each asking the flag.
    pub depth: usize,
    /// Set by a return inside a loop of the body.
    pub flag: Option<u32>,
}

impl Lowering<'_> {
    /// A block that ends by leaving says so.
    pub(super) fn leave_by(&mut self, flow: Flow, block: BlockId, span: Span) -> Lowered<()> {
        let mut ops = Vec::new();
        match flow {
            Flow::Next | Flow::End => return Ok(()),
            Flow::Break | Flow::Continue => match self.exits.last() {
                Some(Exit::Kept) => ops.push(if flow == Flow::Break { Op::Break } else { Op::Continue }),
                Some(&Exit::Round(flag)) => {
                    if flow == Flow::Break {
                        let value = self.circuit.exprs.push(Node::Const(Value::Bool(true)));
                        ops.push(assign(flag, value));
                    }
                    ops.push(Op::Break);
                }
                Some(Exit::Unrolled) | None => {
                    let help = "write the loop as `while` with a condition on the measured bit";
                    let message = "leaving this loop cannot depend on a measurement or a free input";
                    return self.error("SB5038", span, message, help);
                }
            },
            Flow::Return(value) => {
                let to = self.returns.last().copied();
                let inner = self.exits.len() > to.map_or(0, |to| to.depth);
                let (Some(to), Ok(more)) = (to, if inner { self.out_of_loop() } else { Ok(Vec::new()) })
                else {
                    let help = "return after the loop, from a variable that it sets";
                    let message = "a return out of this loop cannot depend on a measurement";
                    return self.error("SB5038", span, message, help);
                };
                if let (Some((ty, slot)), Some(value)) = (to.slot, value) {
                    let value = self.fold_cast(ty, value, span)?;
                    ops.push(assign(slot, self.expr_id(value)));
                }
                ops.extend(more);
                ops.push(Op::Break);
            }
        }
        if let Some(block) = self.circuit.blocks.get_mut(block.0 as usize) {
            ops.into_iter().for_each(|op| block.push(op, span));
        }
        Ok(())
    }

    /// What a return inside a loop sets before it breaks: the loops around must know.
    fn out_of_loop(&mut self) -> Result<Vec<Op>, Lost> {
        let flag = self.returns.last().and_then(|to| to.flag).ok_or(Lost)?;
        let yes = self.circuit.exprs.push(Node::Const(Value::Bool(true)));
        match self.exits.last() {
            Some(Exit::Kept) => Ok(vec![assign(flag, yes)]),
            Some(&Exit::Round(round)) => Ok(vec![assign(flag, yes), assign(round, yes)]),
            Some(Exit::Unrolled) | None => Err(Lost),
        }
    }

    /// After a loop that a return may have left: leaves what is around it as well.
    pub(super) fn pass_return(&mut self, body: &[Stmt], span: Span) -> Lowered<()> {
        let Some(Return { flag: Some(flag), depth, .. }) = self.returns.last().copied() else {
            return Ok(());
        };
        if !holds(body, leaves_body) {
            return Ok(());
        }
        let mut block = Block::default();
        if self.exits.len() > depth {
            match self.exits.last() {
                Some(&Exit::Round(round)) => {
                    let yes = self.circuit.exprs.push(Node::Const(Value::Bool(true)));
                    block.push(assign(round, yes), span);
                }
                Some(Exit::Kept) => {}
                Some(Exit::Unrolled) | None => {
                    let help = "return after the loop, from a variable that it sets";
                    let message = "a return out of this loop cannot depend on a measurement";
                    return self.error("SB5038", span, message, help);
                }
            }
        }
        block.push(Op::Break, span);
        self.circuit.blocks.push(block);
        let then = BlockId(self.circuit.blocks.len() as u32 - 1);
        let condition = self.circuit.exprs.push(Node::Var(flag));
        self.push(Op::If { condition, then, otherwise: None }, span);
        Ok(())
    }

    /// Whether a loop of the subroutine around us may be left by a return that waits for a measurement.
    pub(super) fn returns_late(&mut self, body: &[Stmt]) -> bool {
        self.returns.last().is_some_and(|to| to.flag.is_some()) && self.leaves_late(body, leaves_body)
    }

    /// A loop that runs once, so that what is inside can be left by a break.
    fn once(&mut self, body: BlockId, span: Span) {
        if let Some(block) = self.circuit.blocks.get_mut(body.0 as usize) {
            block.push(Op::Break, span);
        }
        let condition = self.circuit.exprs.push(Node::Const(Value::Bool(true)));
        self.push(Op::While { condition, body }, span);
    }

    /// One round of a loop that is written out and may be left early.
    pub(super) fn round(&mut self, body: &[Stmt], flag: u32, span: Span) -> Lowered<Flow> {
        self.exits.push(Exit::Round(flag));
        let (id, flow) = self.conditional_block(body);
        let left = if flow == Flow::End { Ok(()) } else { self.leave_by(flow, id, span) };
        self.exits.pop();
        left?;
        self.once(id, span);
        Ok(if flow == Flow::End { Flow::End } else { Flow::Next })
    }

    /// All rounds in one loop that runs once: between rounds the flag is asked.
    pub(super) fn rounds(
        &mut self,
        values: &[Value],
        span: Span,
        round: &mut dyn FnMut(&mut Self, Value, u32) -> Lowered<Flow>,
    ) -> Lowered<Flow> {
        let flag = self.new_var(Type::Bool);
        let no = self.circuit.exprs.push(Node::Const(Value::Bool(false)));
        self.set_var(flag, no, span);
        self.blocks.push(Block::default());
        self.conditional += 1;
        let (mut done, wrong) = (Ok(Flow::Next), self.wrong);
        for (k, &value) in values.iter().enumerate() {
            done = round(self, value, flag);
            if self.over || self.wrong > wrong || !matches!(done, Ok(Flow::Next)) {
                break;
            }
            if k + 1 < values.len() {
                let mut block = Block::default();
                block.push(Op::Break, span);
                self.circuit.blocks.push(block);
                let then = BlockId(self.circuit.blocks.len() as u32 - 1);
                let condition = self.circuit.exprs.push(Node::Var(flag));
                self.push(Op::If { condition, then, otherwise: None }, span);
            }
        }
        self.conditional -= 1;
        let block = self.blocks.pop().unwrap_or_default();
        self.circuit.blocks.push(block);
        self.once(BlockId(self.circuit.blocks.len() as u32 - 1), span);
        done
    }

    /// The body of a subroutine that may return before its end: what it returns is in a variable.
    pub(super) fn early_body(&mut self, body: &[Stmt], ty: Option<Type>, span: Span) -> Lowered<Flow> {
        let slot = ty.map(|ty| (ty, self.new_var(ty)));
        if let Some((ty, slot)) = slot {
            let zero = self.circuit.exprs.push(Node::Const(super::declare::zero(ty)));
            self.set_var(slot, zero, span);
        }
        let flag = returns_in_loop(body).then(|| self.new_var(Type::Bool));
        if let Some(flag) = flag {
            let no = self.circuit.exprs.push(Node::Const(Value::Bool(false)));
            self.set_var(flag, no, span);
        }
        self.release(body);
        self.returns.push(Return { slot, depth: self.exits.len(), flag });
        self.blocks.push(Block::default());
        self.conditional += 1;
        let flow = self.statements(body);
        self.conditional -= 1;
        let block = self.blocks.pop().unwrap_or_default();
        self.circuit.blocks.push(block);
        let id = BlockId(self.circuit.blocks.len() as u32 - 1);
        let left = self.leave_by(flow, id, span);
        self.returns.pop();
        left?;
        self.once(id, span);
        self.forget(body);
        let value = slot.map(|(_, slot)| Term::Expr(self.circuit.exprs.push(Node::Var(slot))));
        Ok(Flow::Return(value))
    }

    /// Whether a body may be left early by something that is known only at run time.
    pub(super) fn leaves_late(&mut self, body: &[Stmt], what: fn(&StmtKind) -> bool) -> bool {
        inner_leaves(body, what) && (measures(body) || self.asks_the_unknown(body))
    }

    /// Whether a condition in a body names what is not known now.
    fn asks_the_unknown(&mut self, body: &[Stmt]) -> bool {
        body.iter().any(|s| {
            let asked = match &s.kind {
                StmtKind::If(condition, ..) | StmtKind::While(condition, _) => Some(condition),
                StmtKind::Switch(value, ..) => Some(value),
                _ => None,
            };
            asked.is_some_and(|e| self.names_the_unknown(e))
                || bodies(s).into_iter().any(|b| self.asks_the_unknown(b))
        })
    }

    fn names_the_unknown(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => match self.scopes.find(name).map(|e| &e.symbol) {
                Some(Symbol::Bits { list, .. }) => list.iter().any(|&b| self.bits[b as usize].is_none()),
                Some(Symbol::Var { .. } | Symbol::Bound(Term::Expr(_))) => true,
                _ => false,
            },
            ExprKind::Index(of, indices) => {
                self.names_the_unknown(of)
                    || indices.iter().any(|i| matches!(i, Index::One(e) if self.names_the_unknown(e)))
            }
            ExprKind::Unary(_, of) | ExprKind::Cast(_, of) => self.names_the_unknown(of),
            ExprKind::Binary(_, a, b) => self.names_the_unknown(a) || self.names_the_unknown(b),
            ExprKind::Call(_, arguments) => arguments.iter().any(|a| self.names_the_unknown(a)),
            ExprKind::Measure(_) => true,
            _ => false,
        }
    }
}

fn assign(slot: u32, value: ExprId) -> Op {
    Op::Assign { place: crate::circuit::classical::Place::Var(slot), value }
}

/// Whether a statement leaves the loop it is in.
pub(super) fn leaves_loop(kind: &StmtKind) -> bool {
    matches!(kind, StmtKind::Break | StmtKind::Continue)
}

/// Whether a statement leaves the subroutine it is in.
pub(super) fn leaves_body(kind: &StmtKind) -> bool {
    matches!(kind, StmtKind::Return(_))
}

/// Whether a body is left from inside a branch.
fn inner_leaves(body: &[Stmt], what: fn(&StmtKind) -> bool) -> bool {
    fn any(body: &[Stmt], what: fn(&StmtKind) -> bool) -> bool {
        body.iter().any(|s| what(&s.kind) || inner(s, what))
    }
    fn inner(statement: &Stmt, what: fn(&StmtKind) -> bool) -> bool {
        match &statement.kind {
            // An inner loop is left by its own.
            StmtKind::For(..) | StmtKind::While(..) if what(&StmtKind::Break) => false,
            _ => bodies(statement).into_iter().any(|b| any(b, what)),
        }
    }
    body.iter().any(|s| inner(s, what))
}

/// Whether statements hold one of a kind, bodies included.
fn holds(body: &[Stmt], what: fn(&StmtKind) -> bool) -> bool {
    body.iter().any(|s| what(&s.kind) || bodies(s).into_iter().any(|b| holds(b, what)))
}

/// Whether a loop among statements holds a return.
fn returns_in_loop(body: &[Stmt]) -> bool {
    body.iter().any(|s| match &s.kind {
        StmtKind::For(.., body) | StmtKind::While(_, body) => holds(body, leaves_body),
        _ => bodies(s).into_iter().any(returns_in_loop),
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

/// Names that statements set, bodies included.
pub(super) fn assigned(statements: &[Stmt]) -> Vec<String> {
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

/// The bodies of a statement.
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
