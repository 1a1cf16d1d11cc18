//! What operators, functions and casts make of values.
//!
//! Integers wrap at 64 bits while computing and at their width when stored. Source: OpenQASM 3
//! specification, types and casting.

use std::f64::consts::TAU;

use super::{Binary, EvalError, Function, Type, Unary, Value};

type Evaluated = Result<Value, EvalError>;

fn finite(x: f64) -> Evaluated {
    if x.is_finite() { Ok(Value::Float(x)) } else { Err(EvalError::NotFinite) }
}

/// An operator before its operand.
pub fn unary(op: Unary, a: Value) -> Evaluated {
    Ok(match (op, a) {
        (Unary::Not, a) => Value::Bool(!a.truth()),
        (Unary::Minus, Value::Float(x)) => Value::Float(-x),
        (Unary::Minus, Value::Int(n)) => Value::Int(n.wrapping_neg()),
        (Unary::Minus, Value::Uint(n)) => Value::Int((n as i64).wrapping_neg()),
        (Unary::Minus, Value::Bool(b)) => Value::Int(-i64::from(b)),
        (Unary::Flip(width), Value::Uint(n)) => Value::Uint(!n & mask(width)),
        (Unary::Flip(_), Value::Int(n)) => Value::Int(!n),
        (Unary::Flip(_), Value::Bool(b)) => Value::Bool(!b),
        (Unary::Flip(_), Value::Float(_)) => return Err(EvalError::Mismatch),
    })
}

fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// An operator between operands.
pub fn binary(op: Binary, a: Value, b: Value) -> Evaluated {
    match op {
        Binary::And => Ok(Value::Bool(a.truth() && b.truth())),
        Binary::Or => Ok(Value::Bool(a.truth() || b.truth())),
        Binary::Less | Binary::AtMost | Binary::More | Binary::AtLeast | Binary::Same | Binary::Differs => {
            compare(op, a, b)
        }
        _ => match (a, b) {
            (Value::Float(_), _) | (_, Value::Float(_)) => {
                let (Some(x), Some(y)) = (a.number(), b.number()) else { return Err(EvalError::NotFinite) };
                floats(op, x, y)
            }
            (Value::Uint(x), Value::Uint(y)) => unsigned(op, x, y),
            (Value::Bool(x), Value::Bool(y))
                if matches!(op, Binary::BitAnd | Binary::BitOr | Binary::BitXor) =>
            {
                Ok(Value::Bool(match op {
                    Binary::BitAnd => x & y,
                    Binary::BitOr => x | y,
                    _ => x ^ y,
                }))
            }
            // A literal beside an unsigned value is unsigned.
            (Value::Uint(x), Value::Int(y)) if y >= 0 => unsigned(op, x, y as u64),
            (Value::Int(x), Value::Uint(y)) if x >= 0 => unsigned(op, x as u64, y),
            (Value::Uint(x), Value::Bool(y)) => unsigned(op, x, u64::from(y)),
            (Value::Bool(x), Value::Uint(y)) => unsigned(op, u64::from(x), y),
            _ => signed(op, wide(a), wide(b)),
        },
    }
}

fn wide(value: Value) -> i64 {
    match value {
        Value::Bool(b) => i64::from(b),
        Value::Int(n) => n,
        Value::Uint(n) => n as i64,
        Value::Float(x) => x as i64,
    }
}

fn compare(op: Binary, a: Value, b: Value) -> Evaluated {
    let order = match (a, b) {
        (Value::Float(_), _) | (_, Value::Float(_)) => {
            let (Some(x), Some(y)) = (a.number(), b.number()) else { return Err(EvalError::NotFinite) };
            x.partial_cmp(&y).ok_or(EvalError::NotFinite)?
        }
        _ => exact(a).cmp(&exact(b)),
    };
    Ok(Value::Bool(match op {
        Binary::Less => order.is_lt(),
        Binary::AtMost => order.is_le(),
        Binary::More => order.is_gt(),
        Binary::AtLeast => order.is_ge(),
        Binary::Same => order.is_eq(),
        _ => order.is_ne(),
    }))
}

fn exact(value: Value) -> i128 {
    match value {
        Value::Uint(n) => i128::from(n),
        other => i128::from(wide(other)),
    }
}

fn floats(op: Binary, x: f64, y: f64) -> Evaluated {
    match op {
        Binary::Plus => finite(x + y),
        Binary::Minus => finite(x - y),
        Binary::Times => finite(x * y),
        Binary::Over if y == 0.0 => Err(EvalError::DivisionByZero),
        Binary::Over => finite(x / y),
        Binary::Rest if y == 0.0 => Err(EvalError::DivisionByZero),
        Binary::Rest => finite(x.rem_euclid(y)),
        Binary::Power => finite(x.powf(y)),
        _ => Err(EvalError::Mismatch),
    }
}

fn signed(op: Binary, x: i64, y: i64) -> Evaluated {
    Ok(Value::Int(match op {
        Binary::Plus => x.wrapping_add(y),
        Binary::Minus => x.wrapping_sub(y),
        Binary::Times => x.wrapping_mul(y),
        Binary::Over if y == 0 => return Err(EvalError::DivisionByZero),
        Binary::Over => x.wrapping_div(y),
        Binary::Rest if y == 0 => return Err(EvalError::DivisionByZero),
        Binary::Rest => x.wrapping_rem(y),
        Binary::Power if y < 0 => return finite((x as f64).powf(y as f64)),
        Binary::Power => x.wrapping_pow(u32::try_from(y).unwrap_or(u32::MAX)),
        Binary::Left => x.checked_shl(u32::try_from(y).map_err(|_| EvalError::Mismatch)?).unwrap_or(0),
        Binary::Right => x.checked_shr(u32::try_from(y).map_err(|_| EvalError::Mismatch)?).unwrap_or(0),
        Binary::BitAnd => x & y,
        Binary::BitOr => x | y,
        Binary::BitXor => x ^ y,
        _ => return Err(EvalError::Mismatch),
    }))
}

fn unsigned(op: Binary, x: u64, y: u64) -> Evaluated {
    Ok(Value::Uint(match op {
        Binary::Plus => x.wrapping_add(y),
        Binary::Minus if x < y => return Ok(Value::Int((x as i64).wrapping_sub(y as i64))),
        Binary::Minus => x - y,
        Binary::Times => x.wrapping_mul(y),
        Binary::Over if y == 0 => return Err(EvalError::DivisionByZero),
        Binary::Over => x / y,
        Binary::Rest if y == 0 => return Err(EvalError::DivisionByZero),
        Binary::Rest => x % y,
        Binary::Power => x.wrapping_pow(u32::try_from(y).unwrap_or(u32::MAX)),
        Binary::Left => x.checked_shl(u32::try_from(y).unwrap_or(64)).unwrap_or(0),
        Binary::Right => x.checked_shr(u32::try_from(y).unwrap_or(64)).unwrap_or(0),
        Binary::BitAnd => x & y,
        Binary::BitOr => x | y,
        Binary::BitXor => x ^ y,
        _ => return Err(EvalError::Mismatch),
    }))
}

/// A built-in function; one-argument functions ignore `b`.
pub fn call(function: Function, a: Value, b: Value) -> Evaluated {
    let x = a.number().ok_or(EvalError::NotFinite)?;
    match function {
        Function::Arccos => finite(x.acos()),
        Function::Arcsin => finite(x.asin()),
        Function::Arctan => finite(x.atan()),
        Function::Ceiling => finite(x.ceil()),
        Function::Cos => finite(x.cos()),
        Function::Exp => finite(x.exp()),
        Function::Floor => finite(x.floor()),
        Function::Log => finite(x.ln()),
        Function::Mod => binary(Binary::Rest, a, b),
        Function::Pow => binary(Binary::Power, a, b),
        Function::Sin => finite(x.sin()),
        Function::Sqrt => finite(x.sqrt()),
        Function::Tan => finite(x.tan()),
        Function::Abs => match a {
            Value::Int(n) => Ok(Value::Int(n.wrapping_abs())),
            Value::Float(x) => finite(x.abs()),
            other => Ok(other),
        },
        Function::Popcount => match a {
            Value::Uint(n) => Ok(Value::Uint(u64::from(n.count_ones()))),
            Value::Bool(b) => Ok(Value::Uint(u64::from(b))),
            _ => Err(EvalError::Mismatch),
        },
        // The width is not part of a value; lowering rewrites rotations with it.
        Function::Rotl | Function::Rotr => Err(EvalError::Mismatch),
    }
}

/// A value as a type: wraps integers and angles at their width, cuts floats towards zero.
pub fn cast(to: Type, value: Value) -> Evaluated {
    Ok(match to {
        Type::Bool => Value::Bool(value.truth()),
        Type::Float => Value::Float(value.number().ok_or(EvalError::NotFinite)?),
        Type::Int(width) => {
            let n = wide(value);
            let unused = 64 - width.clamp(1, 64);
            Value::Int(n << unused >> unused)
        }
        // Only angles become bits: their own representation, most significant first of a turn.
        Type::Bits(width) if matches!(value, Value::Float(_)) => {
            let turn = value.number().ok_or(EvalError::NotFinite)? / TAU;
            let parts = 2f64.powi(width.min(52) as i32);
            Value::Uint(
                ((turn.rem_euclid(1.0) * parts).round().rem_euclid(parts) as u64) << width.saturating_sub(52),
            )
        }
        Type::Uint(width) | Type::Bits(width) => Value::Uint(match value {
            Value::Uint(n) => n & mask(width),
            other => wide(other) as u64 & mask(width),
        }),
        Type::Angle(width) => {
            let turns = match value {
                // Bits are the angle's own representation.
                Value::Uint(n) => {
                    return Ok(Value::Float((n & mask(width)) as f64 * TAU / 2f64.powi(width as i32)));
                }
                other => other.number().ok_or(EvalError::NotFinite)? / TAU,
            };
            let turn = turns.rem_euclid(1.0);
            // 53 bits are all that a float keeps of a turn.
            if width > 52 {
                return Ok(Value::Float(turn * TAU));
            }
            let parts = 2f64.powi(width as i32);
            Value::Float((turn * parts).round().rem_euclid(parts) / parts * TAU)
        }
    })
}
