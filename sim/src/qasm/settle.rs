//! A circuit without what changes nothing: constants in bits that are written over, and outcomes that
//! no bit takes although nothing else is returned.

use std::collections::BTreeSet;

use crate::circuit::classical::{Node, Place};
use crate::circuit::{BitRegister, Block, Circuit, Op};

/// Leaves out constants that are written to bits and never read there: those that a measurement writes
/// over, and with `unmeasured` also those that stay, which a target without classical values cannot say.
pub(super) fn drop_constants(circuit: &mut Circuit, unmeasured: bool) {
    let is_constant = |op: &Op| match *op {
        Op::Assign { place: Place::Bits { first, len }, value } => {
            matches!(circuit.exprs.node(value), Node::Const(_)).then_some(first..first + len)
        }
        _ => None,
    };
    if !circuit.ops.ops.iter().any(|op| is_constant(op).is_some()) {
        return;
    }
    let read = circuit.bits_read();
    let mut measured = BTreeSet::new();
    circuit.walk(&mut |op, _| {
        if let Op::Measure { bit: Some(bit), .. } = op {
            measured.insert(*bit);
        }
    });
    let mut later = BTreeSet::new();
    let mut kept = vec![true; circuit.ops.ops.len()];
    for (at, op) in circuit.ops.ops.iter().enumerate().rev() {
        if let Op::Measure { bit: Some(bit), .. } = *op {
            later.insert(bit);
        }
        if let Some(mut bits) = is_constant(op) {
            kept[at] = !bits.all(|bit| {
                !read.contains(&bit) && (later.contains(&bit) || unmeasured && !measured.contains(&bit))
            });
        }
    }
    let mut ops = Block::default();
    for ((op, span), kept) in circuit.ops.iter().zip(kept) {
        if kept {
            ops.push(*op, span);
        }
    }
    circuit.ops = ops;
}

/// Gives each qubit that is measured without a bit a bit of its own, where nothing else is returned:
/// these outcomes are what the program asks for. Source: Braket's `measuredQubits` names them.
pub(super) fn name_outcomes(circuit: &mut Circuit) {
    if !circuit.ops.ops.iter().any(|op| matches!(op, Op::Measure { bit: None, .. })) {
        return;
    }
    let (mut written, mut hidden) = (false, false);
    circuit.walk(&mut |op, _| match op {
        Op::Measure { bit: None, .. } => {}
        Op::Measure { .. } | Op::Assign { place: Place::Bits { .. }, .. } => written = true,
        _ => {}
    });
    for block in &circuit.blocks {
        hidden |= block.ops.iter().any(|op| matches!(op, Op::Measure { bit: None, .. }));
    }
    if written || hidden {
        return;
    }
    let first = circuit.n_bits();
    let mut size = 0;
    let mut of_qubit = vec![None; circuit.n_qubits as usize];
    for op in &mut circuit.ops.ops {
        if let Op::Measure { qubit, bit } = op {
            *bit = Some(*of_qubit[*qubit as usize].get_or_insert_with(|| {
                size += 1;
                first + size - 1
            }));
        }
    }
    circuit.registers.push(BitRegister { name: String::new(), first, size, visible: true });
}
