//! Many points of one circuit, or of several, in one task.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shotbook_sim::qasm::Inputs;

use super::submit::{Plan, Refused, Request, content, input_json};
use crate::ids::{BlobId, hex};
use crate::price::quote::{self, Subject};
use crate::price::{Price, PriceList, Tariff};

/// The plan of one point as a program set of many: the same circuit with each row of inputs.
///
/// `request` has the shots of one executable and the inputs of any row, `plan` is its plan.
///
/// # Errors
/// A rate that is not known, or money out of range.
pub fn set_plan(
    request: &Request<'_>,
    mut plan: Plan,
    rows: &[Inputs],
    list: &PriceList,
) -> Result<Plan, Refused> {
    let free = |name: &str| request.circuit.inputs.iter().any(|i| i.name == name);
    let mut columns = serde_json::Map::new();
    for name in request.inputs.keys() {
        let column: Vec<Value> = rows.iter().filter_map(|row| row.get(name)).map(input_json).collect();
        columns.insert(name.clone(), Value::Array(column));
    }
    let inputs = Value::Object(columns.clone()).to_string();
    columns.retain(|name, _| free(name));
    let wrong = |e: serde_json::Error| Refused::Flag(format!("the action of one point is not readable: {e}"));
    let mut program: Value = serde_json::from_slice(&plan.blobs[1]).map_err(wrong)?;
    if !columns.is_empty() {
        program["inputs"] = Value::Object(columns);
    }
    let action = set_of(vec![program]);
    let shots = request.shots.saturating_mul(rows.len() as u64);
    let whole = Request { shots, ..request.clone() };
    let subject = Subject { circuit: request.circuit, sha256: request.sha256, inputs: &inputs, shots };
    let price = quote::price(&subject, list, request.device)?
        .ok_or_else(|| Refused::NoPrice(request.device.name.clone()))?;
    plan.quote_id = quote::id(&subject, list);
    plan.hold = price.hold;
    plan.blobs[1] = action.to_string().into_bytes();
    plan.blobs[2] = inputs.clone().into_bytes();
    plan.draft.content = content(&whole, &inputs);
    plan.draft.action = BlobId::of(&plan.blobs[1]);
    plan.draft.inputs = BlobId::of(&plan.blobs[2]);
    plan.draft.shots = shots;
    plan.draft.tariff = price.tariff.clone();
    plan.draft.hold_kind = price.hold_kind;
    plan.price = price;
    Ok(plan)
}

fn set_of(programs: Vec<Value>) -> Value {
    json!({
        "braketSchemaHeader": {"name": "braket.ir.openqasm.program_set", "version": "1"},
        "programs": programs,
    })
}

/// One executable of a set, as a line of a batch gave it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The line by itself, with the shots of one executable.
    pub plan: &'a Plan,
    /// Which point of the collection it is.
    pub point: u64,
    /// The name that the line gave itself.
    pub key: Option<&'a str>,
}

impl Plan {
    /// The program of its action: text and values of inputs.
    ///
    /// # Errors
    /// An action that is no program.
    pub fn program(&self) -> Result<(String, serde_json::Map<String, Value>), Refused> {
        let wrong = |why: String| Refused::Flag(format!("the action of one line is not readable: {why}"));
        let action: Value = serde_json::from_slice(&self.blobs[1]).map_err(|e| wrong(e.to_string()))?;
        let source = action["source"].as_str().ok_or_else(|| wrong("it has no source".to_owned()))?;
        Ok((source.to_owned(), action["inputs"].as_object().cloned().unwrap_or_default()))
    }

    /// Whether its points may share a task with others: it is billed by shots, and the device runs it
    /// without experimental capabilities.
    pub fn may_share(&self) -> bool {
        let experimental = matches!(&self.draft.place, crate::job::Place::Braket { experimental: true, .. });
        matches!(self.price.tariff, Tariff::PerShot { .. }) && !experimental
    }

    /// What groups it with others: device, project and tags.
    pub fn kin(&self) -> (&str, Option<&str>, &std::collections::BTreeMap<String, String>) {
        (&self.draft.device, self.draft.project.as_deref(), &self.draft.tags)
    }

    /// Shots.
    pub fn shots(&self) -> u64 {
        self.draft.shots
    }
}

/// The plan of several lines as one program set. All have the same device, project, tags and shots.
///
/// Lines of the same program with other values of its inputs share its text. What the job keeps of
/// its inputs is a list with one row for each executable, in the order of the action.
///
/// # Errors
/// Money out of range, or an action that is no program.
pub fn mixed_plan(parts: &[Part<'_>]) -> Result<Plan, Refused> {
    let (mut programs, mut rows) = (Vec::<(String, Value)>::new(), Vec::<Vec<&Part<'_>>>::new());
    for part in parts {
        let (source, inputs) = part.plan.program()?;
        let known = programs.iter().position(|(text, _)| *text == source).filter(|_| !inputs.is_empty());
        let at = known.unwrap_or(programs.len());
        if known.is_none() {
            let columns = inputs.keys().map(|name| (name.clone(), json!([])));
            let columns: serde_json::Map<String, Value> = columns.collect();
            let header = json!({"name": "braket.ir.openqasm.program", "version": "1"});
            let mut program = json!({"braketSchemaHeader": header, "source": source});
            if !columns.is_empty() {
                program["inputs"] = Value::Object(columns);
            }
            programs.push((source, program));
            rows.push(Vec::new());
        }
        for (name, value) in inputs {
            if let Some(Value::Array(column)) = programs[at].1["inputs"].get_mut(&name) {
                column.push(value);
            }
        }
        rows[at].push(part);
    }
    let order: Vec<&Part<'_>> = rows.into_iter().flatten().collect();
    let Some(first) = order.first() else { return Err(Refused::Flag("a set of no lines".to_owned())) };
    let mut plan = first.plan.clone();
    let shots = plan.draft.shots.saturating_mul(order.len() as u64);
    let total = plan.price.tariff.worst_case(shots)?;
    plan.price = Price { tasks: 1, total, worst_case: total, hold: total, ..plan.price };
    plan.hold = total;
    let quotes: Vec<&str> = order.iter().map(|p| p.plan.quote_id.as_str()).collect();
    plan.quote_id = format!("q_{}", &hex(&Sha256::digest(quotes.join(" ")))[..12]);
    let texts: Vec<Value> = texts(&order);
    plan.draft.name = match texts.as_slice() {
        [_] => plan.draft.name,
        more => format!("{} and {} more", plan.draft.name, more.len() - 1),
    };
    if texts.len() > 1 {
        plan.blobs[0] = Value::Array(texts).to_string().into_bytes();
    }
    let action = set_of(programs.into_iter().map(|(_, program)| program).collect());
    plan.blobs[1] = action.to_string().into_bytes();
    plan.blobs[2] = Value::Array(order.iter().map(|p| label(p)).collect()).to_string().into_bytes();
    plan.draft.content = contents(order.iter().map(|p| p.plan));
    plan.draft.circuit = BlobId::of(&plan.blobs[0]);
    plan.draft.action = BlobId::of(&plan.blobs[1]);
    plan.draft.inputs = BlobId::of(&plan.blobs[2]);
    plan.draft.shots = shots;
    Ok(plan)
}

/// What several lines as one task are known by: the same lines again are the same task.
pub fn contents<'a>(plans: impl Iterator<Item = &'a Plan>) -> BlobId {
    let all: Vec<&str> = plans.map(|p| p.draft.content.as_str()).collect();
    match all.as_slice() {
        [one] => BlobId::new(*one),
        more => BlobId::of(more.join("\u{1f}").as_bytes()),
    }
}

/// Each circuit of a set once, with its text.
fn texts(order: &[&Part<'_>]) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let fresh = order.iter().filter(|p| seen.insert(&p.plan.draft.circuit));
    let text = |p: &&&Part<'_>| {
        json!({"name": p.plan.draft.name, "sha256": p.plan.draft.circuit.as_str(),
            "text": String::from_utf8_lossy(&p.plan.blobs[0])})
    };
    fresh.map(|p| text(&p)).collect()
}

fn label(part: &Part<'_>) -> Value {
    let inputs: Value = serde_json::from_slice(&part.plan.blobs[2]).unwrap_or(Value::Null);
    json!({"point": part.point, "circuit": part.plan.draft.name, "sha256": part.plan.draft.circuit.as_str(),
        "key": part.key, "inputs": inputs})
}
