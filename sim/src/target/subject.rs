//! What a rule looks at: a circuit on a device, and each operation with its surroundings.

use super::device::Device;
use crate::circuit::{Block, Circuit, Op, QubitLabels};
use crate::diagnostic::Span;

/// A circuit that asks for a device.
pub(super) struct Subject<'a> {
    pub circuit: &'a Circuit,
    pub device: &'a Device,
    pub shots: Option<u64>,
    pub facts: Facts,
}

/// An operation with its surroundings.
pub(super) struct Site<'a> {
    pub op: &'a Op,
    pub span: Span,
    /// Inside a verbatim box.
    pub verbatim: bool,
}

/// What one pass over a circuit finds out.
#[derive(Default)]
pub(super) struct Facts {
    pub n_gates: u64,
    /// First verbatim box.
    pub verbatim: Option<Span>,
    /// First gate outside verbatim boxes.
    pub outside: Option<Span>,
    /// First measurement whose outcome the program returns.
    pub measured: Option<Span>,
    /// First operation on a qubit that was measured before, with that measurement.
    pub after_measurement: Option<(Span, Span)>,
}

impl<'a> Subject<'a> {
    pub fn new(circuit: &'a Circuit, device: &'a Device, shots: Option<u64>) -> Self {
        Self { circuit, device, shots, facts: facts(circuit) }
    }

    /// The hardware number of a qubit, when the program names hardware.
    pub fn label(&self, qubit: u32) -> Option<u32> {
        match &self.circuit.labels {
            QubitLabels::Physical(labels) => labels.get(qubit as usize).copied(),
            QubitLabels::Registers(_) => None,
        }
    }

    /// How the program writes a qubit.
    pub fn written(&self, qubit: u32) -> String {
        match &self.circuit.labels {
            QubitLabels::Physical(labels) => {
                labels.get(qubit as usize).map_or_else(|| format!("qubit {qubit}"), |l| format!("${l}"))
            }
            QubitLabels::Registers(registers) => {
                let mut first = 0;
                for (name, size) in registers {
                    if qubit < first + size {
                        return format!("{name}[{}]", qubit - first);
                    }
                    first += size;
                }
                format!("qubit {qubit}")
            }
        }
    }

    /// Calls `f` for every operation, bodies included, in textual order.
    pub fn walk(&self, f: &mut impl FnMut(&Site<'a>)) {
        walk(self.circuit, &self.circuit.ops, false, f);
    }
}

fn walk<'a>(circuit: &'a Circuit, block: &'a Block, verbatim: bool, f: &mut impl FnMut(&Site<'a>)) {
    for (op, span) in block.iter() {
        f(&Site { op, span, verbatim });
        match *op {
            Op::Box { body, verbatim: own } => {
                walk(circuit, circuit.block(body), verbatim || own, f);
            }
            Op::While { body, .. } => walk(circuit, circuit.block(body), verbatim, f),
            Op::If { then, otherwise, .. } => {
                walk(circuit, circuit.block(then), verbatim, f);
                if let Some(body) = otherwise {
                    walk(circuit, circuit.block(body), verbatim, f);
                }
            }
            _ => {}
        }
    }
}

/// Whether the program returns a bit; feedback bits are hidden.
pub(super) fn is_returned(circuit: &Circuit, bit: Option<u32>) -> bool {
    let Some(bit) = bit else { return true };
    !circuit.registers.iter().any(|r| !r.visible && (r.first..r.first + r.size).contains(&bit))
}

fn facts(circuit: &Circuit) -> Facts {
    let mut out = Facts::default();
    let mut measured: Vec<Option<Span>> = vec![None; circuit.n_qubits as usize];
    walk(circuit, &circuit.ops, false, &mut |site| {
        for &qubit in circuit.op_qubits(site.op) {
            let before = measured.get(qubit as usize).copied().flatten();
            if let (Some(before), None) = (before, out.after_measurement) {
                out.after_measurement = Some((site.span, before));
            }
        }
        match *site.op {
            Op::Gate(_) | Op::Unitary { .. } => {
                out.n_gates += 1;
                if !site.verbatim && out.outside.is_none() {
                    out.outside = Some(site.span);
                }
            }
            Op::Box { verbatim: true, .. } if out.verbatim.is_none() => out.verbatim = Some(site.span),
            Op::Measure { qubit, bit } if is_returned(circuit, bit) => {
                if let Some(slot) = measured.get_mut(qubit as usize) {
                    *slot = Some(site.span);
                }
                out.measured.get_or_insert(site.span);
            }
            _ => {}
        }
    });
    out
}
