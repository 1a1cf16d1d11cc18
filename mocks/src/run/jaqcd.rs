//! The older circuit payload, read by writing it as OpenQASM.

use std::fmt::Write as _;

use serde_json::Value;

/// Gates by their name there, with the members that hold qubits and parameters, in order.
const GATES: [(&str, &[&str], &[&str]); 35] = [
    ("h", &["target"], &[]),
    ("i", &["target"], &[]),
    ("x", &["target"], &[]),
    ("y", &["target"], &[]),
    ("z", &["target"], &[]),
    ("s", &["target"], &[]),
    ("si", &["target"], &[]),
    ("t", &["target"], &[]),
    ("ti", &["target"], &[]),
    ("v", &["target"], &[]),
    ("vi", &["target"], &[]),
    ("rx", &["target"], &["angle"]),
    ("ry", &["target"], &["angle"]),
    ("rz", &["target"], &["angle"]),
    ("phaseshift", &["target"], &["angle"]),
    ("cnot", &["control", "target"], &[]),
    ("cv", &["control", "target"], &[]),
    ("cy", &["control", "target"], &[]),
    ("cz", &["control", "target"], &[]),
    ("cphaseshift", &["control", "target"], &["angle"]),
    ("cphaseshift00", &["control", "target"], &["angle"]),
    ("cphaseshift01", &["control", "target"], &["angle"]),
    ("cphaseshift10", &["control", "target"], &["angle"]),
    ("swap", &["targets"], &[]),
    ("iswap", &["targets"], &[]),
    ("pswap", &["targets"], &["angle"]),
    ("xy", &["targets"], &["angle"]),
    ("xx", &["targets"], &["angle"]),
    ("yy", &["targets"], &["angle"]),
    ("zz", &["targets"], &["angle"]),
    ("ecr", &["targets"], &[]),
    ("ccnot", &["controls", "target"], &[]),
    ("cswap", &["control", "targets"], &[]),
    ("unitary", &["targets"], &[]),
    ("kraus", &["targets"], &[]),
];
const NOISE: [(&str, &[&str], &[&str]); 9] = [
    ("bit_flip", &["target"], &["probability"]),
    ("phase_flip", &["target"], &["probability"]),
    ("depolarizing", &["target"], &["probability"]),
    ("amplitude_damping", &["target"], &["gamma"]),
    ("phase_damping", &["target"], &["gamma"]),
    ("generalized_amplitude_damping", &["target"], &["gamma", "probability"]),
    ("pauli_channel", &["target"], &["probX", "probY", "probZ"]),
    ("two_qubit_depolarizing", &["targets"], &["probability"]),
    ("two_qubit_dephasing", &["targets"], &["probability"]),
];

fn qubits(instruction: &Value, members: &[&str]) -> Option<Vec<u64>> {
    let mut out = Vec::new();
    for member in members {
        match &instruction[*member] {
            Value::Array(items) => {
                for item in items {
                    out.push(item.as_u64()?);
                }
            }
            one => out.push(one.as_u64()?),
        }
    }
    (!out.is_empty() && out.iter().all(|q| *q < 1 << 16)).then_some(out)
}

/// The payload as OpenQASM.
pub(super) fn source(payload: &Value) -> Result<String, String> {
    let instructions = payload["instructions"].as_array().filter(|i| !i.is_empty());
    let instructions = instructions.ok_or("The program has no instructions.")?;
    let mut body = String::new();
    let mut n_qubits = 0;
    for instruction in instructions {
        let kind = instruction["type"].as_str().unwrap_or("");
        let bad = || format!("The instruction {kind:?} is not valid.");
        let noise = NOISE.iter().find(|(name, ..)| *name == kind);
        let row = noise.or_else(|| GATES.iter().find(|(name, ..)| *name == kind)).ok_or_else(bad)?;
        let on = qubits(instruction, row.1).ok_or_else(bad)?;
        n_qubits = n_qubits.max(on.iter().max().map_or(0, |q| q + 1));
        let on: Vec<String> = on.iter().map(|q| format!("q[{q}]")).collect();
        let values: Option<Vec<String>> =
            row.2.iter().map(|p| instruction[*p].as_f64().map(|x| format!("{x:?}"))).collect();
        let values = values.ok_or_else(bad)?.join(", ");
        let on = on.join(", ");
        match (kind, noise.is_some()) {
            ("unitary", _) => {
                let matrix = matrix(&instruction["matrix"]).ok_or_else(bad)?;
                let _infallible = writeln!(body, "#pragma braket unitary({matrix}) {on}");
            }
            ("kraus", _) => {
                let all = instruction["matrices"].as_array().ok_or_else(bad)?;
                let all: Option<Vec<String>> = all.iter().map(matrix).collect();
                let all = all.ok_or_else(bad)?.join(", ");
                let _infallible = writeln!(body, "#pragma braket noise kraus({all}) {on}");
            }
            (_, true) => {
                let _infallible = writeln!(body, "#pragma braket noise {kind}({values}) {on}");
            }
            _ if values.is_empty() => {
                let _infallible = writeln!(body, "{kind} {on};");
            }
            _ => {
                let _infallible = writeln!(body, "{kind}({values}) {on};");
            }
        }
    }
    for result in payload["results"].as_array().into_iter().flatten() {
        let _infallible = writeln!(body, "#pragma braket result {}", self::result(result)?);
    }
    Ok(format!("OPENQASM 3.0;\nqubit[{n_qubits}] q;\n{body}"))
}

/// A matrix of pairs as text.
fn matrix(value: &Value) -> Option<String> {
    let cell =
        |z: &Value| Some(format!("{:?} + {:?}im", z[0].as_f64()?, z[1].as_f64()?).replace("+ -", "- "));
    let row = |r: &Value| {
        let cells: Option<Vec<String>> = r.as_array()?.iter().map(cell).collect();
        Some(format!("[{}]", cells?.join(", ")))
    };
    let rows: Option<Vec<String>> = value.as_array()?.iter().map(row).collect();
    Some(format!("[{}]", rows?.join(", ")))
}

fn result(value: &Value) -> Result<String, String> {
    let kind = value["type"].as_str().unwrap_or("");
    let bad = || format!("The result type {kind:?} is not valid.");
    let targets: Vec<u64> =
        value["targets"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    let on: Vec<String> = targets.iter().map(|q| format!("q[{q}]")).collect();
    let all = if on.is_empty() { "all".to_owned() } else { on.join(", ") };
    Ok(match kind {
        "statevector" => "state_vector".to_owned(),
        "densitymatrix" => format!("density_matrix {all}"),
        "probability" => format!("probability {all}"),
        "amplitude" => {
            let states = value["states"].as_array().ok_or_else(bad)?;
            let states: Option<Vec<String>> =
                states.iter().map(|s| Some(format!("\"{}\"", s.as_str()?))).collect();
            format!("amplitude {}", states.ok_or_else(bad)?.join(", "))
        }
        "expectation" | "variance" | "sample" => {
            let factors = value["observable"].as_array().filter(|f| !f.is_empty()).ok_or_else(bad)?;
            let mut parts = Vec::new();
            let mut rest = on.as_slice();
            for factor in factors {
                let (name, size) = match factor {
                    Value::String(name) => (name.clone(), 1),
                    many => {
                        let size = many.as_array().map_or(0, Vec::len).checked_ilog2().unwrap_or(0) as usize;
                        (format!("hermitian({})", matrix(many).ok_or_else(bad)?), size)
                    }
                };
                if on.is_empty() {
                    parts.push(format!("{name} all"));
                    break;
                }
                let own = rest.get(..size).ok_or_else(bad)?;
                rest = &rest[size..];
                let simple = !name.starts_with("hermitian");
                parts.push(if simple {
                    format!("{name}({})", own[0])
                } else {
                    format!("{name} {}", own.join(", "))
                });
            }
            format!("{kind} {}", parts.join(" @ "))
        }
        _ => return Err(bad()),
    })
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_circuit_is_written_as_openqasm() {
        let payload = serde_json::json!({"instructions": [
            {"type": "h", "target": 0}, {"type": "cnot", "control": 0, "target": 2},
            {"type": "rx", "target": 1, "angle": 0.5}, {"type": "bit_flip", "target": 0, "probability": 0.1}],
            "results": [{"type": "expectation", "observable": ["x", "z"], "targets": [0, 2]}]});
        let text = source(&payload).unwrap();
        let wanted = "OPENQASM 3.0;\nqubit[3] q;\nh q[0];\ncnot q[0], q[2];\nrx(0.5) q[1];\n\
                      #pragma braket noise bit_flip(0.1) q[0]\n#pragma braket result expectation x(q[0]) @ z(q[2])\n";
        assert_eq!(text, wanted);
        for bad in
            [r#"{}"#, r#"{"instructions":[{"type":"h"}]}"#, r#"{"instructions":[{"type":"no","target":0}]}"#]
        {
            assert!(source(&serde_json::from_str(bad).unwrap()).is_err(), "{bad}");
        }
    }
}
