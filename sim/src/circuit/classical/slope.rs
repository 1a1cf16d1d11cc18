//! Derivatives of expressions by the free inputs.

use super::memory::Memory;
use super::{Binary, EvalError, ExprId, Function, Node, Type, Unary};
use crate::circuit::{Angle, Circuit};

impl Memory {
    /// Adds `factor` times the derivatives of an angle slot by each input. What moves in steps
    /// (comparisons, integers, `floor`) has the derivative 0 that it has between its steps.
    ///
    /// # Errors
    /// `NotFinite` where there is no derivative; else as [`Self::value`].
    pub fn add_slopes(
        &self,
        circuit: &Circuit,
        angle: &Angle,
        factor: f64,
        out: &mut [f64],
    ) -> Result<(), EvalError> {
        match *angle {
            Angle::Fixed(_) => Ok(()),
            Angle::Affine { input, scale, .. } => add(out, input, scale * factor),
            Angle::Expr(id) => self.expression(circuit, id, factor, out),
        }
    }

    fn expression(
        &self,
        circuit: &Circuit,
        id: ExprId,
        factor: f64,
        out: &mut [f64],
    ) -> Result<(), EvalError> {
        match circuit.exprs.node(id) {
            Node::Const(_) | Node::Var(_) | Node::Bit(_) | Node::Bits(..) => Ok(()),
            Node::Input(input) => add(out, input, factor),
            Node::Unary(Unary::Minus, a) => self.expression(circuit, a, -factor, out),
            Node::Unary(Unary::Not | Unary::Flip(_), _) => Ok(()),
            Node::Cast(Type::Float | Type::Angle(_), a) => self.expression(circuit, a, factor, out),
            Node::Cast(Type::Bool | Type::Int(_) | Type::Uint(_) | Type::Bits(_), _) => Ok(()),
            Node::Binary(op, a, b) => self.operation(circuit, (op, a, b), factor, out),
            Node::Call(Function::Pow, a, b) => self.operation(circuit, (Binary::Power, a, b), factor, out),
            Node::Call(Function::Mod, a, b) => self.operation(circuit, (Binary::Rest, a, b), factor, out),
            Node::Call(function, a, _) => {
                let x = self.number(circuit, a)?;
                let slope = match function {
                    Function::Sin => x.cos(),
                    Function::Cos => -x.sin(),
                    Function::Tan => x.cos().powi(-2),
                    Function::Exp => x.exp(),
                    Function::Log => 1.0 / x,
                    Function::Sqrt => 0.5 / x.sqrt(),
                    Function::Arcsin => 1.0 / (1.0 - x * x).sqrt(),
                    Function::Arccos => -1.0 / (1.0 - x * x).sqrt(),
                    Function::Arctan => 1.0 / (1.0 + x * x),
                    Function::Abs => x.signum(),
                    _ => return Ok(()),
                };
                self.expression(circuit, a, slope * factor, out)
            }
        }
    }

    fn operation(
        &self,
        circuit: &Circuit,
        (op, a, b): (Binary, ExprId, ExprId),
        factor: f64,
        out: &mut [f64],
    ) -> Result<(), EvalError> {
        let both = || Ok((self.number(circuit, a)?, self.number(circuit, b)?));
        let (by_a, by_b) = match op {
            Binary::Plus => (1.0, 1.0),
            Binary::Minus => (1.0, -1.0),
            Binary::Times => both().map(|(a, b)| (b, a))?,
            Binary::Over => both().map(|(a, b)| (1.0 / b, -a / (b * b)))?,
            Binary::Rest => both().map(|(a, b)| rest(a, b))?,
            Binary::Power => both().map(|(a, b)| power(a, b))?,
            _ => return Ok(()),
        };
        self.expression(circuit, a, by_a * factor, out)?;
        self.expression(circuit, b, by_b * factor, out)
    }
}

fn add(out: &mut [f64], input: u32, slope: f64) -> Result<(), EvalError> {
    if !slope.is_finite() {
        return Err(EvalError::NotFinite);
    }
    *out.get_mut(input as usize).ok_or(EvalError::Missing)? += slope;
    Ok(())
}

/// By the base and by the exponent; the latter only where a logarithm of the base exists.
fn power(a: f64, b: f64) -> (f64, f64) {
    let by_a = if b == 0.0 { 0.0 } else { b * a.powf(b - 1.0) };
    (by_a, if a > 0.0 { a.powf(b) * a.ln() } else { 0.0 })
}

/// `a - q b` with a quotient that is constant between its steps.
fn rest(a: f64, b: f64) -> (f64, f64) {
    (1.0, -(a - a.rem_euclid(b)) / b)
}
