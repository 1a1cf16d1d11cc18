//! Programs of `braket.ir.jaqcd`, the form that came before OpenQASM, as Braket's OpenQASM.
//!
//! Source: `braket.ir.jaqcd.program` v1, instructions and results.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::circuit::Gate;
use crate::noise::Channel;

/// The program in Braket's words, one instruction a line; or what cannot be said.
pub(super) fn text(program: &Value) -> Result<String, String> {
    let list = |key: &str| program.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let instructions = list("instructions");
    if instructions.is_empty() {
        return Err("it has no `instructions`".to_owned());
    }
    let mut used = BTreeSet::new();
    for instruction in instructions.iter().chain(list("basis_rotation_instructions")) {
        used.extend(qubits(instruction)?);
    }
    let dense = used.iter().copied().eq(0..used.len() as u64);
    let mut out = String::from("OPENQASM 3.0;\n");
    if dense {
        let _ = writeln!(out, "qubit[{}] q;", used.len());
    }
    let writer = Writer { dense };
    for instruction in instructions {
        writer.instruction(instruction, &mut out)?;
    }
    // Results turn the bases that they need by themselves.
    let turns = if list("results").is_empty() { list("basis_rotation_instructions") } else { &[] };
    for instruction in turns {
        writer.instruction(instruction, &mut out)?;
    }
    for result in list("results") {
        writer.result(result, &mut out)?;
    }
    Ok(out)
}

/// Qubits of an instruction, controls first.
fn qubits(instruction: &Value) -> Result<Vec<u64>, String> {
    let number = |v: &Value| v.as_u64().ok_or_else(|| format!("{v} is no number of a qubit"));
    let mut out = Vec::new();
    for key in ["control", "controls", "target", "targets"] {
        match instruction.get(key) {
            Some(Value::Array(list)) => {
                for one in list {
                    out.push(number(one)?);
                }
            }
            Some(Value::Null) | None => {}
            Some(one) => out.push(number(one)?),
        }
    }
    Ok(out)
}

struct Writer {
    /// Whether every qubit up to the last is used: others are named by their numbers.
    dense: bool,
}

impl Writer {
    fn operands(&self, qubits: &[u64]) -> String {
        let name = |q: &u64| if self.dense { format!("q[{q}]") } else { format!("${q}") };
        qubits.iter().map(name).collect::<Vec<_>>().join(", ")
    }

    fn instruction(&self, instruction: &Value, out: &mut String) -> Result<(), String> {
        let kind = word(instruction, "type")?;
        let operands = self.operands(&qubits(instruction)?);
        let numbers = |keys: &[&str]| -> Vec<String> {
            keys.iter()
                .filter_map(|k| instruction.get(*k).and_then(Value::as_f64))
                .map(|x| format!("{x:?}"))
                .collect()
        };
        let _ = match kind {
            "start_verbatim_box" => writeln!(out, "#pragma braket verbatim\nbox {{"),
            "end_verbatim_box" => writeln!(out, "}}"),
            "unitary" => {
                let entries = matrix(instruction.get("matrix"))?;
                writeln!(out, "#pragma braket unitary({entries}) {operands}")
            }
            "kraus" => {
                let list =
                    instruction.get("matrices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let list: Vec<String> = list.iter().map(|m| matrix(Some(m))).collect::<Result<_, _>>()?;
                writeln!(out, "#pragma braket noise kraus({}) {operands}", list.join(", "))
            }
            _ => {
                let noise = numbers(&["gamma", "probability", "probX", "probY", "probZ"]);
                let known = if noise.is_empty() {
                    Gate::named(kind).is_some()
                } else {
                    Channel::named(kind).is_some()
                };
                if !known {
                    return Err(format!("there is no instruction {kind:?}"));
                }
                if !noise.is_empty() {
                    let list = noise.join(", ");
                    let _ = writeln!(out, "#pragma braket noise {kind}({list}) {operands}");
                    return Ok(());
                }
                let angles = numbers(&["angle", "angle1", "angle2", "angle3"]);
                let angles =
                    if angles.is_empty() { String::new() } else { format!("({})", angles.join(", ")) };
                writeln!(out, "{kind}{angles} {operands};")
            }
        };
        Ok(())
    }

    fn result(&self, result: &Value, out: &mut String) -> Result<(), String> {
        let targets = qubits(result)?;
        let on = if targets.is_empty() { "all".to_owned() } else { self.operands(&targets) };
        let kind = word(result, "type")?;
        let what = match kind {
            "statevector" => "state_vector".to_owned(),
            "densitymatrix" => format!("density_matrix {on}"),
            "probability" => format!("probability {on}"),
            "amplitude" => {
                let states = result.get("states").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let states: Vec<String> = states.iter().map(Value::to_string).collect();
                format!("amplitude {}", states.join(", "))
            }
            "expectation" | "variance" | "sample" => format!("{kind} {}", self.observable(result, &targets)?),
            other => return Err(format!("there is no result {other:?}")),
        };
        let _ = writeln!(out, "#pragma braket result {what}");
        Ok(())
    }

    fn observable(&self, result: &Value, targets: &[u64]) -> Result<String, String> {
        let factors = result.get("observable").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let (mut out, mut at) = (Vec::new(), 0usize);
        for factor in factors {
            let (name, n) = match factor {
                Value::String(name) => (name.clone(), 1),
                Value::Array(rows) => {
                    (format!("hermitian({})", matrix(Some(factor))?), rows.len().ilog2() as usize)
                }
                _ => return Err("an observable is a name or a matrix".to_owned()),
            };
            let own = targets.get(at..at + n).filter(|_| !targets.is_empty());
            at += n;
            out.push(match (own, factor) {
                (None, _) if targets.is_empty() => format!("{name} all"),
                (None, _) => return Err("an observable has too few targets".to_owned()),
                (Some(own), Value::String(_)) => format!("{name}({})", self.operands(own)),
                (Some(own), _) => format!("{name} {}", self.operands(own)),
            });
        }
        Ok(out.join(" @ "))
    }
}

/// A word that is made of letters, digits and underscores only.
fn word<'a>(of: &'a Value, key: &str) -> Result<&'a str, String> {
    let text = of.get(key).and_then(Value::as_str).unwrap_or("");
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { Ok(text) } else { Err(format!("an instruction has no `{key}`")) }
}

/// Rows of pairs of real and imaginary parts, as OpenQASM writes them.
fn matrix(rows: Option<&Value>) -> Result<String, String> {
    let wrong = || "a matrix is rows of pairs of numbers".to_owned();
    let mut lines = Vec::new();
    for row in rows.and_then(Value::as_array).filter(|r| !r.is_empty()).ok_or_else(wrong)? {
        let mut entries = Vec::new();
        for entry in row.as_array().ok_or_else(wrong)? {
            let part = |k: usize| entry.get(k).and_then(Value::as_f64).ok_or_else(wrong);
            let (re, im) = (part(0)?, part(1)?);
            let sign = if im < 0.0 { '-' } else { '+' };
            entries.push(format!("{re:?} {sign} {:?}im", im.abs()));
        }
        lines.push(format!("[{}]", entries.join(", ")));
    }
    Ok(format!("[{}]", lines.join(", ")))
}

#[cfg(test)]
mod tests {
    use crate::qasm::{Inputs, ParseOptions, read};

    fn text(program: &str) -> Result<String, String> {
        super::text(&serde_json::from_str(program).unwrap())
    }

    #[test]
    fn every_kind_of_instruction_is_said_in_openqasm() {
        let program = r#"{"instructions": [
            {"type": "h", "target": 0}, {"type": "cnot", "control": 0, "target": 1},
            {"type": "ccnot", "controls": [0, 1], "target": 2}, {"type": "rx", "target": 1, "angle": 0.5},
            {"type": "ms", "targets": [0, 1], "angle1": 0.1, "angle2": 0.2, "angle3": 0.3},
            {"type": "unitary", "targets": [2], "matrix": [[[0, 0], [0, -1]], [[0, 1], [0, 0]]]},
            {"type": "pauli_channel", "target": 0, "probX": 0.1, "probY": 0.0, "probZ": 0.2},
            {"type": "generalized_amplitude_damping", "target": 0, "gamma": 0.1, "probability": 0.7}],
            "results": [{"type": "expectation", "observable": ["x", [[[1, 0], [0, 0]], [[0, 0], [-1, 0]]]], "targets": [1, 0]},
                        {"type": "probability"}]}"#;
        let expected = "OPENQASM 3.0;\nqubit[3] q;\nh q[0];\ncnot q[0], q[1];\nccnot q[0], q[1], q[2];\nrx(0.5) q[1];\n\
            ms(0.1, 0.2, 0.3) q[0], q[1];\n#pragma braket unitary([[0.0 + 0.0im, 0.0 - 1.0im], [0.0 + 1.0im, 0.0 + 0.0im]]) q[2]\n\
            #pragma braket noise pauli_channel(0.1, 0.0, 0.2) q[0]\n#pragma braket noise generalized_amplitude_damping(0.1, 0.7) q[0]\n\
            #pragma braket result expectation x(q[1]) @ hermitian([[1.0 + 0.0im, 0.0 + 0.0im], [0.0 + 0.0im, -1.0 + 0.0im]]) q[0]\n\
            #pragma braket result probability all\n";
        assert_eq!(text(program).as_deref(), Ok(expected));
    }

    #[test]
    fn gaps_keep_the_numbers_and_nonsense_is_refused() {
        let read = |p: &str| read("t", p, &ParseOptions::default(), &Inputs::new());
        let head =
            r#"{"braketSchemaHeader": {"name": "braket.ir.jaqcd.program", "version": "1"}, "instructions": "#;
        let gaps = read(&format!(r#"{head}[{{"type": "x", "target": 5}}, {{"type": "i", "target": 9}}]}}"#));
        let labels = gaps.circuit.map(|c| c.labels);
        assert_eq!(labels, Some(crate::circuit::QubitLabels::Physical(vec![5, 9])));
        let far = read(&format!(r#"{head}[{{"type": "x", "target": 18446744073709551615}}]}}"#));
        assert!(far.circuit.is_none(), "no qubit has such a number");
        let turned = |results: &str| {
            text(&format!(
                r#"{{"instructions": [{{"type": "x", "target": 0}}],
                    "basis_rotation_instructions": [{{"type": "h", "target": 0}}]{results}}}"#
            ))
        };
        assert!(turned("").is_ok_and(|t| t.ends_with("x q[0];\nh q[0];\n")));
        let sample = r#", "results": [{"type": "sample", "observable": ["x"], "targets": [0]}]"#;
        assert!(turned(sample).is_ok_and(|t| !t.contains("h q[0]")), "the sample turns by itself");
        for bad in [
            "[]",
            "5",
            r#"[{"type": "h; x", "target": 0}]"#,
            r#"[{"type": "unitary", "targets": [0]}]"#,
            r#"[{"type": "end"}]"#,
            r#"[{"type": "measure", "target": 0}]"#,
            r#"[{"type": "x", "target": 0.5}]"#,
            r#"[{"type": "noise", "gamma": 0.5, "target": 0}]"#,
        ] {
            let refused = read(&format!("{head}{bad}}}"));
            assert_eq!(refused.diagnostics.first().map(|d| d.code), Some("SB5007"), "{bad}");
        }
    }
}
