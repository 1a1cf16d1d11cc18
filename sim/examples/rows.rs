//! Times circuits for `benches/peers.sh`: a request on each line of the input, an answer on each
//! line of the output, both JSON.
//!
//! A request names a `task` (`state`, `batch`, `values`, `gradient`, `engine`), the OpenQASM
//! `files`, `shots`, `threads`, and where it needs them `engine`, `terms` (a Pauli sum) and
//! `inputs`. The answer holds `ms` of one run and `check`, a number that other engines must find
//! too. Reading the text is part of the time, except for gradients, where an optimiser would have
//! read it once.

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;
use std::io::BufRead;
use std::time::Instant;

use serde_json::{Value, json};
use shotbook_sim::circuit::Circuit;
use shotbook_sim::engine::{Counts, EngineChoice, Options, Precision, prepare};
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::qasm;

type Answer = Result<Value, Box<dyn Error>>;

fn read(name: &str, text: &str) -> Result<Circuit, Box<dyn Error>> {
    let reading = qasm::read(name, text, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    reading.circuit.ok_or_else(|| format!("{name}: {:?}", reading.diagnostics.first()).into())
}

/// Mean of Z on the first column.
fn first_column(counts: &Counts) -> f64 {
    let shots: u64 = counts.iter().map(|c| c.1).sum();
    let ones: u64 = counts.iter().filter(|c| c.0.get(0) == Some(true)).map(|c| c.1).sum();
    1.0 - 2.0 * ones as f64 / shots as f64
}

fn options(request: &Value) -> Options<'static> {
    let engine = match request["engine"].as_str() {
        Some("density-matrix") => EngineChoice::DensityMatrix,
        Some("trajectories") => EngineChoice::Trajectories,
        Some("mps") => EngineChoice::Mps,
        _ => EngineChoice::Auto,
    };
    let capped = engine == EngineChoice::Mps;
    Options {
        engine,
        threads: request["threads"].as_u64().unwrap_or(1) as usize,
        shots: request["shots"].as_u64(),
        max_bond: capped.then_some(64),
        cutoff: capped.then_some(1e-10),
        max_memory: 16 << 30,
        precision: match request["precision"].as_str() {
            Some("single") => Precision::Single,
            _ => Precision::Double,
        },
        ..Options::default()
    }
}

/// The beginning of what is timed.
struct Moment(Instant);

impl Moment {
    fn now() -> Self {
        Self(Instant::now())
    }

    /// The time since, as an answer with a check.
    fn answer(&self, check: f64) -> Value {
        let ms = self.0.elapsed().as_secs_f64() * 1e3;
        json!({"ms": ms, "check": check})
    }
}

fn answer(request: &Value) -> Answer {
    let files: Vec<&str> =
        request["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let texts = files.iter().map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let shots = request["shots"].as_u64().unwrap_or(0);
    let options = options(request);
    let sum = request["terms"].as_str().map(PauliSum::parse).transpose()?;
    let name = files.first().copied().unwrap_or_default();
    let text = texts.first().map(String::as_str).unwrap_or_default();
    match request["task"].as_str() {
        Some("batch") => {
            let began = Moment::now();
            let mut sum = 0.0;
            for (name, text) in files.iter().zip(&texts) {
                let result = prepare(&read(name, text)?, &options)?.run(&[], shots, 1)?;
                sum += first_column(&result.counts);
            }
            Ok(began.answer(sum / texts.len() as f64))
        }
        Some("gradient") => {
            let sum = sum.ok_or("a gradient needs terms")?;
            let inputs: Vec<f64> =
                request["inputs"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            let mut out = vec![0.0; inputs.len()];
            let mut prepared = prepare(&read(name, text)?, &options)?;
            let began = Moment::now();
            prepared.gradient(&inputs, &sum, &mut out)?;
            let mut timed = began.answer(0.0);
            timed["check"] = json!(out.iter().map(|x| x * x).sum::<f64>().sqrt());
            Ok(timed)
        }
        Some("values") => {
            let sums = [sum.ok_or("a mean needs terms")?];
            let mut out = [0.0];
            let began = Moment::now();
            prepare(&read(name, text)?, &options)?.values(&[], &sums, &mut out)?;
            Ok(began.answer(out[0]))
        }
        _ => {
            let began = Moment::now();
            let mut prepared = prepare(&read(name, text)?, &options)?;
            let result = prepared.run(&[], shots, 1)?;
            let mut timed = began.answer(0.0);
            // Exact where a check by shots would say little.
            let check = match &sum {
                Some(sum) => {
                    let mut out = [0.0];
                    prepared.values(&[], std::slice::from_ref(sum), &mut out)?;
                    out[0]
                }
                None => first_column(&result.counts),
            };
            timed["check"] = json!(check);
            timed["engine"] = json!(prepared.engine());
            Ok(timed)
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let said = serde_json::from_str(&line?).map_err(Into::into).and_then(|request| answer(&request));
        println!("{}", said.unwrap_or_else(|e| json!({"error": e.to_string()})));
    }
    Ok(())
}
