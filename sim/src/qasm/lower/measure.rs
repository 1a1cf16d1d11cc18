//! Measurement, assignment and delay.

use super::scope::{Symbol, Term};
use super::{Lowered, Lowering, integer};
use crate::circuit::classical::{Binary, ExprId, Node, Place, Type, Value};
use crate::circuit::{Angle, Op};
use crate::diagnostic::{Diagnostic, Span};
use crate::qasm::ast::{BinaryOp, Expr, ExprKind, Index};

impl Lowering<'_> {
    pub(super) fn measure(&mut self, qubits: &Expr, target: Option<&Expr>, span: Span) -> Lowered<()> {
        if let Some(target) = target
            && self.is_value(target)
        {
            let outcome = self.measure_value(qubits, span)?;
            return self.assign_term(target, outcome, span);
        }
        let measured = self.qubits(qubits)?;
        self.count(measured.list.len() as u64, span)?;
        let Some(target) = target else {
            for qubit in measured.list {
                self.push(Op::Measure { qubit, bit: None }, span);
            }
            return Ok(());
        };
        let bits = self.stored_bits(target)?;
        if bits.list.len() != measured.list.len() {
            let message =
                format!("{} qubits are measured into {} bits", measured.list.len(), bits.list.len());
            let diagnostic = Diagnostic::error("SB5036", span, message)
                .with_label("sizes differ")
                .with_help("measure as many qubits as there are bits");
            self.note(diagnostic);
            return Err(super::Lost);
        }
        for (qubit, bit) in measured.list.into_iter().zip(bits.list) {
            self.bits[bit as usize] = None;
            self.push(Op::Measure { qubit, bit: Some(bit) }, span);
        }
        Ok(())
    }

    /// Whether a target is an integer or angle that takes an outcome as its bits.
    fn is_value(&self, target: &Expr) -> bool {
        let name = match &target.kind {
            ExprKind::Name(name) => name,
            ExprKind::Index(of, _) => match &of.kind {
                ExprKind::Name(name) => name,
                _ => return false,
            },
            _ => return false,
        };
        let takes_bits = |ty: &Type| !matches!(ty, Type::Float);
        match self.scopes.find(name).map(|e| &e.symbol) {
            Some(Symbol::Known { ty, constant: false, .. } | Symbol::Var { ty, .. }) => takes_bits(ty),
            _ => false,
        }
    }

    /// `measure q` where a value stands: the outcome goes to hidden bits.
    pub(super) fn measure_value(&mut self, qubits: &Expr, span: Span) -> Lowered<Term> {
        let measured = self.qubits(qubits)?;
        self.count(measured.list.len() as u64, span)?;
        let list = self.new_bits("", measured.list.len() as u64, false, span)?;
        for (qubit, &bit) in measured.list.into_iter().zip(list.iter()) {
            self.bits[bit as usize] = None;
            self.push(Op::Measure { qubit, bit: Some(bit) }, span);
        }
        self.bits_value(&list, span)
    }

    /// A term as an angle slot.
    pub(super) fn angle(&mut self, term: Term) -> Angle {
        match term {
            Term::Known(value) => Angle::Fixed(value.number().unwrap_or(f64::NAN)),
            Term::Expr(id) => match self.circuit.exprs.affine(id) {
                Some((Some(input), scale, offset)) if scale != 0.0 => Angle::Affine { input, scale, offset },
                Some((None, _, offset)) => Angle::Fixed(offset),
                _ => Angle::Expr(id),
            },
        }
    }

    pub(super) fn set_var(&mut self, slot: u32, value: ExprId, span: Span) {
        self.push(Op::Assign { place: Place::Var(slot), value }, span);
    }

    pub(super) fn assign(
        &mut self,
        target: &Expr,
        op: Option<BinaryOp>,
        value: &Expr,
        span: Span,
    ) -> Lowered<()> {
        let view = self.view(target)?;
        if let (Some(view), None) = (&view, op)
            && !view.dimensions.is_empty()
        {
            return self.assign_view(view, None, value, span);
        }
        let mut term = self.value(value)?;
        if let Some(op) = op {
            let old = self.value(target)?;
            let op = match op {
                BinaryOp::Power => Binary::Power,
                BinaryOp::Times => Binary::Times,
                BinaryOp::Over => Binary::Over,
                BinaryOp::Rest => Binary::Rest,
                BinaryOp::Plus => Binary::Plus,
                BinaryOp::Minus => Binary::Minus,
                BinaryOp::Left => Binary::Left,
                BinaryOp::Right => Binary::Right,
                BinaryOp::BitAnd => Binary::BitAnd,
                BinaryOp::BitXor => Binary::BitXor,
                BinaryOp::BitOr => Binary::BitOr,
                _ => return self.error("SB5031", span, "this operator does not assign", "write it out"),
            };
            let ty = self.written_type(target);
            term = self.typed_binary(op, ty, old, term, span)?;
        }
        if let Some(view) = &view {
            return self.assign_view(view, Some(term), value, span);
        }
        self.assign_term(target, term, span)
    }

    /// Sets what a target names.
    fn assign_term(&mut self, target: &Expr, term: Term, span: Span) -> Lowered<()> {
        let (name, indices, at) = match &target.kind {
            ExprKind::Name(name) => (name, &[][..], target.span),
            ExprKind::Index(of, indices) => match &of.kind {
                ExprKind::Name(name) => (name, indices.as_slice(), of.span),
                _ => {
                    return self.error(
                        "SB5031",
                        target.span,
                        "this cannot be assigned",
                        "assign to a variable",
                    );
                }
            },
            _ => return self.error("SB5031", target.span, "this cannot be assigned", "assign to a variable"),
        };
        match self.find(name, at)?.symbol {
            Symbol::Bits { .. } => {
                let bits = self.stored_bits(target)?;
                self.assign_bits(&bits.list, term, span)
            }
            Symbol::Known { constant: true, .. } | Symbol::Bound(_) => self.error(
                "SB5037",
                target.span,
                format!("`{name}` cannot be changed"),
                "use another variable",
            ),
            Symbol::Known { ty, value: old, .. } => {
                let term = if indices.is_empty() {
                    term
                } else {
                    self.with_bit(ty, Term::Known(old), indices, term, span)?
                };
                match self.fold_cast(ty, term, span)? {
                    Term::Known(value) => {
                        if let Some(entry) = self.scopes.find_mut(name) {
                            entry.symbol = Symbol::Known { ty, value, constant: false };
                        }
                    }
                    Term::Expr(value) => {
                        let slot = self.new_var(ty);
                        if let Some(entry) = self.scopes.find_mut(name) {
                            entry.symbol = Symbol::Var { ty, slot };
                        }
                        self.set_var(slot, value, span);
                    }
                }
                Ok(())
            }
            Symbol::Var { ty, slot } => {
                let term = if indices.is_empty() {
                    term
                } else {
                    let old = Term::Expr(self.circuit.exprs.push(Node::Var(slot)));
                    self.with_bit(ty, old, indices, term, span)?
                };
                let term = self.fold_cast(ty, term, span)?;
                let value = self.expr_id(term);
                self.set_var(slot, value, span);
                Ok(())
            }
            _ => self.error(
                "SB5031",
                target.span,
                format!("`{name}` cannot be assigned"),
                "assign to a variable",
            ),
        }
    }

    /// A value with one of its bits set.
    fn with_bit(&mut self, ty: Type, old: Term, indices: &[Index], bit: Term, span: Span) -> Lowered<Term> {
        let [Index::One(index)] = indices else {
            return self.error("SB5031", span, "only one bit of a value can be set", "use one index");
        };
        let at = self.value(index)?;
        let width = i64::from(super::value::width(ty)).min(64);
        let at = integer(at).map(|i| if i < 0 { i + width } else { i });
        let Some(at) = at.filter(|i| (0..width.min(63)).contains(i)) else {
            return self.error(
                "SB5022",
                index.span,
                "the index is outside the value",
                "use one within its width",
            );
        };
        let known = |n: i64| Term::Known(Value::Int(n));
        let angle = if let Type::Angle(width) = ty { Some(width) } else { None };
        let old = if let Some(width) = angle { self.angle_bits(width, old, span)? } else { old };
        let bit = self.fold_cast(Type::Uint(1), bit, span)?;
        let cleared = self.fold_binary(Binary::BitAnd, old, known(!(1i64 << at)), span)?;
        let moved = self.fold_binary(Binary::Left, bit, known(at), span)?;
        let bits = self.fold_binary(Binary::BitOr, cleared, moved, span)?;
        if let Some(width) = angle { self.bits_angle(width, bits, span) } else { Ok(bits) }
    }

    pub(super) fn assign_bits(&mut self, list: &[u32], term: Term, span: Span) -> Lowered<()> {
        if let Term::Known(value) = term {
            let Some(n) = value.integer() else {
                return self.error("SB5031", span, "bits take an integer or a bit string", "give one");
            };
            for (k, &bit) in list.iter().enumerate() {
                let on = k < 64 && n >> k & 1 == 1;
                self.bits[bit as usize] = (self.conditional == 0).then_some(on);
            }
        } else {
            for &bit in list {
                self.bits[bit as usize] = None;
            }
        }
        // Runs of consecutive bits take one assignment each.
        let id = self.expr_id(term);
        let mut from = 0;
        while from < list.len() {
            let mut to = from + 1;
            while to < list.len() && list[to] == list[to - 1] + 1 {
                to += 1;
            }
            let value = if from == 0 {
                id
            } else {
                let by = self.circuit.exprs.push(Node::Const(Value::Int(from as i64)));
                self.circuit.exprs.push(Node::Binary(Binary::Right, id, by))
            };
            let place = Place::Bits { first: list[from], len: (to - from) as u32 };
            self.push(Op::Assign { place, value }, span);
            from = to;
        }
        Ok(())
    }
}
