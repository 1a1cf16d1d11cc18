//! What is sent to a device: Braket's strict form and the `action` around it.

use super::device::{Device, Pragma};
use super::profile::rule;
use crate::circuit::{Circuit, Gate, Op};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::emit::Reader;
use crate::qasm::{Emit, Inputs, emit};

/// The bytes of a task, the same for the same circuit and device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// OpenQASM in Braket's strict form, in gates that the device takes.
    pub source: String,
    /// The JSON action around it.
    pub action: String,
    /// Whether it needs the device's experimental capabilities: feed-forward.
    pub experimental: bool,
}

/// What is sent to a device for a circuit and values of its inputs.
///
/// # Errors
/// One diagnostic for each operation that the strict form cannot say, or that all is too large.
pub fn submission(
    circuit: &Circuit,
    device: &Device,
    inputs: &Inputs,
) -> Result<Submission, Vec<Diagnostic>> {
    let takes = |gate: Gate| device.gates.contains(&gate) || device.native_gates.contains(&gate);
    let barriers = device.takes_operation("barrier");
    let matrices = device.pragmas.contains(&Pragma::Unitary);
    let source = emit::emit_for(circuit, Emit::Braket, Reader { takes: Some(&takes), barriers, matrices })?;
    let free: Inputs = inputs
        .iter()
        .filter(|(name, _)| circuit.inputs.iter().any(|i| i.name == **name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let action = emit::action(&source, &free);
    if action.len() > limits::ACTION_BYTES {
        let message =
            format!("the action has {} bytes, {} takes {}", action.len(), device.name, limits::ACTION_BYTES);
        let rule = rule("SB4024");
        return Err(vec![Diagnostic::error(rule.code, Span::default(), message).with_help(rule.help)]);
    }
    Ok(Submission { source, action, experimental: feeds_forward(circuit) })
}

fn feeds_forward(circuit: &Circuit) -> bool {
    let mut any = false;
    circuit.walk(&mut |op, _| any |= matches!(op, Op::If { .. }));
    any
}
