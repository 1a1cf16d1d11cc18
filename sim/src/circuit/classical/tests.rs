use super::*;

#[test]
fn integers_wrap_at_their_width() {
    assert_eq!(cast(Type::Int(8), Value::Int(200)), Ok(Value::Int(-56)));
    assert_eq!(cast(Type::Uint(4), Value::Int(17)), Ok(Value::Uint(1)));
    assert_eq!(cast(Type::Uint(8), Value::Int(-1)), Ok(Value::Uint(255)));
    assert_eq!(cast(Type::Int(64), Value::Int(i64::MIN)), Ok(Value::Int(i64::MIN)));
}

#[test]
fn division_follows_the_types() {
    assert_eq!(binary(Binary::Over, Value::Int(7), Value::Int(2)), Ok(Value::Int(3)));
    assert_eq!(binary(Binary::Over, Value::Int(7), Value::Float(2.0)), Ok(Value::Float(3.5)));
    assert_eq!(binary(Binary::Over, Value::Int(7), Value::Int(0)), Err(EvalError::DivisionByZero));
    assert_eq!(binary(Binary::Over, Value::Int(i64::MIN), Value::Int(-1)), Ok(Value::Int(i64::MIN)));
}

#[test]
fn comparisons_of_mixed_signs_are_exact() {
    assert_eq!(binary(Binary::Less, Value::Int(-1), Value::Uint(u64::MAX)), Ok(Value::Bool(true)));
    assert_eq!(binary(Binary::Same, Value::Uint(3), Value::Int(3)), Ok(Value::Bool(true)));
}

#[test]
fn what_is_not_finite_is_an_error() {
    assert_eq!(call(Function::Sqrt, Value::Int(-1), Value::Int(0)), Err(EvalError::NotFinite));
    assert_eq!(binary(Binary::Power, Value::Float(10.0), Value::Int(400)), Err(EvalError::NotFinite));
}

#[test]
fn an_angle_is_a_fraction_of_a_turn() {
    let Ok(Value::Float(x)) = cast(Type::Angle(4), Value::Float(std::f64::consts::PI * 2.5)) else {
        panic!()
    };
    assert!((x - std::f64::consts::FRAC_PI_2).abs() < 1e-12, "{x}");
    let Ok(Value::Float(x)) = cast(Type::Angle(4), Value::Uint(0b1000)) else { panic!() };
    assert!((x - std::f64::consts::PI).abs() < 1e-12, "{x}");
}

#[test]
fn affine_forms_are_found() {
    let mut pool = ExprPool::default();
    let x = pool.push(Node::Input(3));
    let two = pool.push(Node::Const(Value::Int(2)));
    let half = pool.push(Node::Binary(Binary::Over, x, two));
    let one = pool.push(Node::Const(Value::Float(1.0)));
    let sum = pool.push(Node::Binary(Binary::Minus, one, half));
    assert_eq!(pool.affine(sum), Some((Some(3), -0.5, 1.0)));
    let square = pool.push(Node::Binary(Binary::Times, x, x));
    assert_eq!(pool.affine(square), None);
}
