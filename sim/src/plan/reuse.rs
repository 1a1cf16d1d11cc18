//! Qubits whose lives do not overlap share a place, so that a program that lets qubits go runs on as
//! many as it needs at once.
//!
//! Preserves the distribution of all classical bits: a qubit that nothing acts on again may be put to
//! 0 without any bit noticing, and one that nothing acted on yet is 0. It does not preserve the final
//! state, so it is for programs that choose on the way and give counts only.

use std::collections::HashMap;

use crate::circuit::{Block, BlockId, Circuit, GateOp, Op, QubitLabels, QubitRange};

/// Smaller programs have states that cost nothing.
const LEAST: u32 = 12;

/// The circuit on fewer qubits, if it can do with two fewer at least.
pub(crate) fn narrowed(circuit: &Circuit) -> Option<Circuit> {
    if circuit.n_qubits < LEAST || !circuit.results.is_empty() {
        return None;
    }
    let lives = lives(circuit);
    let mut packer = Packer {
        circuit,
        out: Circuit { ops: Block::default(), labels: QubitLabels::default(), ..circuit.clone() },
        place: HashMap::new(),
        free: Vec::new(),
        n_places: 0,
    };
    for (at, (op, span)) in circuit.ops.iter().enumerate() {
        let touched = touched(circuit, op);
        // A reset of a qubit that is 0 anyway begins no life.
        if touched.iter().any(|&q| at < lives[q as usize].0) {
            continue;
        }
        for &qubit in &touched {
            if packer.place.contains_key(&qubit) {
                continue;
            }
            let place = packer.free.pop();
            if let (Some(place), false) = (place, matches!(op, Op::Reset { .. })) {
                packer.out.ops.push(Op::Reset { qubit: place }, span);
            }
            packer.place.insert(qubit, place.unwrap_or(packer.n_places));
            packer.n_places += u32::from(place.is_none());
        }
        if let Some(moved) = packer.op(op) {
            packer.out.ops.push(moved, span);
        }
        for qubit in touched.iter().filter(|&&q| lives[q as usize].1 == at) {
            packer.free.extend(packer.place.remove(qubit));
        }
    }
    let mut out = packer.out;
    out.n_qubits = packer.n_places.max(1);
    out.labels = QubitLabels::Registers(vec![("q".to_owned(), out.n_qubits)]);
    (out.n_qubits + 2 <= circuit.n_qubits).then_some(out)
}

/// First and last operation of the circuit's own block that acts on each qubit; resets of what is 0
/// come before the first.
fn lives(circuit: &Circuit) -> Vec<(usize, usize)> {
    let mut out = vec![(usize::MAX, 0); circuit.n_qubits as usize];
    for (at, op) in circuit.ops.ops.iter().enumerate() {
        for qubit in touched(circuit, op) {
            let life = &mut out[qubit as usize];
            if life.0 == usize::MAX && matches!(op, Op::Reset { .. }) {
                continue;
            }
            *life = (life.0.min(at), at);
        }
    }
    out
}

/// The qubits that an operation acts on, bodies included, each once.
fn touched(circuit: &Circuit, op: &Op) -> Vec<u32> {
    fn add(circuit: &Circuit, op: &Op, out: &mut Vec<u32>) {
        let mut block = |id: BlockId| circuit.block(id).ops.iter().for_each(|op| add(circuit, op, out));
        match op {
            Op::Box { body, .. } | Op::While { body, .. } => block(*body),
            Op::If { then, otherwise, .. } => {
                block(*then);
                otherwise.iter().for_each(|&id| block(id));
            }
            op => out.extend_from_slice(circuit.op_qubits(op)),
        }
    }
    let mut out = Vec::new();
    add(circuit, op, &mut out);
    out.sort_unstable();
    out.dedup();
    out
}

/// Operations on their way to their places.
struct Packer<'a> {
    circuit: &'a Circuit,
    out: Circuit,
    place: HashMap<u32, u32>,
    free: Vec<u32>,
    n_places: u32,
}

impl Packer<'_> {
    /// The operation on its places; barriers and delays, which act on nothing, are left out.
    fn op(&mut self, op: &Op) -> Option<Op> {
        Some(match *op {
            Op::Barrier { .. } | Op::Delay { .. } => return None,
            Op::Gate(gate) => {
                let qubits = self.qubits(self.circuit.gate_qubits(&gate)).start;
                Op::Gate(GateOp { qubits, ..gate })
            }
            Op::Unitary { matrix, qubits, n_controls } => {
                let qubits = self.qubits(self.circuit.qubit_range(qubits));
                Op::Unitary { matrix, qubits, n_controls }
            }
            Op::Kraus { first, count, qubits } => {
                Op::Kraus { first, count, qubits: self.qubits(self.circuit.qubit_range(qubits)) }
            }
            Op::Noise { channel, params, .. } => {
                Op::Noise { channel, params, qubits: self.qubits(self.circuit.op_qubits(op)).start }
            }
            Op::Measure { qubit, bit } => Op::Measure { qubit: self.place[&qubit], bit },
            Op::Reset { qubit } => Op::Reset { qubit: self.place[&qubit] },
            Op::Box { body, verbatim } => Op::Box { body: self.block(body), verbatim },
            Op::While { condition, body } => Op::While { condition, body: self.block(body) },
            Op::If { condition, then, otherwise } => {
                let then = self.block(then);
                Op::If { condition, then, otherwise: otherwise.map(|id| self.block(id)) }
            }
            Op::Assign { .. } | Op::Break | Op::Continue | Op::End => *op,
        })
    }

    fn block(&mut self, id: BlockId) -> BlockId {
        let mut block = Block::default();
        for (op, span) in self.circuit.block(id).iter() {
            if let Some(moved) = self.op(op) {
                block.push(moved, span);
            }
        }
        self.out.blocks.push(block);
        BlockId(self.out.blocks.len() as u32 - 1)
    }

    fn qubits(&mut self, qubits: &[u32]) -> QubitRange {
        let start = self.out.qubits.len() as u32;
        self.out.qubits.extend(qubits.iter().map(|q| self.place[q]));
        QubitRange { start, len: qubits.len() as u32 }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::engine::{Options, prepare};
    use crate::qasm::{Inputs, ParseOptions, read};
    use crate::sample::Rng;

    fn circuit(text: &str) -> Circuit {
        let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
        reading.circuit.unwrap_or_else(|| panic!("{text}\n{:#?}", reading.diagnostics))
    }

    /// A chain of teleportations: two new qubits for each, and never more than three at work.
    fn chain(n: u32) -> String {
        let mut out = format!("qubit[{}] q; bit[2] m; bit r; reset q; ry(0.8) q[0];", 2 * n + 1);
        for i in 0..n {
            let (a, b, c) = (2 * i, 2 * i + 1, 2 * i + 2);
            let _ = write!(
                out,
                "h q[{b}]; cx q[{b}], q[{c}]; cx q[{a}], q[{b}]; h q[{a}]; m[0] = measure q[{a}]; \
                 m[1] = measure q[{b}]; if (m[1]) {{ x q[{c}]; }} if (m[0]) {{ z q[{c}]; }}"
            );
        }
        let _ = write!(out, "r = measure q[{}];", 2 * n);
        out
    }

    #[test]
    fn a_chain_of_teleportations_needs_three_qubits() {
        let narrow = narrowed(&circuit(&chain(10))).expect("21 qubits are not needed");
        assert_eq!(narrow.n_qubits, 3);
        assert!(narrowed(&circuit(&chain(3))).is_none(), "seven qubits cost nothing");
    }

    #[test]
    fn the_columns_still_name_the_qubits_of_the_program() {
        let options = Options { shots: Some(4000), ..Options::default() };
        let mut prepared = prepare(&circuit(&chain(20)), &options).unwrap();
        let result = prepared.run(&[], 4000, 3).unwrap();
        assert_eq!(result.columns, [38, 39, 40]);
        let ones: u64 =
            result.counts.iter().filter(|(bits, _)| bits.to_string().ends_with('1')).map(|c| c.1).sum();
        let expected = 4000.0 * 0.4_f64.sin().powi(2);
        assert!((ones as f64 - expected).abs() < 5.0 * (expected * 0.85).sqrt(), "{ones} of {expected}");
    }

    /// Random programs on few qubits at once: before and after, every outcome comes as often.
    #[test]
    fn outcomes_come_as_often_as_before() {
        for seed in 0..4 {
            let mut rng = Rng::new(seed);
            let mut text = String::from("qubit[14] q; bit[4] c;");
            for at in 0..12u64 {
                let (a, b) = (at, at + 1);
                let _ = write!(text, "ry({:?}) q[{a}]; cx q[{a}], q[{b}];", rng.unit() * 3.0);
                let _ = write!(text, "rx({:?}) q[{b}];", rng.unit() * 3.0);
                match rng.below(4) {
                    0 => drop(write!(
                        text,
                        "c[{}] = measure q[{a}]; if (c == {}) {{ x q[{b}]; }}",
                        at % 4,
                        rng.below(16)
                    )),
                    1 => drop(write!(
                        text,
                        "c[{}] = measure q[{a}]; while (c[{}]) {{ h q[{b}]; c[{}] = measure q[{b}]; }}",
                        at % 4,
                        at % 4,
                        at % 4
                    )),
                    2 => drop(write!(
                        text,
                        "reset q[{a}]; barrier q; h q[{a}]; c[{}] = measure q[{a}];",
                        at % 4
                    )),
                    _ => {}
                }
            }
            text.push_str(
                "c[0] = measure q[12]; c[1] = measure q[13]; if (c[0]) { x q[13]; } c[2] = measure q[13];",
            );
            let whole = circuit(&text);
            let narrow = narrowed(&whole).unwrap_or_else(|| panic!("{text}"));
            assert!(narrow.n_qubits <= 4, "{} qubits: {text}", narrow.n_qubits);
            let shots = 1500;
            let count = |c: &Circuit, options: &Options<'_>| {
                prepare(c, options).unwrap().run(&[], shots, seed + 1).unwrap().counts
            };
            // Without a number of shots nothing is narrowed.
            let before = count(&whole, &Options::default());
            let after = count(&narrow, &Options::default());
            for outcome in 0..16u32 {
                let bits: String = (0..4).map(|k| if outcome >> k & 1 == 1 { '1' } else { '0' }).collect();
                let of = |counts: &crate::engine::Counts| {
                    counts.iter().filter(|c| c.0.to_string() == bits).map(|c| c.1).sum::<u64>() as f64
                };
                let (x, y) = (of(&before), of(&after));
                assert!(
                    (x - y).abs() <= 5.5 * (x + y + 1.0).sqrt(),
                    "seed {seed}, {bits}: {x} and {y}\n{text}"
                );
            }
        }
    }
}
