//! The classical memory of one shot.

use super::{EvalError, ExprId, Node, Place, Type, Value, binary, call, cast, unary};
use crate::circuit::{Angle, Circuit};

/// Bits and variables of one shot, and the inputs of the run.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    bits: Vec<bool>,
    vars: Vec<Value>,
    inputs: Vec<f64>,
}

fn zero(ty: Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int(_) => Value::Int(0),
        Type::Uint(_) | Type::Bits(_) => Value::Uint(0),
        Type::Float | Type::Angle(_) => Value::Float(0.0),
    }
}

impl Memory {
    /// All bits and variables 0.
    pub fn new(circuit: &Circuit, inputs: &[f64]) -> Self {
        Self {
            bits: vec![false; circuit.n_bits() as usize],
            vars: circuit.vars.iter().map(|&ty| zero(ty)).collect(),
            inputs: inputs.to_vec(),
        }
    }

    /// As new, for the next shot.
    pub fn clear(&mut self, circuit: &Circuit) {
        self.bits.fill(false);
        for (var, &ty) in self.vars.iter_mut().zip(&circuit.vars) {
            *var = zero(ty);
        }
    }

    /// A bit; false where there is none.
    pub fn bit(&self, index: u32) -> bool {
        self.bits.get(index as usize).copied().unwrap_or(false)
    }

    /// Sets a bit.
    pub fn set_bit(&mut self, index: u32, value: bool) {
        if let Some(bit) = self.bits.get_mut(index as usize) {
            *bit = value;
        }
    }

    /// All bits.
    pub fn bits(&self) -> &[bool] {
        &self.bits
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// When an operator does not take its values, or the result is not finite.
    pub fn value(&self, circuit: &Circuit, id: ExprId) -> Result<Value, EvalError> {
        Ok(match circuit.exprs.node(id) {
            Node::Const(value) => value,
            Node::Input(i) => Value::Float(*self.inputs.get(i as usize).ok_or(EvalError::Missing)?),
            Node::Var(i) => *self.vars.get(i as usize).ok_or(EvalError::Missing)?,
            Node::Bit(i) => Value::Bool(self.bit(i)),
            Node::Bits(first, len) => {
                Value::Uint((0..len.min(64)).fold(0, |n, k| n | u64::from(self.bit(first + k)) << k))
            }
            Node::Unary(op, a) => unary(op, self.value(circuit, a)?)?,
            Node::Binary(op, a, b) => binary(op, self.value(circuit, a)?, self.value(circuit, b)?)?,
            Node::Call(function, a, b) => call(function, self.value(circuit, a)?, self.value(circuit, b)?)?,
            Node::Cast(ty, a) => cast(ty, self.value(circuit, a)?)?,
        })
    }

    /// An expression as a truth value.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn truth(&self, circuit: &Circuit, id: ExprId) -> Result<bool, EvalError> {
        Ok(self.value(circuit, id)?.truth())
    }

    /// An expression as a number.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn number(&self, circuit: &Circuit, id: ExprId) -> Result<f64, EvalError> {
        self.value(circuit, id)?.number().ok_or(EvalError::NotFinite)
    }

    /// An angle slot. Units: radians.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn angle(&self, circuit: &Circuit, angle: &Angle) -> Result<f64, EvalError> {
        match *angle {
            Angle::Fixed(x) => Ok(x),
            Angle::Affine { input, scale, offset } => {
                let x = self.inputs.get(input as usize).ok_or(EvalError::Missing)?;
                let x = scale.mul_add(*x, offset);
                if x.is_finite() { Ok(x) } else { Err(EvalError::NotFinite) }
            }
            Angle::Expr(id) => self.number(circuit, id),
        }
    }

    /// Sets a variable or bits to the value of an expression.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn assign(&mut self, circuit: &Circuit, place: Place, id: ExprId) -> Result<(), EvalError> {
        let value = self.value(circuit, id)?;
        match place {
            Place::Var(i) => {
                let ty = *circuit.vars.get(i as usize).ok_or(EvalError::Missing)?;
                *self.vars.get_mut(i as usize).ok_or(EvalError::Missing)? = cast(ty, value)?;
            }
            Place::Bits { first, len } => {
                let Value::Uint(n) = cast(Type::Uint(64), value)? else { return Err(EvalError::Mismatch) };
                for k in 0..len {
                    self.set_bit(first + k, k < 64 && n >> k & 1 == 1);
                }
            }
        }
        Ok(())
    }
}
