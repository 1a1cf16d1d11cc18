//! Many points of one circuit in one task.

use serde_json::{Value, json};
use shotbook_sim::qasm::Inputs;

use super::submit::{Plan, Refused, Request, content, input_json};
use crate::ids::BlobId;
use crate::price::PriceList;
use crate::price::quote::{self, Subject};

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
    let action = json!({
        "braketSchemaHeader": {"name": "braket.ir.openqasm.program_set", "version": "1"},
        "programs": [program],
    });
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
