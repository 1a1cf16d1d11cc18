//! The `action` of a task: one program, a set of them, or an analog one.

use serde_json::Value;
use shotbook_sim::engine::Watch;
use shotbook_sim::qasm::{InputValue, Inputs};
use shotbook_sim::target::Device;

use super::jaqcd;
use super::program::{self, Program, Ran};

pub(crate) const PROGRAM: &str = "braket.ir.openqasm.program";
pub(crate) const SET: &str = "braket.ir.openqasm.program_set";
pub(crate) const JAQCD: &str = "braket.ir.jaqcd.program";
pub(crate) const ANALOG: &str = "braket.ir.ahs.program";

/// What a task carries, read and checked.
#[derive(Debug)]
pub(crate) struct Action {
    /// Name in the payload's header.
    pub kind: &'static str,
    /// The payload, echoed by results.
    pub payload: Value,
    /// The executables of each program; a single program has one.
    pub programs: Vec<Vec<Program>>,
}

/// Why a payload is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Whole(String),
    /// Program, inputs and the reason of each failure.
    Set(Vec<(usize, Option<usize>, String)>),
}

/// What running gave.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ran { programs: Vec<Vec<Result<Ran, String>>>, duration_ms: u64 },
    Failed(String),
}

fn whole(message: impl Into<String>) -> Refusal {
    Refusal::Whole(message.into())
}

/// Reads the payload of a task for a device.
pub(crate) fn read(text: &str, device: &Device, shots: u64) -> Result<Action, Refusal> {
    let payload: Value = serde_json::from_str(text).map_err(|_| whole("The action is not valid JSON."))?;
    let name = payload.pointer("/braketSchemaHeader/name").and_then(Value::as_str).unwrap_or("");
    let kind = [PROGRAM, SET, JAQCD, ANALOG].into_iter().find(|k| *k == name);
    let kind = kind.ok_or_else(|| whole(format!("Action type {name:?} is not supported.")))?;
    if payload.pointer("/braketSchemaHeader/version").and_then(Value::as_str) != Some("1") {
        return Err(whole(format!("Version 1 of {name} is required.")));
    }
    let unsupported = || whole(format!("Device {} does not support the action type {name}.", device.arn));
    if device.analog != (kind == ANALOG) {
        return Err(unsupported());
    }
    let programs = match kind {
        PROGRAM => {
            let source = source(&payload).map_err(whole)?;
            let inputs = inputs(&payload, None).map_err(whole)?;
            vec![vec![program::read(source, &inputs, device, shots).map_err(whole)?]]
        }
        JAQCD => {
            let source = jaqcd::source(&payload).map_err(whole)?;
            vec![vec![program::read(&source, &Inputs::new(), device, shots).map_err(whole)?]]
        }
        SET => read_set(&payload, device, shots, unsupported)?,
        _ => {
            analog(&payload).map_err(whole)?;
            Vec::new()
        }
    };
    Ok(Action { kind, payload, programs })
}

/// Whether an analog program has the members that its schema requires.
fn analog(payload: &Value) -> Result<(), String> {
    let sites = payload.pointer("/setup/ahs_register/sites").and_then(Value::as_array);
    let filling = payload.pointer("/setup/ahs_register/filling").and_then(Value::as_array);
    match (sites, filling) {
        (Some(sites), Some(filling)) if sites.len() == filling.len() && !sites.is_empty() => {}
        (Some(_), Some(_)) => return Err("sites and filling must have the same length.".to_owned()),
        _ => return Err("setup.ahs_register must have sites and filling.".to_owned()),
    }
    match payload.pointer("/hamiltonian/drivingFields").and_then(Value::as_array) {
        Some(_) => Ok(()),
        None => Err("hamiltonian must have drivingFields.".to_owned()),
    }
}

fn source(program: &Value) -> Result<&str, String> {
    program["source"].as_str().ok_or_else(|| "The action has no source.".to_owned())
}

/// The inputs of a program; in a set the values at one index of their lists.
fn inputs(program: &Value, index: Option<usize>) -> Result<Inputs, String> {
    let given = match &program["inputs"] {
        Value::Null => return Ok(Inputs::new()),
        Value::Object(map) => map,
        _ => return Err("inputs must be an object.".to_owned()),
    };
    let mut out = Inputs::new();
    for (name, value) in given {
        let value = index.map_or(value, |i| &value[i]);
        out.insert(name.clone(), input(name, value)?);
    }
    Ok(out)
}

fn input(name: &str, value: &Value) -> Result<InputValue, String> {
    match value {
        Value::String(bits) if !bits.is_empty() && bits.bytes().all(|b| matches!(b, b'0' | b'1')) => {
            Ok(InputValue::Bits(bits.clone()))
        }
        Value::Number(number) => Ok(match number.as_i64() {
            Some(whole) => InputValue::Int(whole),
            None => InputValue::Number(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Value::Array(items) => {
            items.iter().map(|v| input(name, v)).collect::<Result<_, _>>().map(InputValue::List)
        }
        _ => Err(format!("Input {name} is neither a number nor a bit string.")),
    }
}

/// How many rows the lists of inputs have: 1 without inputs.
fn rows(program: &Value) -> Result<usize, String> {
    let Some(given) = program["inputs"].as_object().filter(|map| !map.is_empty()) else { return Ok(1) };
    let mut length = None;
    for (name, value) in given {
        let list =
            value.as_array().ok_or_else(|| format!("Input {name} must be a list in a program set."))?;
        if *length.get_or_insert(list.len()) != list.len() {
            return Err("All inputs of a program must have the same length.".to_owned());
        }
    }
    match length {
        Some(0) | None => Err("The inputs of a program must not be empty.".to_owned()),
        Some(n) => Ok(n),
    }
}

fn read_set(
    payload: &Value,
    device: &Device,
    shots: u64,
    unsupported: impl Fn() -> Refusal,
) -> Result<Vec<Vec<Program>>, Refusal> {
    let Some(limits) = device.program_set else { return Err(unsupported()) };
    let given = payload["programs"].as_array().filter(|p| !p.is_empty());
    let given = given.ok_or_else(|| whole("A program set must have at least one program."))?;
    let mut failures = Vec::new();
    let mut counts = Vec::new();
    for (at, program) in given.iter().enumerate() {
        match rows(program) {
            Ok(n) => counts.push(n),
            Err(why) => failures.push((at, None, why)),
        }
    }
    if !failures.is_empty() {
        return Err(Refusal::Set(failures));
    }
    let total = counts.iter().sum::<usize>() as u64;
    if total > limits.max_executables {
        let most = limits.max_executables;
        return Err(whole(format!("The program set has {total} executables. The maximum is {most}.")));
    }
    if shots == 0 || !shots.is_multiple_of(total) {
        return Err(whole(format!(
            "The number of shots ({shots}) must be a positive multiple of the number of executables ({total})."
        )));
    }
    if shots > limits.max_total_shots {
        let most = limits.max_total_shots;
        return Err(whole(format!("The program set has {shots} shots. The maximum is {most}.")));
    }
    let mut out = Vec::new();
    for (at, (program, &n)) in given.iter().zip(&counts).enumerate() {
        let mut executables = Vec::new();
        for index in 0..n {
            match executable(program, index, device, shots / total) {
                Ok(one) => executables.push(one),
                Err(why) => failures.push((at, program["inputs"].is_object().then_some(index), why)),
            }
        }
        out.push(executables);
    }
    if failures.is_empty() { Ok(out) } else { Err(Refusal::Set(failures)) }
}

fn executable(program: &Value, index: usize, device: &Device, shots: u64) -> Result<Program, String> {
    let name = program.pointer("/braketSchemaHeader/name").and_then(Value::as_str);
    if name != Some(PROGRAM) {
        return Err(format!("Programs of a set must be of type {PROGRAM}."));
    }
    let read = program::read(source(program)?, &inputs(program, Some(index))?, device, shots)?;
    if !read.circuit().results.is_empty() {
        return Err("Result types are not supported in program sets.".to_owned());
    }
    Ok(read)
}

impl Action {
    /// How many executables there are.
    pub(crate) fn executables(&self) -> usize {
        self.programs.iter().map(Vec::len).sum()
    }

    /// Makes it feel the hardware that it runs on.
    pub(crate) fn add_noise(&mut self, device: &Device, shots: u64) {
        let each = shots / self.executables().max(1) as u64;
        for program in self.programs.iter_mut().flatten() {
            program.add_noise(device, each);
        }
    }

    /// Whether it ends in the blink of an eye.
    pub(crate) fn is_quick(&self, shots: u64) -> bool {
        self.executables() <= 20 && self.programs.iter().flatten().all(|p| p.is_quick(shots))
    }

    /// Runs all executables; the same seed gives the same outcomes.
    pub(crate) fn run(&self, shots: u64, seed: u64, watch: &dyn Watch) -> Outcome {
        if self.programs.is_empty() {
            return Outcome::Failed("Analog programs are checked but not simulated here.".to_owned());
        }
        let each = shots / self.executables().max(1) as u64;
        let mut number = 0;
        let mut duration_ms = 0;
        let mut programs = Vec::new();
        for program in &self.programs {
            let mut rows = Vec::new();
            for executable in program {
                rows.push(executable.run(each, seed.wrapping_add(number), watch));
                duration_ms += executable.duration_ms();
                number += 1;
            }
            programs.push(rows);
        }
        match (self.kind == SET, programs.first_mut().and_then(|p| p.first_mut())) {
            (false, Some(Err(why))) => Outcome::Failed(std::mem::take(why)),
            _ => Outcome::Ran { programs, duration_ms },
        }
    }
}
