//! What the columns of counts are, and where each column's bit comes from.

use crate::circuit::Circuit;
use crate::circuit::classical::Place;
use crate::engine::{COMPUTED, Columns};
use crate::plan::code::{Code, Inst};

/// Where the bit of a column comes from at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A classical bit.
    Bit(u32),
    /// A qubit of the final state.
    Qubit(u32),
}

/// The columns of counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Where each comes from.
    pub(crate) sources: Vec<Source>,
    /// The measured qubit of each.
    pub(crate) qubits: Vec<u32>,
}

/// The columns that the options and the program ask for.
pub(crate) fn layout(circuit: &Circuit, code: &Code, columns: &Columns) -> Layout {
    if let Columns::Qubits(qubits) = columns {
        return read(qubits.clone());
    }
    let mut writers: Vec<Option<(Source, u32)>> = vec![None; circuit.n_bits() as usize];
    for inst in &code.insts {
        match *inst {
            Inst::Measure { qubit, bit: Some(bit), terminal } => {
                let source = if terminal { Source::Qubit(qubit) } else { Source::Bit(bit) };
                writers[bit as usize] = Some((source, qubit));
            }
            Inst::Assign { place: Place::Bits { first, len }, .. } => {
                for bit in first..first + len {
                    let qubit = writers[bit as usize].map_or(COMPUTED, |w| w.1);
                    writers[bit as usize] = Some((Source::Bit(bit), qubit));
                }
            }
            _ => {}
        }
    }
    let shown = circuit.registers.iter().filter(|r| r.visible).flat_map(|r| r.first..r.first + r.size);
    let (sources, qubits): (Vec<_>, Vec<_>) = shown.filter_map(|b| writers[b as usize]).unzip();
    if sources.is_empty() { read((0..circuit.n_qubits).collect()) } else { Layout { sources, qubits } }
}

fn read(qubits: Vec<u32>) -> Layout {
    Layout { sources: qubits.iter().map(|&q| Source::Qubit(q)).collect(), qubits }
}
