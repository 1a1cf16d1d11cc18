//! Operands: which qubits or bits an expression names.

use std::rc::Rc;

use super::scope::Symbol;
use super::{Lowered, Lowering, integer};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::ast::{BinaryOp, Expr, ExprKind, Index};

/// Some qubits or bits, and whether they stand for one operand each.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub list: Vec<u32>,
    /// A register, which a gate is broadcast over; one element is not.
    pub register: bool,
}

impl Lowering<'_> {
    /// The qubits that an operand names.
    pub(super) fn qubits(&mut self, expr: &Expr) -> Lowered<Operand> {
        match &expr.kind {
            ExprKind::Physical(label) => {
                let Some(&qubit) = self.physical.get(label) else {
                    return self.error(
                        "SB5021",
                        expr.span,
                        format!("there is no qubit ${label}"),
                        "use another",
                    );
                };
                Ok(Operand { list: vec![qubit], register: false })
            }
            ExprKind::Name(name) => match self.find(name, expr.span)?.symbol {
                Symbol::Qubits { list, lone } => Ok(Operand { list: list.to_vec(), register: !lone }),
                _ => self.not_qubits(name, expr.span),
            },
            ExprKind::Index(of, indices) => {
                let ExprKind::Name(name) = &of.kind else {
                    let inner = self.qubits(of)?;
                    let list = self.pick(&inner.list, false, "this", indices, expr.span)?;
                    return Ok(Operand { register: list.len() != 1 || is_many(indices), list });
                };
                match self.find(name, of.span)?.symbol {
                    Symbol::Qubits { list, lone } => {
                        let list = self.pick(&list, lone, name, indices, expr.span)?;
                        Ok(Operand { register: is_many(indices), list })
                    }
                    _ => self.not_qubits(name, of.span),
                }
            }
            ExprKind::Binary(BinaryOp::Join, a, b) => {
                let (mut a, b) = (self.qubits(a)?, self.qubits(b)?);
                if (a.list.len() + b.list.len()) as u64 > limits::QUBITS {
                    return self.limit(expr.span, "qubits under one name", limits::QUBITS);
                }
                a.list.extend(b.list);
                a.register = true;
                Ok(a)
            }
            // Qiskit writes an alias of single qubits in the form of a set.
            ExprKind::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(self.qubits(item)?.list);
                    if list.len() as u64 > limits::QUBITS {
                        return self.limit(expr.span, "qubits under one name", limits::QUBITS);
                    }
                }
                Ok(Operand { list, register: true })
            }
            _ => self.error(
                "SB5023",
                expr.span,
                "this is no qubit",
                "name a qubit or register, such as `q[0]`",
            ),
        }
    }

    fn not_qubits<T>(&mut self, name: &str, span: Span) -> Lowered<T> {
        self.error(
            "SB5023",
            span,
            format!("`{name}` is not qubits"),
            "name a qubit or register, such as `q[0]`",
        )
    }

    /// The stored bits that a target names.
    pub(super) fn stored_bits(&mut self, expr: &Expr) -> Lowered<Operand> {
        match &expr.kind {
            ExprKind::Name(name) => match self.find(name, expr.span)?.symbol {
                Symbol::Bits { list, lone } => Ok(Operand { list: list.to_vec(), register: !lone }),
                _ => self.error(
                    "SB5026",
                    expr.span,
                    format!("`{name}` is not bits"),
                    "measure into a `bit` register",
                ),
            },
            ExprKind::Index(of, indices) => {
                let ExprKind::Name(name) = &of.kind else {
                    return self.error(
                        "SB5026",
                        expr.span,
                        "this is no bit",
                        "measure into a `bit` register",
                    );
                };
                match self.find(name, of.span)?.symbol {
                    Symbol::Bits { list, lone } => {
                        let list = self.pick(&list, lone, name, indices, expr.span)?;
                        Ok(Operand { register: is_many(indices), list })
                    }
                    _ => self.error(
                        "SB5026",
                        of.span,
                        format!("`{name}` is not bits"),
                        "measure into a `bit` register",
                    ),
                }
            }
            ExprKind::Binary(BinaryOp::Join, a, b) => {
                let (mut a, b) = (self.stored_bits(a)?, self.stored_bits(b)?);
                if (a.list.len() + b.list.len()) as u64 > limits::BITS {
                    return self.limit(expr.span, "bits under one name", limits::BITS);
                }
                a.list.extend(b.list);
                a.register = true;
                Ok(a)
            }
            ExprKind::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(self.stored_bits(item)?.list);
                    if list.len() as u64 > limits::BITS {
                        return self.limit(expr.span, "bits under one name", limits::BITS);
                    }
                }
                Ok(Operand { list, register: true })
            }
            _ => self.error("SB5026", expr.span, "this is no bit", "measure into a `bit` register"),
        }
    }

    /// Elements of a register by indices.
    pub(super) fn pick(
        &mut self,
        list: &[u32],
        lone: bool,
        name: &str,
        indices: &[Index],
        span: Span,
    ) -> Lowered<Vec<u32>> {
        if lone {
            let diagnostic = Diagnostic::error("SB5027", span, "a single qubit or bit cannot be indexed")
                .with_label(format!("`{name}` is one, not a register"))
                .with_help(format!("write `{name}`, or declare a register"))
                .with_fix(span, name, is_first(indices));
            self.note(diagnostic);
            return Err(super::Lost);
        }
        let [index] = indices else {
            return self.error("SB5022", span, "a register has one dimension", "use one index");
        };
        let positions = self.positions(index, list.len(), name, span)?;
        Ok(positions.into_iter().map(|i| list[i]).collect())
    }

    fn positions(&mut self, index: &Index, size: usize, name: &str, span: Span) -> Lowered<Vec<usize>> {
        match index {
            Index::One(expr) => Ok(vec![self.position(expr, size, name)?]),
            Index::Set(items) => items.iter().map(|e| self.position(e, size, name)).collect(),
            Index::Range(parts) => {
                let (start, step, end) = &**parts;
                let step = match step {
                    Some(step) => self.known_integer(step)?,
                    None => 1,
                };
                if step == 0 {
                    return self.error("SB5022", span, "a range cannot step by 0", "step by 1 or more");
                }
                let (first, last) = if step > 0 { (0, size as i64 - 1) } else { (size as i64 - 1, 0) };
                let start = match start {
                    Some(e) => self.position(e, size, name)? as i64,
                    None => first,
                };
                let end = match end {
                    Some(e) => self.position(e, size, name)? as i64,
                    None => last,
                };
                let mut out = Vec::new();
                let mut at = start;
                while (step > 0 && at <= end) || (step < 0 && at >= end) {
                    out.push(at as usize);
                    let Some(next) = at.checked_add(step) else { break };
                    at = next;
                }
                if out.is_empty() {
                    return self.error(
                        "SB5022",
                        span,
                        "the range is empty",
                        "its start must come before its end",
                    );
                }
                Ok(out)
            }
        }
    }

    fn known_integer(&mut self, expr: &Expr) -> Lowered<i64> {
        let value = self.value(expr)?;
        match integer(value) {
            Some(n) => Ok(n),
            None => self.error(
                "SB5033",
                expr.span,
                "this index is not known before the program runs",
                "use a constant",
            ),
        }
    }

    fn position(&mut self, expr: &Expr, size: usize, name: &str) -> Lowered<usize> {
        let n = self.known_integer(expr)?;
        let at = if n < 0 { n.saturating_add(size as i64) } else { n };
        if (0..size as i64).contains(&at) {
            return Ok(at as usize);
        }
        let diagnostic = Diagnostic::error(
            "SB5022",
            expr.span,
            format!("index {n} is outside `{name}`, which has {size}"),
        )
        .with_label(format!("0 to {} are possible", size.saturating_sub(1)))
        .with_help("use a smaller index or a larger register");
        self.note(diagnostic);
        Err(super::Lost)
    }

    /// `let name = …;`
    pub(super) fn alias(&mut self, name: &crate::qasm::ast::Name, value: &Expr) -> Lowered<()> {
        let is_bits = self.first_name(value).is_some_and(|first| {
            matches!(self.scopes.find(&first).map(|e| &e.symbol), Some(Symbol::Bits { .. }))
        });
        let operand = if is_bits { self.stored_bits(value)? } else { self.qubits(value)? };
        let (list, lone): (Rc<[u32]>, bool) = (operand.list.into(), !operand.register);
        let symbol = if is_bits { Symbol::Bits { list, lone } } else { Symbol::Qubits { list, lone } };
        self.declare(name, symbol)
    }

    fn first_name(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Name(name) => Some(name.clone()),
            ExprKind::Index(of, _) | ExprKind::Binary(_, of, _) => self.first_name(of),
            ExprKind::List(items) => items.first().and_then(|item| self.first_name(item)),
            _ => None,
        }
    }
}

fn is_many(indices: &[Index]) -> bool {
    !matches!(indices, [Index::One(_)])
}

/// Whether an index can only have meant the one element that there is.
fn is_first(indices: &[Index]) -> bool {
    matches!(indices, [Index::One(Expr { kind: ExprKind::Int(0), .. })])
}
