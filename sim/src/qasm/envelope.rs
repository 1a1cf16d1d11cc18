//! Programs in a JSON envelope. Source: `braket.ir.openqasm.program` and `program_set` v1.

use std::sync::Arc;

use serde_json::Value;

use super::{InputValue, Inputs, ParseOptions, Program, jaqcd, parse_text};
use crate::diagnostic::{Diagnostic, Sources, Span};

/// The program inside an envelope; its spans point into the program's own text.
pub(super) fn parse(
    sources: &mut Sources,
    text: &str,
    options: &ParseOptions<'_>,
) -> (Program, Vec<Diagnostic>) {
    let refuse = |code, message: String, help: &str| {
        (Program::default(), vec![Diagnostic::error(code, Span::new(0, 1), message).with_help(help)])
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            return refuse(
                "SB5007",
                format!("this is no JSON: {error}"),
                "a program may also be OpenQASM text",
            );
        }
    };
    let header = value.pointer("/braketSchemaHeader/name").and_then(Value::as_str).unwrap_or("").to_owned();
    let header = header.as_str();
    let one = match header {
        "braket.ir.openqasm.program_set" => alone(&value),
        _ => Ok(value),
    };
    let value = match one {
        Ok(value) => value,
        Err(why) => return refuse("SB5008", why, "write the one program in a file of its own"),
    };
    let source: Arc<str> = match (header, value.get("source").and_then(Value::as_str)) {
        ("braket.ir.openqasm.program" | "braket.ir.openqasm.program_set", Some(source)) => source.into(),
        ("braket.ir.openqasm.program" | "braket.ir.openqasm.program_set", None) => {
            return refuse("SB5007", "the envelope has no `source`".to_owned(), "add the program's text");
        }
        ("braket.ir.jaqcd.program", _) => match jaqcd::text(&value) {
            Ok(text) => text.into(),
            Err(why) => return refuse("SB5007", why, "write the program in OpenQASM"),
        },
        _ => {
            let known = "braket.ir.openqasm.program, program_set and jaqcd.program are read";
            return refuse("SB5008", format!("the JSON is {header:?}, not an OpenQASM program"), known);
        }
    };
    let name =
        sources.files().first().map_or_else(|| "source".to_owned(), |f| format!("{} (source)", f.name));
    let base = sources.add(name, Arc::clone(&source));
    let (mut program, mut diagnostics) = parse_text(sources, &source, base, options);
    if let Some(Value::Object(inputs)) = value.get("inputs") {
        for (name, value) in inputs {
            match input(value) {
                Some(value) => {
                    program.inputs.insert(name.clone(), value);
                }
                None => diagnostics.push(Diagnostic::error(
                    "SB5034",
                    Span::new(0, 1),
                    format!("the input {name:?} is no number, bit string or list of them"),
                )),
            }
        }
    }
    (program, diagnostics)
}

/// The program of a set that holds one, its inputs as they are for the one run that it has.
fn alone(set: &Value) -> Result<Value, String> {
    let programs = set.get("programs").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [program] = programs else {
        return Err(format!("the program set holds {} programs, and one is read here", programs.len()));
    };
    let mut program = program.clone();
    if let Some(Value::Object(inputs)) = program.get_mut("inputs") {
        for (name, values) in inputs.iter_mut() {
            if let Value::Array(list) = values {
                let [one] = list.as_slice() else {
                    return Err(format!("{name:?} has {} values, and one run is read here", list.len()));
                };
                *values = one.clone();
            }
        }
    }
    Ok(program)
}

fn input(value: &Value) -> Option<InputValue> {
    Some(match value {
        Value::Number(n) => match n.as_i64() {
            Some(n) => InputValue::Int(n),
            None => InputValue::Number(n.as_f64()?),
        },
        Value::String(bits) => InputValue::Bits(bits.clone()),
        Value::Bool(b) => InputValue::Int(i64::from(*b)),
        Value::Array(items) => InputValue::List(items.iter().map(input).collect::<Option<_>>()?),
        Value::Null | Value::Object(_) => return None,
    })
}

/// Values as the envelope writes them.
pub(super) fn inputs_json(inputs: &Inputs) -> Value {
    fn json(value: &InputValue) -> Value {
        match value {
            InputValue::Number(x) => serde_json::json!(x),
            InputValue::Int(n) => serde_json::json!(n),
            InputValue::Bits(bits) => serde_json::json!(bits),
            InputValue::List(items) => items.iter().map(json).collect(),
        }
    }
    Value::Object(inputs.iter().map(|(name, value)| (name.clone(), json(value))).collect())
}

/// The `action` of a task: the envelope around Braket's strict form.
pub fn action(source: &str, inputs: &Inputs) -> String {
    let mut envelope = serde_json::json!({
        "braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"},
        "source": source,
    });
    if !inputs.is_empty() {
        envelope["inputs"] = inputs_json(inputs);
    }
    envelope.to_string()
}
