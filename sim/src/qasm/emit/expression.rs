//! Numbers, angles and classical expressions as text.

use num_complex::Complex64;

use super::{Emit, Writer};
use crate::circuit::Angle;
use crate::circuit::classical::{Binary, ExprId, Function, Node, Type, Unary, Value};
use crate::diagnostic::Span;

impl Writer<'_> {
    pub(super) fn angle_text(&mut self, angle: Angle, span: Span) -> String {
        match angle {
            Angle::Fixed(x) => number(x),
            Angle::Affine { input, scale, offset } => {
                let name = self.circuit.inputs.get(input as usize).map_or("", |i| i.name.as_str());
                let product = match scale {
                    1.0 => name.to_owned(),
                    -1.0 => format!("-{name}"),
                    _ => format!("{}*{name}", number(scale)),
                };
                match offset {
                    0.0 => product,
                    x if x < 0.0 => format!("{product} - {}", number(-x)),
                    x => format!("{product} + {}", number(x)),
                }
            }
            Angle::Expr(id) if self.form == Emit::OpenQasm3 => self.expression(id),
            Angle::Expr(id) => {
                if let Node::Unary(Unary::Minus, of) = self.circuit.exprs.node(id) {
                    return format!("-({})", self.angle_text(Angle::Expr(of), span));
                }
                self.refuse(
                    span,
                    "an angle that is no multiple of one input",
                    "give the inputs values first",
                );
                String::new()
            }
        }
    }

    /// An expression of OpenQASM 3; everything that holds an operator stands in parentheses, so that
    /// no reader's precedence matters.
    pub(super) fn expression(&self, id: ExprId) -> String {
        match self.circuit.exprs.node(id) {
            Node::Const(value) => constant(value),
            Node::Input(k) => {
                self.circuit.inputs.get(k as usize).map_or_else(String::new, |i| i.name.clone())
            }
            Node::Var(k) => self.names.vars.get(k as usize).cloned().unwrap_or_default(),
            Node::Bit(bit) => self.bit(bit).to_owned(),
            Node::Bits(first, len) => self.bits(first, len),
            Node::Unary(op, of) => {
                let of = self.expression(of);
                match op {
                    Unary::Minus => format!("(-{of})"),
                    Unary::Not => format!("(!{of})"),
                    Unary::Flip(width) => format!("(~uint[{width}]({of}))"),
                }
            }
            Node::Binary(op, a, b) => {
                format!("({} {} {})", self.expression(a), symbol(op), self.expression(b))
            }
            Node::Call(function, a, b) => match function.arity() {
                2 => format!("{}({}, {})", name(function), self.expression(a), self.expression(b)),
                _ => format!("{}({})", name(function), self.expression(a)),
            },
            Node::Cast(ty, of) => format!("{}({})", type_text(ty), self.expression(of)),
        }
    }

    /// Consecutive bits as an unsigned number, the first least significant.
    fn bits(&self, first: u32, len: u32) -> String {
        let register = self.circuit.registers.iter().find(|r| r.first == first && r.size == len);
        if register.is_some() {
            return format!("uint[{len}]({})", self.register_of(first));
        }
        let terms: Vec<String> =
            (0..len).map(|k| format!("(uint[{len}]({}) << {k})", self.bit(first + k))).collect();
        format!("({})", terms.join(" | "))
    }

    /// Name of a whole register by its first bit.
    pub(super) fn register_of(&self, first: u32) -> String {
        let bit = self.bit(first);
        bit.split('[').next().unwrap_or(bit).to_owned()
    }
}

fn constant(value: Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) if n < 0 => format!("({n})"),
        Value::Int(n) => n.to_string(),
        Value::Uint(n) => n.to_string(),
        Value::Float(x) if x < 0.0 => format!("({})", number(x)),
        Value::Float(x) => number(x),
    }
}

/// A type as it is declared.
pub(super) fn type_text(ty: Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Int(width) => format!("int[{width}]"),
        Type::Uint(width) => format!("uint[{width}]"),
        Type::Float => "float".to_owned(),
        Type::Angle(width) => format!("angle[{width}]"),
        Type::Bits(width) => format!("bit[{width}]"),
    }
}

fn symbol(op: Binary) -> &'static str {
    match op {
        Binary::Power => "**",
        Binary::Times => "*",
        Binary::Over => "/",
        Binary::Rest => "%",
        Binary::Plus => "+",
        Binary::Minus => "-",
        Binary::Left => "<<",
        Binary::Right => ">>",
        Binary::Less => "<",
        Binary::AtMost => "<=",
        Binary::More => ">",
        Binary::AtLeast => ">=",
        Binary::Same => "==",
        Binary::Differs => "!=",
        Binary::BitAnd => "&",
        Binary::BitXor => "^",
        Binary::BitOr => "|",
        Binary::And => "&&",
        Binary::Or => "||",
    }
}

fn name(function: Function) -> &'static str {
    match function {
        Function::Arccos => "arccos",
        Function::Arcsin => "arcsin",
        Function::Arctan => "arctan",
        Function::Ceiling => "ceiling",
        Function::Cos => "cos",
        Function::Exp => "exp",
        Function::Floor => "floor",
        Function::Log => "log",
        Function::Mod => "mod",
        Function::Popcount => "popcount",
        Function::Pow => "pow",
        Function::Rotl => "rotl",
        Function::Rotr => "rotr",
        Function::Sin => "sin",
        Function::Sqrt => "sqrt",
        Function::Tan => "tan",
        Function::Abs => "abs",
    }
}

/// A number that reads back as the same bits.
pub(super) fn number(x: f64) -> String {
    // `1e300` and `1.0` are floats in every reader; a bare `1` may divide as an integer.
    format!("{x:?}")
}

pub(super) fn matrix_text(entries: &[Complex64]) -> String {
    let side = entries.len().isqrt().max(1);
    let cell = |z: &Complex64| match (z.re, z.im) {
        (re, 0.0) => number(re),
        (0.0, im) => format!("{}im", number(im)),
        (re, im) if im < 0.0 => format!("{} - {}im", number(re), number(-im)),
        (re, im) => format!("{} + {}im", number(re), number(im)),
    };
    let rows: Vec<String> = entries
        .chunks(side)
        .map(|row| format!("[{}]", row.iter().map(cell).collect::<Vec<_>>().join(", ")))
        .collect();
    format!("[{}]", rows.join(", "))
}
