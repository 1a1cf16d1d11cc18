//! Expressions into terms: folded where known, kept as expressions where not.

use std::f64::consts::{E, PI, TAU};

use num_complex::Complex64;

use super::scope::{Symbol, Term};
use super::{Lowered, Lowering, integer, timing};
use crate::circuit::CYCLE_S;
use crate::circuit::classical::{self, Binary, EvalError, Function, Node, Type, Unary, Value};
use crate::diagnostic::Span;
use crate::limits;
use crate::qasm::ast::{BinaryOp, Expr, ExprKind, Index, Name, TypeExpr, TypeKind, UnaryOp};

fn builtin(name: &str) -> Option<f64> {
    Some(match name {
        "pi" | "π" => PI,
        "tau" | "τ" => TAU,
        "euler" | "ℇ" => E,
        _ => return None,
    })
}

fn binary_of(op: BinaryOp) -> Option<Binary> {
    Some(match op {
        BinaryOp::Power => Binary::Power,
        BinaryOp::Times => Binary::Times,
        BinaryOp::Over => Binary::Over,
        BinaryOp::Rest => Binary::Rest,
        BinaryOp::Plus => Binary::Plus,
        BinaryOp::Minus => Binary::Minus,
        BinaryOp::Left => Binary::Left,
        BinaryOp::Right => Binary::Right,
        BinaryOp::Less => Binary::Less,
        BinaryOp::AtMost => Binary::AtMost,
        BinaryOp::More => Binary::More,
        BinaryOp::AtLeast => Binary::AtLeast,
        BinaryOp::Same => Binary::Same,
        BinaryOp::Differs => Binary::Differs,
        BinaryOp::BitAnd => Binary::BitAnd,
        BinaryOp::BitXor => Binary::BitXor,
        BinaryOp::BitOr => Binary::BitOr,
        BinaryOp::And => Binary::And,
        BinaryOp::Or => Binary::Or,
        BinaryOp::Join => return None,
    })
}

impl Lowering<'_> {
    /// The value of an expression.
    pub(super) fn value(&mut self, expr: &Expr) -> Lowered<Term> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Int(n) => Ok(Term::Known(match i64::try_from(*n) {
                Ok(n) => Value::Int(n),
                Err(_) => Value::Uint(*n),
            })),
            ExprKind::Float(x) => Ok(Term::Known(Value::Float(*x))),
            ExprKind::Duration(x) => {
                self.circuit.time.seconds.get_or_insert(expr.span);
                Ok(Term::Known(Value::Float(timing::femtoseconds(*x))))
            }
            ExprKind::Cycles(n) => {
                self.circuit.time.cycles.get_or_insert(expr.span);
                Ok(Term::Known(Value::Float(timing::femtoseconds(n * CYCLE_S))))
            }
            ExprKind::Bool(b) => Ok(Term::Known(Value::Bool(*b))),
            ExprKind::Bits(text) => self.bits_literal(text, span),
            ExprKind::Name(name) => self.named_value(name, span),
            ExprKind::Index(of, indices) => self.indexed_value(of, indices, span),
            ExprKind::Unary(op, a) => {
                let width = self.bit_width(a);
                let wraps = self.wrapped(expr);
                let a = self.value(a)?;
                let op = match op {
                    UnaryOp::Minus => Unary::Minus,
                    UnaryOp::Not => Unary::Not,
                    UnaryOp::Flip => Unary::Flip(width.unwrap_or(64)),
                };
                let done = self.fold_unary(op, a, span)?;
                wraps.map_or(Ok(done), |ty| self.fold_cast(ty, done, span))
            }
            ExprKind::Binary(op, a, b) => {
                let (ty, wraps) = (self.written_type(a), self.wrapped(expr));
                let (a, b) = (self.value(a)?, self.value(b)?);
                let Some(op) = binary_of(*op) else {
                    let help = "join them in a `let`";
                    return self.error("SB5031", span, "`++` joins registers, not values", help);
                };
                let done = self.typed_binary(op, ty, a, b, span)?;
                wraps.map_or(Ok(done), |ty| self.fold_cast(ty, done, span))
            }
            ExprKind::Call(name, arguments) => self.call_value(name, arguments, span),
            ExprKind::Cast(ty, of) => {
                let from = self.written_type(of);
                let of = self.value(of)?;
                let ty = self.resolve_type(ty)?;
                let of = match (ty, from) {
                    (Type::Bits(_), Some(Type::Angle(width))) => self.angle_bits(width, of, span)?,
                    _ => of,
                };
                self.fold_cast(ty, of, span)
            }
            ExprKind::Measure(qubits) => self.measure_value(qubits, span),
            ExprKind::DurationOf(body) => self.duration_of(body, span),
            ExprKind::Imaginary(_) => {
                self.error("SB5031", span, "a complex number cannot stand here", "use its parts")
            }
            ExprKind::List(_) => {
                self.error("SB5031", span, "a list cannot stand here", "use one of its elements")
            }
            ExprKind::Physical(_) => self.error("SB5031", span, "a qubit has no value", "measure it first"),
        }
    }

    fn evaluated(&mut self, result: Result<Value, EvalError>, span: Span) -> Lowered<Term> {
        match result {
            Ok(value) => Ok(Term::Known(value)),
            Err(error) => self.error("SB5032", span, error.to_string(), "change the expression"),
        }
    }

    pub(super) fn fold_unary(&mut self, op: Unary, a: Term, span: Span) -> Lowered<Term> {
        match a {
            Term::Known(a) => self.evaluated(classical::unary(op, a), span),
            Term::Expr(a) => self.kept_node(Node::Unary(op, a), span),
        }
    }

    pub(super) fn fold_binary(&mut self, op: Binary, a: Term, b: Term, span: Span) -> Lowered<Term> {
        if let (Term::Known(a), Term::Known(b)) = (a, b) {
            return self.evaluated(classical::binary(op, a, b), span);
        }
        let (a, b) = (self.expr_id(a), self.expr_id(b));
        self.kept_node(Node::Binary(op, a, b), span)
    }

    /// An expression that the run evaluates; its size is bounded, because evaluating it visits all of it.
    fn kept_node(&mut self, node: Node, span: Span) -> Lowered<Term> {
        let id = self.circuit.exprs.push(node);
        if self.circuit.exprs.size(id) > limits::EXPRESSION {
            return self.limit(span, "operations in one expression", u64::from(limits::EXPRESSION));
        }
        Ok(Term::Expr(id))
    }

    pub(super) fn fold_cast(&mut self, ty: Type, of: Term, span: Span) -> Lowered<Term> {
        match of {
            Term::Known(value) => self.evaluated(classical::cast(ty, value), span),
            Term::Expr(id) => self.kept_node(Node::Cast(ty, id), span),
        }
    }

    fn bits_literal(&mut self, text: &str, span: Span) -> Lowered<Term> {
        if text.len() > 64 {
            return self.error(
                "SB5012",
                span,
                "a bit string in an expression has at most 64 bits",
                "split it",
            );
        }
        let n = text.bytes().fold(0u64, |n, b| n << 1 | u64::from(b == b'1'));
        Ok(Term::Known(Value::Uint(n)))
    }

    fn named_value(&mut self, name: &str, span: Span) -> Lowered<Term> {
        if let (Some(x), None) = (builtin(name), self.scopes.find(name)) {
            return Ok(Term::Known(Value::Float(x)));
        }
        match self.find(name, span)?.symbol {
            Symbol::Known { value, .. } => Ok(Term::Known(value)),
            Symbol::Var { slot, .. } => Ok(Term::Expr(self.circuit.exprs.push(Node::Var(slot)))),
            Symbol::Bound(term) => Ok(term),
            Symbol::Bits { list, .. } => self.bits_value(&list, span),
            Symbol::Qubits { .. } => {
                self.error("SB5031", span, format!("`{name}` is qubits and has no value"), "measure it first")
            }
            Symbol::Complex(z) if z.im == 0.0 => Ok(Term::Known(Value::Float(z.re))),
            Symbol::Complex(_) => {
                self.error("SB5031", span, "a complex number cannot stand here", "use its parts")
            }
            Symbol::Array { .. } => {
                self.error("SB5031", span, format!("`{name}` is an array"), "use one of its elements")
            }
            Symbol::Gate { .. } | Symbol::Def(_) | Symbol::Kept => {
                self.error("SB5031", span, format!("`{name}` is no value"), "use a variable or constant")
            }
        }
    }

    /// Stored bits as a value: one bit is a truth value, more are an unsigned integer.
    pub(super) fn bits_value(&mut self, list: &[u32], span: Span) -> Lowered<Term> {
        if let [bit] = list {
            return Ok(match self.bits.get(*bit as usize).copied().flatten() {
                Some(value) => Term::Known(Value::Bool(value)),
                None => Term::Expr(self.circuit.exprs.push(Node::Bit(*bit))),
            });
        }
        if list.len() > 64 {
            return self.error("SB5012", span, "at most 64 bits make one value", "use fewer bits");
        }
        let known: Option<Vec<bool>> =
            list.iter().map(|&b| self.bits.get(b as usize).copied().flatten()).collect();
        if let Some(known) = known {
            let n = known.iter().rev().fold(0u64, |n, &b| n << 1 | u64::from(b));
            return Ok(Term::Known(Value::Uint(n)));
        }
        if list.windows(2).all(|w| w[1] == w[0] + 1) {
            return Ok(Term::Expr(self.circuit.exprs.push(Node::Bits(list[0], list.len() as u32))));
        }
        let mut sum = Term::Known(Value::Uint(0));
        for (k, &bit) in list.iter().enumerate() {
            let bit = Term::Expr(self.circuit.exprs.push(Node::Bits(bit, 1)));
            let shifted = self.fold_binary(Binary::Left, bit, Term::Known(Value::Uint(k as u64)), span)?;
            sum = self.fold_binary(Binary::BitOr, sum, shifted, span)?;
        }
        Ok(sum)
    }

    fn indexed_value(&mut self, of: &Expr, indices: &[Index], span: Span) -> Lowered<Term> {
        let whole = Expr { kind: ExprKind::Index(Box::new(of.clone()), indices.to_vec()), span };
        if let Some(view) = self.view(&whole)? {
            return match (view.dimensions.as_slice(), self.view_values(&view).as_slice()) {
                ([], [value]) => Ok(Term::Known(*value)),
                _ => self.error("SB5031", span, "a part of an array cannot stand here", "use one element"),
            };
        }
        let ExprKind::Name(name) = &of.kind else {
            let base = self.value(of)?;
            return self.bit_of(base, 64, indices, span);
        };
        match self.find(name, of.span)?.symbol {
            Symbol::Bits { list, lone } => {
                let picked = self.pick(&list, lone, name, indices, span)?;
                self.bits_value(&picked, span)
            }
            Symbol::Known { ty, value, .. } => self.bit_of_typed(ty, Term::Known(value), indices, span),
            Symbol::Var { ty, slot } => {
                let base = Term::Expr(self.circuit.exprs.push(Node::Var(slot)));
                self.bit_of_typed(ty, base, indices, span)
            }
            Symbol::Bound(term) => self.bit_of(term, 64, indices, span),
            _ => self.error(
                "SB5031",
                span,
                format!("`{name}` has no elements with values"),
                "measure qubits first",
            ),
        }
    }

    fn bit_of_typed(&mut self, ty: Type, base: Term, indices: &[Index], span: Span) -> Lowered<Term> {
        let base = if let Type::Angle(width) = ty { self.angle_bits(width, base, span)? } else { base };
        self.bit_of(base, width(ty), indices, span)
    }

    /// One bit of an integer.
    fn bit_of(&mut self, base: Term, width: u32, indices: &[Index], span: Span) -> Lowered<Term> {
        let [Index::One(index)] = indices else {
            return self.error("SB5031", span, "only one bit of a value can be taken", "use one index");
        };
        let at = self.value(index)?;
        let Some(at) =
            integer(at).map(|i| if i < 0 { i + i64::from(width) } else { i }).filter(|i| (0..64).contains(i))
        else {
            return self.error(
                "SB5022",
                index.span,
                "the index is outside the value",
                "use an index within its width",
            );
        };
        let moved = self.fold_binary(Binary::Right, base, Term::Known(Value::Int(at)), span)?;
        let bit = self.fold_binary(Binary::BitAnd, moved, Term::Known(Value::Int(1)), span)?;
        self.fold_cast(Type::Bool, bit, span)
    }

    fn call_value(&mut self, name: &Name, arguments: &[Expr], span: Span) -> Lowered<Term> {
        if let Some(Symbol::Def(def)) = self.scopes.find(&name.text).map(|e| e.symbol.clone()) {
            return match self.call_def(&def, arguments, span)? {
                Some(term) => Ok(term),
                None => {
                    self.error("SB5031", span, format!("`{}` returns nothing", name.text), "call it alone")
                }
            };
        }
        if name.text == "sizeof" {
            return self.size_of(arguments, span);
        }
        if let ("real" | "imag", [of]) = (name.text.as_str(), arguments) {
            let z = self.complex(of)?;
            return Ok(Term::Known(Value::Float(if name.text == "real" { z.re } else { z.im })));
        }
        if let Some(Symbol::Kept) = self.scopes.find(&name.text).map(|e| &e.symbol) {
            return self.outside(name);
        }
        let Some(function) = Function::named(&name.text) else {
            let known = [
                "sin", "cos", "tan", "sqrt", "exp", "log", "arccos", "arcsin", "arctan", "floor", "ceiling",
                "mod", "pow", "popcount",
            ];
            let near = super::suggest::nearest(&name.text, known.into_iter());
            let help = near.map_or("declare it with `def`".to_owned(), |n| format!("did you mean `{n}`?"));
            return self.error("SB5021", name.span, format!("there is no function `{}`", name.text), &help);
        };
        if arguments.len() != function.arity() {
            let message =
                format!("`{}` takes {} values, {} given", name.text, function.arity(), arguments.len());
            return self.error("SB5024", span, message, "give as many as it takes");
        }
        let a = self.value(&arguments[0])?;
        let b = if let Some(b) = arguments.get(1) { self.value(b)? } else { a };
        if let Function::Rotl | Function::Rotr = function {
            let width = self.bit_width(&arguments[0]).unwrap_or(64).max(1);
            return self.rotate(function == Function::Rotl, width, a, b, span);
        }
        if let (Term::Known(a), Term::Known(b)) = (a, b) {
            return self.evaluated(classical::call(function, a, b), span);
        }
        let (a, b) = (self.expr_id(a), self.expr_id(b));
        self.kept_node(Node::Call(function, a, b), span)
    }

    fn rotate(&mut self, left: bool, width: u32, a: Term, by: Term, span: Span) -> Lowered<Term> {
        let Some(by) = integer(by) else {
            return self.error("SB5031", span, "the distance of a rotation must be known", "use a constant");
        };
        let by = by.rem_euclid(i64::from(width)) as u64;
        let by = if left { by } else { (u64::from(width) - by) % u64::from(width) };
        let known = |n: u64| Term::Known(Value::Uint(n));
        let up = self.fold_binary(Binary::Left, a, known(by), span)?;
        let down = self.fold_binary(Binary::Right, a, known(u64::from(width) - by), span)?;
        let both = self.fold_binary(Binary::BitOr, up, down, span)?;
        self.fold_cast(Type::Uint(width), both, span)
    }

    fn size_of(&mut self, arguments: &[Expr], span: Span) -> Lowered<Term> {
        let [of, rest @ ..] = arguments else {
            return self.error("SB5024", span, "`sizeof` takes an array", "name it");
        };
        let dimension = match rest {
            [] => 0,
            [d, ..] => {
                let d = self.value(d)?;
                integer(d).and_then(|d| usize::try_from(d).ok()).unwrap_or(usize::MAX)
            }
        };
        if let Some(view) = self.view(of)? {
            return match view.dimensions.get(dimension) {
                Some(&size) => Ok(Term::Known(Value::Int(size as i64))),
                None => self.error("SB5031", span, "it has no such dimension", "count dimensions from 0"),
            };
        }
        let ExprKind::Name(name) = &of.kind else {
            return self.error("SB5031", of.span, "`sizeof` takes a name", "name the array or register");
        };
        let size = match self.find(name, of.span)?.symbol {
            Symbol::Bits { list, .. } | Symbol::Qubits { list, .. } => Some(list.len()),
            _ => None,
        };
        match size {
            Some(size) => Ok(Term::Known(Value::Int(size as i64))),
            None => {
                self.error("SB5031", span, "it has no such size", "name an array, register and dimension")
            }
        }
    }

    /// Width of a value in bits, where its name says.
    fn bit_width(&mut self, expr: &Expr) -> Option<u32> {
        self.written_type(expr).map(width)
    }

    /// The type of an expression, where its names and casts say.
    pub(super) fn written_type(&mut self, expr: &Expr) -> Option<Type> {
        match &expr.kind {
            ExprKind::Bits(text) => Some(Type::Bits(text.len() as u32)),
            ExprKind::Cast(ty, _) => self.resolve_type(ty).ok(),
            ExprKind::Name(name) => match &self.scopes.find(name)?.symbol {
                Symbol::Bits { list, .. } => Some(Type::Bits(list.len() as u32)),
                Symbol::Known { ty, .. } | Symbol::Var { ty, .. } => Some(*ty),
                _ => None,
            },
            ExprKind::Index(of, _) => match &of.kind {
                ExprKind::Name(name) => match self.scopes.find(name)?.symbol {
                    Symbol::Array { ty, .. } => Some(ty),
                    _ => None,
                },
                _ => None,
            },
            ExprKind::Unary(UnaryOp::Flip | UnaryOp::Minus, of) => self.written_type(of),
            ExprKind::Binary(op, a, b) if is_arithmetic(*op) => {
                common(self.written_type(a)?, self.written_type(b)?)
            }
            ExprKind::Binary(BinaryOp::Left | BinaryOp::Right, of, _) => self.written_type(of),
            ExprKind::Binary(BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor, a, b) => {
                self.written_type(a).or_else(|| self.written_type(b))
            }
            _ => None,
        }
    }

    /// The type that the sum, difference, product or quotient of two integers with written widths wraps
    /// to. Literals have none: they take part with 64 bits.
    fn wrapped(&mut self, expr: &Expr) -> Option<Type> {
        let arithmetic = match &expr.kind {
            ExprKind::Unary(op, _) => *op == UnaryOp::Minus,
            ExprKind::Binary(op, ..) => is_arithmetic(*op),
            _ => false,
        };
        let ty = if arithmetic { self.written_type(expr) } else { None };
        ty.filter(|ty| matches!(ty, Type::Int(w) | Type::Uint(w) if *w < 64))
    }

    /// An operator on values of which the left one has a type: shifts stay within its width, and the
    /// bits of an angle are the parts of a turn.
    pub(super) fn typed_binary(
        &mut self,
        op: Binary,
        ty: Option<Type>,
        a: Term,
        b: Term,
        span: Span,
    ) -> Lowered<Term> {
        let bitwise =
            matches!(op, Binary::Left | Binary::Right | Binary::BitAnd | Binary::BitOr | Binary::BitXor);
        match ty {
            Some(Type::Angle(width)) if bitwise => {
                let a = self.angle_bits(width, a, span)?;
                let moved = matches!(op, Binary::Left | Binary::Right);
                let b = if moved { b } else { self.angle_bits(width, b, span)? };
                let bits = self.fold_binary(op, a, b, span)?;
                self.bits_angle(width, bits, span)
            }
            Some(ty @ (Type::Bits(w) | Type::Uint(w) | Type::Int(w))) if op == Binary::Left && w < 64 => {
                let moved = self.fold_binary(op, a, b, span)?;
                self.fold_cast(ty, moved, span)
            }
            _ => self.fold_binary(op, a, b, span),
        }
    }

    /// An angle as the number of its 2^width parts of a turn.
    pub(super) fn angle_bits(&mut self, width: u32, angle: Term, span: Span) -> Lowered<Term> {
        let parts = self.scaled(angle, f64::from(width).exp2() / TAU, span)?;
        let half = Term::Known(Value::Float(0.5));
        let near = match self.fold_binary(Binary::Plus, parts, half, span)? {
            Term::Known(value) => self.evaluated(classical::call(Function::Floor, value, value), span)?,
            Term::Expr(id) => Term::Expr(self.circuit.exprs.push(Node::Call(Function::Floor, id, id))),
        };
        self.fold_cast(Type::Uint(width), near, span)
    }

    /// The angle that so many parts of a turn make.
    pub(super) fn bits_angle(&mut self, width: u32, bits: Term, span: Span) -> Lowered<Term> {
        let bits = self.fold_cast(Type::Uint(width), bits, span)?;
        let angle = self.scaled(bits, TAU / f64::from(width).exp2(), span)?;
        self.fold_cast(Type::Angle(width), angle, span)
    }

    /// A type with its width.
    pub(super) fn resolve_type(&mut self, ty: &TypeExpr) -> Lowered<Type> {
        let width = match &ty.width {
            None => None,
            Some(width) => Some(self.size(width, 1 << 20)? as u32),
        };
        let narrow = |default: u32| width.unwrap_or(default).clamp(1, 64);
        if let (Some(w), TypeKind::Int | TypeKind::Uint | TypeKind::Angle) = (width, ty.kind)
            && w > 64
        {
            return self.error("SB5012", ty.span, "a value has at most 64 bits", "use a width of 64 or less");
        }
        Ok(match ty.kind {
            TypeKind::Bool => Type::Bool,
            TypeKind::Int => Type::Int(narrow(64)),
            TypeKind::Uint => Type::Uint(narrow(64)),
            TypeKind::Float | TypeKind::Duration | TypeKind::Stretch => Type::Float,
            TypeKind::Angle => Type::Angle(narrow(64)),
            TypeKind::Bit => Type::Bits(width.unwrap_or(1)),
            TypeKind::Complex => {
                return self.error("SB5031", ty.span, "a complex number cannot stand here", "use its parts");
            }
        })
    }

    /// A size that is known, at least 1 and at most `most`.
    pub(super) fn size(&mut self, expr: &Expr, most: u64) -> Lowered<u64> {
        let value = self.value(expr)?;
        match integer(value) {
            Some(n) if n >= 1 && n as u64 <= most => Ok(n as u64),
            Some(n) if n >= 1 => {
                self.error("SB5015", expr.span, format!("{n} is more than the limit of {most}"), "use fewer")
            }
            Some(n) => {
                self.error("SB5022", expr.span, format!("a size of {n} is not possible"), "use at least 1")
            }
            None => self.error(
                "SB5033",
                expr.span,
                "this size is not known before the program runs",
                "use a constant",
            ),
        }
    }

    /// A known number. Angles of matrices and probabilities.
    pub(super) fn known_number(&mut self, expr: &Expr) -> Lowered<f64> {
        let value = self.value(expr)?;
        match super::number(value) {
            Some(x) => Ok(x),
            None => self.error(
                "SB5033",
                expr.span,
                "this number is not known before the program runs",
                "use a constant",
            ),
        }
    }

    /// A known complex number.
    pub(super) fn complex(&mut self, expr: &Expr) -> Lowered<Complex64> {
        match &expr.kind {
            ExprKind::Imaginary(x) => Ok(Complex64::new(0.0, *x)),
            ExprKind::Unary(UnaryOp::Minus, a) => Ok(-self.complex(a)?),
            ExprKind::Binary(op, a, b)
                if matches!(op, BinaryOp::Plus | BinaryOp::Minus | BinaryOp::Times | BinaryOp::Over) =>
            {
                let (a, b) = (self.complex(a)?, self.complex(b)?);
                let z = match op {
                    BinaryOp::Plus => a + b,
                    BinaryOp::Minus => a - b,
                    BinaryOp::Times => a * b,
                    _ => a / b,
                };
                if z.is_finite() {
                    return Ok(z);
                }
                self.error("SB5032", expr.span, "the result is not a finite number", "change the expression")
            }
            ExprKind::Name(name) => {
                if let Some(Symbol::Complex(z)) = self.scopes.find(name).map(|e| &e.symbol) {
                    return Ok(*z);
                }
                Ok(Complex64::new(self.known_number(expr)?, 0.0))
            }
            _ => Ok(Complex64::new(self.known_number(expr)?, 0.0)),
        }
    }
}

/// Bits that a type has.
pub(super) fn width(ty: Type) -> u32 {
    match ty {
        Type::Bool => 1,
        Type::Int(w) | Type::Uint(w) | Type::Angle(w) | Type::Bits(w) => w,
        Type::Float => 64,
    }
}

fn is_arithmetic(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Plus | BinaryOp::Minus | BinaryOp::Times | BinaryOp::Over | BinaryOp::Rest)
}

/// The type of an operation on two integers, as C ranks them: the wider one, without a sign where widths
/// are equal and either has none (specification, "Integers", which refers to C99).
fn common(a: Type, b: Type) -> Option<Type> {
    let (width_a, width_b) = match (a, b) {
        (Type::Int(a) | Type::Uint(a), Type::Int(b) | Type::Uint(b)) => (a, b),
        _ => return None,
    };
    Some(match width_a.cmp(&width_b) {
        std::cmp::Ordering::Greater => a,
        std::cmp::Ordering::Less => b,
        std::cmp::Ordering::Equal if matches!(a, Type::Uint(_)) => a,
        std::cmp::Ordering::Equal => b,
    })
}
