//! Classical values, expressions over them, and the memory of one shot.
//!
//! Lowering and running use the same evaluator, so an expression means the same whether it is
//! known beforehand or depends on a measurement.

/// Index into an [`ExprPool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExprId(pub u32);

/// Type of a classical variable that lives at run time.
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
    /// Register of bits, bit 0 least significant.
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
    nodes: Vec<()>,
}

impl ExprPool {
    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
