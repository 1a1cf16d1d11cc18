//! Classical values, expressions over them, and the memory of one shot.
//!
//! Lowering and running use the same evaluator, so an expression means the same whether it is
//! known beforehand or depends on a measurement.

mod arithmetic;
mod memory;
mod slope;

pub use arithmetic::{binary, call, cast, unary};
pub use memory::Memory;

/// Index into an [`ExprPool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExprId(pub u32);

/// Type of a classical value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Truth value.
    Bool,
    /// Signed, two's complement, wraps at its width.
    Int(u32),
    /// Unsigned, wraps at its width.
    Uint(u32),
    /// Double precision.
    Float,
    /// A turn in 2^width parts, wraps.
    Angle(u32),
    /// Register of at most 64 bits, bit 0 least significant.
    Bits(u32),
}

/// A value of a [`Type`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Truth value.
    Bool(bool),
    /// Signed.
    Int(i64),
    /// Unsigned, or bits.
    Uint(u64),
    /// Float, or an angle in radians.
    Float(f64),
}

/// Operators before an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-`
    Minus,
    /// `!`
    Not,
    /// `~` on so many bits.
    Flip(u32),
}

/// Operators between operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named by the operator it stands for")]
pub enum Binary {
    Power,
    Times,
    Over,
    Rest,
    Plus,
    Minus,
    Left,
    Right,
    Less,
    AtMost,
    More,
    AtLeast,
    Same,
    Differs,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
}

/// Built-in functions. Source: OpenQASM 3 specification, built-in mathematics functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named by the function it stands for")]
pub enum Function {
    Arccos,
    Arcsin,
    Arctan,
    Ceiling,
    Cos,
    Exp,
    Floor,
    Log,
    Mod,
    Popcount,
    Pow,
    Rotl,
    Rotr,
    Sin,
    Sqrt,
    Tan,
    Abs,
}

impl Function {
    /// The function of a name, with OpenQASM 2's spellings.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "arccos" | "acos" => Self::Arccos,
            "arcsin" | "asin" => Self::Arcsin,
            "arctan" | "atan" => Self::Arctan,
            "ceiling" => Self::Ceiling,
            "cos" => Self::Cos,
            "exp" => Self::Exp,
            "floor" => Self::Floor,
            "log" | "ln" => Self::Log,
            "mod" => Self::Mod,
            "popcount" => Self::Popcount,
            "pow" => Self::Pow,
            "rotl" => Self::Rotl,
            "rotr" => Self::Rotr,
            "sin" => Self::Sin,
            "sqrt" => Self::Sqrt,
            "tan" => Self::Tan,
            "abs" => Self::Abs,
            _ => return None,
        })
    }

    /// How many values it takes.
    pub fn arity(self) -> usize {
        match self {
            Self::Mod | Self::Pow | Self::Rotl | Self::Rotr => 2,
            _ => 1,
        }
    }
}

/// A node of an expression; children stand before parents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// A known value.
    Const(Value),
    /// A free input.
    Input(u32),
    /// A variable of the shot.
    Var(u32),
    /// A global classical bit, as a truth value.
    Bit(u32),
    /// Consecutive global bits as an unsigned integer, the first least significant; at most 64.
    Bits(u32, u32),
    /// An operator before its operand.
    Unary(Unary, ExprId),
    /// An operator between operands.
    Binary(Binary, ExprId, ExprId),
    /// A function; the second argument repeats the first where there is one.
    Call(Function, ExprId, ExprId),
    /// A value as another type.
    Cast(Type, ExprId),
}

/// Where an assignment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A variable of [`super::Circuit::vars`].
    Var(u32),
    /// Consecutive global bits; bit 0 of the value goes to the first.
    Bits {
        /// First global bit.
        first: u32,
        /// Number of bits.
        len: u32,
    },
}

/// Expressions of one circuit, children before parents.
#[derive(Clone, Debug, Default)]
pub struct ExprPool {
    nodes: Vec<Node>,
    /// Nodes below each, itself included, as often as they are reached.
    sizes: Vec<u32>,
}

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The operator or function does not take these.
    #[error("these values do not go together")]
    Mismatch,
    /// Not a finite number.
    #[error("the result is not a finite number")]
    NotFinite,
    /// An input, variable or expression that is not there.
    #[error("the expression names something that is not there")]
    Missing,
}

impl ExprPool {
    /// Adds a node.
    pub fn push(&mut self, node: Node) -> ExprId {
        let below = match node {
            Node::Unary(_, a) | Node::Cast(_, a) => self.size(a),
            // One argument stands twice.
            Node::Binary(_, a, b) | Node::Call(_, a, b) => self.size(a).saturating_add(self.size(b)),
            Node::Const(_) | Node::Input(_) | Node::Var(_) | Node::Bit(_) | Node::Bits(..) => 0,
        };
        self.nodes.push(node);
        self.sizes.push(below.saturating_add(1));
        ExprId(self.nodes.len() as u32 - 1)
    }

    /// How many nodes evaluating an expression visits.
    pub fn size(&self, id: ExprId) -> u32 {
        self.sizes.get(id.0 as usize).copied().unwrap_or(1)
    }

    /// The node of an id; a missing one is a value that no operator takes.
    pub fn node(&self, id: ExprId) -> Node {
        self.nodes.get(id.0 as usize).copied().unwrap_or(Node::Const(Value::Float(f64::NAN)))
    }

    /// All nodes, each after those that it names.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether its value may differ between shots: it names a bit or a variable.
    pub fn depends_on_shot(&self, id: ExprId) -> bool {
        match self.node(id) {
            Node::Const(_) | Node::Input(_) => false,
            Node::Var(_) | Node::Bit(_) | Node::Bits(..) => true,
            Node::Unary(_, a) | Node::Cast(_, a) => self.depends_on_shot(a),
            Node::Binary(_, a, b) | Node::Call(_, a, b) => self.depends_on_shot(a) || self.depends_on_shot(b),
        }
    }

    /// The expression as `scale * input + offset`, where it is one.
    pub fn affine(&self, id: ExprId) -> Option<(Option<u32>, f64, f64)> {
        match self.node(id) {
            Node::Const(value) => Some((None, 0.0, value.number()?)),
            Node::Input(input) => Some((Some(input), 1.0, 0.0)),
            Node::Unary(Unary::Minus, of) => {
                let (input, scale, offset) = self.affine(of)?;
                Some((input, -scale, -offset))
            }
            Node::Cast(Type::Float, of) => self.affine(of),
            Node::Binary(op, a, b) => {
                let (a, b) = (self.affine(a)?, self.affine(b)?);
                let sum = |sign: f64| {
                    let input = match (a.0, b.0) {
                        (Some(x), Some(y)) if x != y => return None,
                        (x, y) => x.or(y),
                    };
                    Some((input, a.1 + sign * b.1, a.2 + sign * b.2))
                };
                match op {
                    Binary::Plus => sum(1.0),
                    Binary::Minus => sum(-1.0),
                    Binary::Times if a.0.is_none() => Some((b.0, a.2 * b.1, a.2 * b.2)),
                    Binary::Times if b.0.is_none() => Some((a.0, b.2 * a.1, b.2 * a.2)),
                    Binary::Over if b.0.is_none() && b.2 != 0.0 => Some((a.0, a.1 / b.2, a.2 / b.2)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Value {
    /// As a number; truth values are 0 and 1.
    pub fn number(self) -> Option<f64> {
        let x = match self {
            Self::Bool(b) => f64::from(u8::from(b)),
            Self::Int(n) => n as f64,
            Self::Uint(n) => n as f64,
            Self::Float(x) => x,
        };
        x.is_finite().then_some(x)
    }

    /// Whether it counts as true.
    pub fn truth(self) -> bool {
        match self {
            Self::Bool(b) => b,
            Self::Int(n) => n != 0,
            Self::Uint(n) => n != 0,
            Self::Float(x) => x != 0.0,
        }
    }

    /// As an integer, where it is one.
    pub fn integer(self) -> Option<i64> {
        match self {
            Self::Bool(b) => Some(i64::from(b)),
            Self::Int(n) => Some(n),
            Self::Uint(n) => i64::try_from(n).ok(),
            Self::Float(x) => (x.fract() == 0.0 && x.abs() < 9.0e15).then_some(x as i64),
        }
    }
}

#[cfg(test)]
mod tests;
