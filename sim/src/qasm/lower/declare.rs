//! Declarations.

use std::rc::Rc;

use super::scope::{Symbol, Term};
use super::{Lowered, Lowering};
use crate::circuit::classical::{Type, Value};
use crate::circuit::{BitRegister, Input};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::InputValue;
use crate::qasm::ast::{Expr, ExprKind, GateDef, Modifier, Name, Stmt, StmtKind, TypeExpr, TypeKind};

impl Lowering<'_> {
    pub(super) fn declare_qubits(&mut self, size: Option<&Expr>, name: &Name) -> Lowered<()> {
        if let (Some(physical), false) = (self.first_physical, self.mixed) {
            self.mixed = true;
            let (primary, other) =
                if physical < name.span { (name.span, physical) } else { (physical, name.span) };
            let what = |span| if span == physical { "a physical qubit" } else { "a register" };
            let diagnostic =
                Diagnostic::error("SB5025", primary, "mixes physical qubits and qubit registers")
                    .with_label(what(primary))
                    .with_related(other, what(other))
                    .with_help("use `$n` throughout, or declared registers throughout");
            self.note(diagnostic);
        }
        self.at_top("qubits are declared", name.span)?;
        let count = size.map_or(Ok(1), |size| self.size(size, limits::QUBITS))?;
        let first = self.circuit.n_qubits;
        if u64::from(first) + count > limits::QUBITS {
            return self.limit(name.span, "qubits", limits::QUBITS);
        }
        let list: Rc<[u32]> = (first..first + count as u32).collect();
        self.declare(name, Symbol::Qubits { list, lone: size.is_none() })?;
        self.circuit.n_qubits += count as u32;
        self.register_labels.push((name.text.clone(), count as u32));
        Ok(())
    }

    /// New stored bits.
    pub(super) fn new_bits(
        &mut self,
        name: &str,
        count: u64,
        visible: bool,
        span: Span,
    ) -> Lowered<Rc<[u32]>> {
        let first = self.bits.len() as u64;
        if first + count > limits::BITS {
            return self.limit(span, "classical bits", limits::BITS);
        }
        let (first, size) = (first as u32, count as u32);
        self.circuit.registers.push(BitRegister { name: name.to_owned(), first, size, visible });
        self.bits.extend(std::iter::repeat_n(Some(false), size as usize));
        Ok((first..first + size).collect())
    }

    pub(super) fn declare_value(
        &mut self,
        constant: bool,
        ty: &TypeExpr,
        name: &Name,
        value: Option<&Expr>,
    ) -> Lowered<()> {
        if !ty.dimensions.is_empty() {
            return self.declare_array(constant, ty, name, value);
        }
        if ty.kind == TypeKind::Complex {
            let z = value.map_or(Ok(num_complex::Complex64::new(0.0, 0.0)), |v| self.complex(v))?;
            return self.declare(name, Symbol::Complex(z));
        }
        if ty.kind == TypeKind::Bit && !constant {
            return self.declare_bits(ty, name, value);
        }
        let resolved = self.resolve_type(ty)?;
        let term = match value {
            None if constant => {
                return self.error("SB5029", name.span, "a constant needs a value", "write `= value`");
            }
            None => Term::Known(zero(resolved)),
            Some(value) => {
                let term = self.value(value)?;
                self.fold_cast(resolved, term, value.span)?
            }
        };
        match term {
            Term::Known(value) => self.declare(name, Symbol::Known { ty: resolved, value, constant }),
            Term::Expr(_) if constant => self.error(
                "SB5033",
                name.span,
                "a constant must be known before the program runs",
                "drop `const`",
            ),
            Term::Expr(value) => {
                let slot = self.new_var(resolved);
                self.declare(name, Symbol::Var { ty: resolved, slot })?;
                self.set_var(slot, value, name.span);
                Ok(())
            }
        }
    }

    pub(super) fn new_var(&mut self, ty: Type) -> u32 {
        self.circuit.vars.push(ty);
        self.circuit.vars.len() as u32 - 1
    }

    fn declare_bits(&mut self, ty: &TypeExpr, name: &Name, value: Option<&Expr>) -> Lowered<()> {
        let count = ty.width.as_ref().map_or(Ok(1), |w| self.size(w, limits::BITS))?;
        let visible = self.scopes.is_global() && self.conditional == 0;
        // The name is checked first: a register without a name would still be returned.
        let list: Rc<[u32]> = {
            let first = self.bits.len() as u32;
            (first..first.saturating_add(count as u32)).collect()
        };
        self.declare(name, Symbol::Bits { list, lone: ty.width.is_none() })?;
        let list = self.new_bits(&name.text, count, visible, name.span)?;
        if self.conditional > 0 {
            for &bit in list.iter() {
                self.bits[bit as usize] = None;
            }
        }
        let Some(value) = value else { return Ok(()) };
        if let ExprKind::Measure(qubits) = &value.kind {
            let target = Expr { kind: ExprKind::Name(name.text.clone()), span: name.span };
            return self.measure(qubits, Some(&target), value.span);
        }
        if let ExprKind::Bits(text) = &value.kind
            && text.len() as u64 != count
        {
            let message = format!("{} bits for a register of {count}", text.len());
            return self.error("SB5022", value.span, message, "give one digit for each bit");
        }
        let term = self.value(value)?;
        self.assign_bits(&list, term, value.span)
    }

    /// Numbers that angles are made of stay free; everything that shapes the circuit is needed now.
    pub(super) fn declare_input(&mut self, ty: &TypeExpr, name: &Name) -> Lowered<()> {
        let given = self.inputs.get(&name.text).cloned();
        if matches!(ty.kind, TypeKind::Float | TypeKind::Angle) && ty.dimensions.is_empty() {
            self.circuit.inputs.push(Input { name: name.text.clone(), span: name.span });
            let node = crate::circuit::classical::Node::Input(self.circuit.inputs.len() as u32 - 1);
            let id = self.circuit.exprs.push(node);
            return self.declare(name, Symbol::Bound(Term::Expr(id)));
        }
        let Some(given) = given else {
            let diagnostic =
                Diagnostic::error("SB5030", name.span, format!("the input `{}` has no value", name.text))
                    .with_label("it shapes the circuit, so it is needed now")
                    .with_help(format!("give it: `--input {}=VALUE`", name.text));
            self.note(diagnostic);
            return Err(super::Lost);
        };
        let element = self.resolve_type(ty)?;
        if !ty.dimensions.is_empty() {
            return self.input_array(element, ty, name, &given);
        }
        let seconds = ty.kind == TypeKind::Duration;
        let value = scalar(&given, element).map(|value| match value {
            Value::Float(x) if seconds => Value::Float(super::timing::femtoseconds(x)),
            value => value,
        });
        match value {
            Some(value) => self.declare(name, Symbol::Known { ty: element, value, constant: true }),
            None => self.wrong_input(name, &wanted(element), &given),
        }
    }

    fn input_array(&mut self, ty: Type, written: &TypeExpr, name: &Name, given: &InputValue) -> Lowered<()> {
        let [dimension] = written.dimensions.as_slice() else {
            return self.error("SB5034", written.span, "an input array has one dimension", "use one");
        };
        let size = self.array_size(dimension)?;
        let list = format!("a list of {size}, each {}", wanted(ty));
        let InputValue::List(items) = given else { return self.wrong_input(name, &list, given) };
        let values: Option<Vec<Value>> = items.iter().map(|i| scalar(i, ty)).collect();
        match values.filter(|v| v.len() == size) {
            Some(values) => {
                let (dimensions, values) = (Rc::new([size]), Rc::new(values));
                self.declare(name, Symbol::Array { ty, dimensions, values, constant: true })
            }
            None => self.wrong_input(name, &list, given),
        }
    }

    fn wrong_input<T>(&mut self, name: &Name, ty: &str, given: &InputValue) -> Lowered<T> {
        let message = format!("the value given for `{}` is {}, not {ty}", name.text, words(given));
        self.error("SB5034", name.span, message, &format!("give {ty}: `--input {}=VALUE`", name.text))
    }

    /// What shapes the whole program stands in no block.
    pub(super) fn at_top(&mut self, what: &str, span: Span) -> Lowered<()> {
        if self.scopes.is_global() {
            return Ok(());
        }
        self.error("SB5028", span, format!("{what} at the top level only"), "move it out of the block")
    }

    pub(super) fn define_gate(&mut self, def: &GateDef, span: Span) -> Lowered<()> {
        self.at_top("gates are defined", span)?;
        let mut names: Vec<&Name> = def.angles.iter().chain(&def.qubits).collect();
        names.sort_by(|a, b| a.text.cmp(&b.text));
        if let Some(pair) = names.windows(2).find(|w| w[0].text == w[1].text) {
            let second = if pair[0].span < pair[1].span { pair[1].clone() } else { pair[0].clone() };
            return self.error(
                "SB5020",
                second.span,
                format!("`{}` is declared twice", second.text),
                "choose another name",
            );
        }
        // A call of a gate that does nothing is work too.
        let size = self.body_size(&def.body, def.two)?.max(1);
        self.declare(&def.name, Symbol::Gate { def: Rc::new(def.clone()), size })
    }

    /// How many gates a body expands to, an upper bound that never overflows.
    fn body_size(&mut self, body: &[Stmt], two: bool) -> Lowered<u64> {
        let mut total = 0u64;
        for statement in body {
            let size = match &statement.kind {
                StmtKind::Call(call) => {
                    let once = match self.scopes.find(&call.name.text).map(|e| &e.symbol) {
                        Some(Symbol::Gate { size, .. }) => *size,
                        Some(_) => 1,
                        None => {
                            // It may be defined further down, and be anything.
                            self.forward |= self.known_target(&call.name.text).is_none();
                            1
                        }
                    };
                    let powers = call.modifiers.iter().filter(|m| matches!(m, Modifier::Power(_))).count();
                    once.saturating_mul(1 << powers.min(16))
                }
                StmtKind::For(.., body)
                | StmtKind::While(_, body)
                | StmtKind::Scope(body)
                | StmtKind::Box(_, body) => self.body_size(body, two)?,
                StmtKind::If(_, a, b) => self.body_size(a, two)?.saturating_add(self.body_size(b, two)?),
                // Qiskit writes `initialize` in the second version as a gate that begins with resets.
                StmtKind::Reset(_) if two => 1,
                StmtKind::Measure { .. } | StmtKind::Reset(_) => {
                    return self.error(
                        "SB5035",
                        statement.span,
                        "a gate body holds gates only",
                        "use `def` for this",
                    );
                }
                StmtKind::Barrier(_) | StmtKind::Delay(..) => 1,
                _ => 0,
            };
            total = total.saturating_add(size);
        }
        Ok(total)
    }
}

pub(super) fn zero(ty: Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int(_) => Value::Int(0),
        Type::Uint(_) | Type::Bits(_) => Value::Uint(0),
        Type::Float | Type::Angle(_) => Value::Float(0.0),
    }
}

/// An input as a value of a type, where it is one.
fn scalar(given: &InputValue, ty: Type) -> Option<Value> {
    let value = match (given, ty) {
        (InputValue::Bits(text), Type::Bits(width)) => {
            let whole = text.len() as u64 == u64::from(width) && width <= 64;
            if !whole || !text.bytes().all(|b| b == b'0' || b == b'1') {
                return None;
            }
            Value::Uint(text.bytes().fold(0, |n, b| n << 1 | u64::from(b == b'1')))
        }
        (InputValue::Int(n), Type::Bits(width)) if !fits(*n, ty) => return as_digits(*n, width),
        (InputValue::Int(n), _) if fits(*n, ty) => Value::Int(*n),
        (InputValue::Number(x), Type::Float | Type::Angle(_)) => Value::Float(*x),
        (InputValue::Number(x), _) if x.fract() == 0.0 && x.abs() < 9.0e15 && fits(*x as i64, ty) => {
            Value::Int(*x as i64)
        }
        _ => return None,
    };
    crate::circuit::classical::cast(ty, value).ok()
}

/// Whether a given integer is a value of a type; in a program it would wrap, but nobody means that here.
fn fits(n: i64, ty: Type) -> bool {
    let n = i128::from(n);
    match ty {
        Type::Bool => (0..=1).contains(&n),
        Type::Int(width) => {
            (-(1i128 << (width.clamp(1, 64) - 1))..1i128 << (width.clamp(1, 64) - 1)).contains(&n)
        }
        Type::Uint(width) | Type::Bits(width) => (0..1i128 << width.min(64)).contains(&n),
        Type::Float | Type::Angle(_) => true,
    }
}

/// Bits that were given without quotes: `10` for two bits is not ten.
fn as_digits(n: i64, width: u32) -> Option<Value> {
    let text = n.to_string();
    (text.len() <= width as usize && text.bytes().all(|b| b == b'0' || b == b'1'))
        .then(|| Value::Uint(text.bytes().fold(0, |n, b| n << 1 | u64::from(b == b'1'))))
}

/// What an input of a type takes, in words.
fn wanted(ty: Type) -> String {
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::Int(width) => {
            let most = (1i128 << (width.clamp(1, 64) - 1)) - 1;
            format!("an integer from {} to {most}", -most - 1)
        }
        Type::Uint(width) => format!("an integer from 0 to {}", (1i128 << width.min(64)) - 1),
        Type::Float | Type::Angle(_) => "a number".to_owned(),
        Type::Bits(1) => "one bit, 0 or 1".to_owned(),
        Type::Bits(width) => format!("{width} bits, such as \"{}\"", "01".repeat(width.min(8) as usize / 2)),
    }
}

/// What was given, in words.
fn words(given: &InputValue) -> String {
    match given {
        InputValue::Int(n) => n.to_string(),
        InputValue::Number(x) => format!("{x:?}"),
        InputValue::Bits(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        InputValue::List(items) => format!("a list of {}", items.len()),
    }
}
