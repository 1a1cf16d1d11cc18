//! Answers the requests of `benches/peers.py` with the simulator prism-q.

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use prism_q::circuit::openqasm;
use prism_q::{simulate, BackendKind, Gate, Instruction, ParamLink, Parameters, PauliTerm};
use serde_json::{json, Value};

type Answer = Result<Value, Box<dyn Error>>;

/// A simulation of a program; a closure could not say that its result borrows the program.
macro_rules! state {
    ($program:expr) => {
        simulate(&$program.circuit).seed(1)
    };
}

fn terms(request: &Value) -> Vec<(f64, Vec<PauliTerm>)> {
    let letter = |(letter, qubit): (char, &Value)| {
        let qubit = qubit.as_u64().unwrap_or(0) as usize;
        match letter {
            'X' => PauliTerm::x(qubit),
            'Y' => PauliTerm::y(qubit),
            _ => PauliTerm::z(qubit),
        }
    };
    let each = |t: &Value| {
        let qubits = t[2].as_array().cloned().unwrap_or_default();
        let letters = t[1].as_str().unwrap_or("").chars().zip(&qubits).map(letter).collect();
        (t[0].as_f64().unwrap_or(0.0), letters)
    };
    request["list"].as_array().into_iter().flatten().map(each).collect()
}

fn answer(request: &Value) -> Answer {
    let files: Vec<&str> = request["braket_files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let shots = request["shots"].as_u64().unwrap_or(0) as usize;
    let began = Instant::now();
    let ms = |began: Instant| began.elapsed().as_secs_f64() * 1e3;
    let sum = terms(request);
    let text = &texts[0];
    match request["task"].as_str().unwrap_or("") {
        "batch" => {
            for text in &texts {
                let program = openqasm::parse_braket(text)?;
                state!(program).sample_counts(shots)?;
            }
            Ok(json!({"ms": ms(began)}))
        }
        "gradient" => {
            let program = openqasm::parse_braket(text)?;
            let mut links = Vec::new();
            for (instruction, op) in program.circuit.instructions.iter().enumerate() {
                if let Instruction::Gate { gate: Gate::Rx(_) | Gate::Ry(_) | Gate::Rz(_), .. } = op {
                    links.push(ParamLink { instruction, slot: links.len() });
                }
            }
            let count = links.len();
            let parameters = Parameters::from_links(links, count);
            let began = Instant::now();
            let all = state!(program).expectation_gradient(&sum, &parameters)?.gradient;
            Ok(json!({"ms": ms(began), "check": all.iter().map(|x| x * x).sum::<f64>().sqrt()}))
        }
        "values" | "exact" => {
            let program = openqasm::parse_braket(text)?;
            let strings: Vec<Vec<PauliTerm>> = sum.iter().map(|t| t.1.clone()).collect();
            let run = match request["engine"].as_str() {
                Some("density-matrix") => state!(program).backend(BackendKind::DensityMatrix),
                Some("mps") => state!(program).backend(BackendKind::Mps { max_bond_dim: 64 }),
                _ => state!(program).backend(BackendKind::Statevector),
            };
            let run = match &program.noise {
                Some(noise) => run.noise(noise),
                None => run,
            };
            let means = run.expectation_values(&strings)?;
            let mean: f64 = means.iter().zip(&sum).map(|(m, t)| m * t.0).sum();
            Ok(json!({"ms": ms(began), "check": mean}))
        }
        task => {
            let program = openqasm::parse_braket(text)?;
            let run = match &program.noise {
                Some(noise) => state!(program).noise(noise),
                None => state!(program),
            };
            if task == "frames" {
                run.shots(shots)?;
                return Ok(json!({"ms": ms(began)}));
            }
            let counts = run.sample_counts(shots)?.counts;
            let ms = ms(began);
            let ones: u64 = counts.iter().filter(|(k, _)| k[0] & 1 == 1).map(|(_, v)| *v as u64).sum();
            Ok(json!({"ms": ms, "check": 1.0 - 2.0 * ones as f64 / shots as f64}))
        }
    }
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let said = serde_json::from_str(&line).map_err(Into::into).and_then(|request| answer(&request));
        println!("{}", said.unwrap_or_else(|e| json!({"error": e.to_string()})));
    }
}
