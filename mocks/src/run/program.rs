//! One program with one set of inputs: what may be run, and what came of it.

use shotbook_sim::circuit::{Circuit, Op, QubitLabels};
use shotbook_sim::diagnostic::Severity;
use shotbook_sim::engine::{Columns, Options, TaskResult, Watch, prepare};
use shotbook_sim::qasm::{self, Inputs, ParseOptions};
use shotbook_sim::result::{ResultRequest, ResultType};
use shotbook_sim::target::{self, Device, DeviceKind, Profile, Setting};

use super::{compile, include, noise};

/// The most memory that one simulation may take. Units: bytes.
const MEMORY: u64 = 4 << 30;

/// A program that was read and checked.
#[derive(Debug)]
pub(crate) struct Program {
    circuit: Circuit,
    /// The same circuit as hardware runs it.
    noisy: Option<Circuit>,
    values: Vec<f64>,
    /// Whether every qubit that is declared is measured when nothing says so.
    whole: bool,
    /// For each result that is asked, whether its pragma names no qubits but all.
    all: Vec<bool>,
}

/// Outcomes as packed as they need to be: many tasks are kept, few are read.
#[derive(Debug)]
enum Rows {
    /// At most 256 different outcomes.
    Small(Vec<u8>),
    Large(Vec<u32>),
}

/// What running a program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub result: TaskResult,
    rows: Rows,
    pub labels: Vec<u32>,
}

/// Whether a result pragma asks for an observable of each qubit.
fn is_of_all(request: &ResultRequest, pragma: &str) -> bool {
    let observed =
        matches!(request.kind, ResultType::Expectation(_) | ResultType::Variance(_) | ResultType::Sample(_));
    observed && without_comments(pragma).split_whitespace().last() == Some("all")
}

/// A line without its comments.
fn without_comments(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('/') {
        out.push_str(&rest[..at]);
        rest = match &rest[at..] {
            from if from.starts_with("//") => "",
            from if from.starts_with("/*") => from.split_once("*/").map_or("", |(_, after)| after),
            from => {
                out.push('/');
                &from[1..]
            }
        };
        out.push(' ');
    }
    out + rest
}

/// The text with each pragma on a line of its own, as the service's reader takes them.
fn with_lines(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for (i, line) in source.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let code = line.find("//").unwrap_or(line.len());
        let mut from = 0;
        for (at, _) in line[..code].match_indices("#pragma") {
            if !line[from..at].trim().is_empty() {
                out.push_str(&line[from..at]);
                out.push('\n');
                from = at;
            }
        }
        out.push_str(&line[from..]);
    }
    out
}

/// Reads a program for a device; the service's words when it is refused.
pub(super) fn read(source: &str, inputs: &Inputs, device: &Device, shots: u64) -> Result<Program, String> {
    if let Some(refusal) = include::refusal(source) {
        return Err(refusal);
    }
    let reading = qasm::read("source", with_lines(source), &ParseOptions::default(), inputs);
    let Some(circuit) = &reading.circuit else {
        let wrong = reading.diagnostics.iter().find(|d| d.severity == Severity::Error);
        let said = wrong.and_then(|d| target::published(d, &reading.sources));
        let line = wrong.map_or(0, |d| reading.sources.place(d.span.start).line);
        return Err(said.unwrap_or_else(|| format!("[line {line}] {}", wrong.map_or("", |d| &d.message))));
    };
    // What the service is known to say of a text comes first; the rest is judged by what it means.
    let setting = Setting { device: Some(device), shots: Some(shots), inputs: Some(inputs) };
    if circuit.pulses.is_some() {
        return Err(format!(
            "Device {} does not support pulse programs here: nothing plays them.",
            device.arn
        ));
    }
    let known = Profile::Service.refusals(&reading, &setting).into_iter();
    if let Some(said) = known.filter(|r| r.diagnostic.severity == Severity::Error).find_map(|r| r.service) {
        return Err(said);
    }
    let refused = target::refusals(circuit, device, Some(shots), Some(&reading.sources)).into_iter().next();
    if let Some(refusal) = refused {
        return Err(refusal.service.unwrap_or(refusal.diagnostic.message));
    }
    let values = qasm::bind(circuit, inputs)
        .map_err(|all| all.into_iter().next().map_or_else(String::new, |d| d.message))?;
    let whole = device.kind == DeviceKind::Simulator;
    let all = circuit.results.iter().map(|r| is_of_all(r, reading.sources.text(r.span))).collect();
    Ok(Program { circuit: circuit.clone(), noisy: None, values, whole, all })
}

impl Program {
    /// Whether a result is one of an observable on all qubits.
    pub(super) fn asks_of_all(&self, result: usize) -> bool {
        self.all.get(result).copied().unwrap_or(false)
    }

    pub(super) fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Makes it feel the hardware that it runs on.
    pub(super) fn add_noise(&mut self, device: &Device, shots: u64) {
        self.noisy = noise::on_hardware(&self.circuit, device, shots);
    }

    /// Whether it ends in the blink of an eye, whatever the engine.
    pub(super) fn is_quick(&self, shots: u64) -> bool {
        self.circuit.n_qubits <= 12 && self.circuit.ops.ops.len() <= 500 && shots <= 20_000
    }

    /// What is measured when nothing says so: all qubits of a managed simulator, elsewhere those that
    /// operations touch.
    fn used(&self) -> Vec<u32> {
        let c = &self.circuit;
        let mut used = vec![self.whole; c.n_qubits as usize];
        c.walk(&mut |op, _| c.op_qubits(op).iter().for_each(|&q| used[q as usize] = true));
        (0..c.n_qubits).filter(|&q| used[q as usize]).collect()
    }

    /// What the device's compiler makes of it, where its results tell.
    pub(super) fn compiled(&self, device: &Device) -> Option<String> {
        compile::compiled(&self.circuit, &self.values, &self.used(), device)
    }

    /// Whether any operation measures.
    pub(super) fn measures(&self) -> bool {
        let mut any = false;
        self.circuit.walk(&mut |op, _| any |= matches!(op, Op::Measure { .. }));
        any
    }

    /// Runs the program; the same seed gives the same outcomes.
    pub(super) fn run(&self, shots: u64, seed: u64, watch: &dyn Watch) -> Result<Ran, String> {
        let columns = if self.measures() { Columns::Auto } else { Columns::Qubits(self.used()) };
        let options = Options {
            keep_shots: true,
            columns,
            max_memory: MEMORY,
            watch: Some(watch),
            ..Options::default()
        };
        let mut prepared =
            prepare(self.noisy.as_ref().unwrap_or(&self.circuit), &options).map_err(|e| e.to_string())?;
        let mut result = prepared.run(&self.values, shots, seed).map_err(|e| e.to_string())?;
        let list = result.shot_list.take().unwrap_or_else(|| {
            let times = result.counts.iter().enumerate();
            times.flat_map(|(i, (_, n))| std::iter::repeat_n(i as u32, *n as usize)).collect()
        });
        let rows = if result.counts.len() <= 256 {
            Rows::Small(list.iter().map(|&i| i as u8).collect())
        } else {
            Rows::Large(list)
        };
        let labels = match &self.circuit.labels {
            QubitLabels::Registers(_) => result.columns.clone(),
            QubitLabels::Physical(labels) => {
                result.columns.iter().map(|&q| labels.get(q as usize).copied().unwrap_or(q)).collect()
            }
        };
        Ok(Ran { result, rows, labels })
    }

    /// Time as a simulator would report it; a function of the program alone. Units: milliseconds.
    pub(super) fn duration_ms(&self) -> u64 {
        3 + (self.circuit.ops.ops.len() as u64) / 100
    }
}

impl Ran {
    /// Index into the outcomes for each shot, in the order taken.
    pub(super) fn shots(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match &self.rows {
            Rows::Small(rows) => Box::new(rows.iter().map(|&i| usize::from(i))),
            Rows::Large(rows) => Box::new(rows.iter().map(|&i| i as usize)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{with_lines, without_comments};

    #[test]
    fn comments_say_nothing_of_a_result() {
        for (line, last) in [
            ("#pragma braket result expectation z(q[0]) // on all", "z(q[0])"),
            ("#pragma braket result expectation z all // of them", "all"),
            ("#pragma braket result variance x /* y */ all /* z */", "all"),
            ("#pragma braket result sample z(q[1]) /* all", "z(q[1])"),
        ] {
            assert_eq!(without_comments(line).split_whitespace().last(), Some(last));
        }
    }

    #[test]
    fn a_pragma_begins_its_own_line() {
        assert_eq!(
            with_lines("h q;#pragma a#pragma b\n#pragma c // #pragma d\n"),
            "h q;\n#pragma a\n#pragma b\n#pragma c // #pragma d\n"
        );
    }
}
