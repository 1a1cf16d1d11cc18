//! Flattens blocks into instructions with jumps, so that a run is a counter and can be forked.

use crate::circuit::classical::{ExprId, Place};
use crate::circuit::{Block, BlockId, Circuit, Op};
use crate::diagnostic::Span;

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inst {
    /// Unitary operations `start..end` of a block; `None` is the circuit's own.
    Unitary { block: Option<BlockId>, start: usize, end: usize },
    /// Measures. `terminal`: nothing later depends on it, so it is read from the final state.
    Measure { qubit: u32, bit: Option<u32>, terminal: bool },
    /// Puts a qubit to 0.
    Reset { qubit: u32 },
    /// A channel, named or by Kraus operators.
    Noise(Op),
    /// Classical assignment.
    Assign { place: Place, value: ExprId },
    /// Goes on at `target` when the condition is false.
    Unless { condition: ExprId, target: usize },
    /// Goes on at a target.
    Jump(usize),
}

/// A flat program; running past the end is its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Code {
    /// Instructions.
    pub(crate) insts: Vec<Inst>,
    /// The statement each came from.
    pub(crate) spans: Vec<Span>,
    /// Whether an `end` may leave before the last instruction.
    pub(crate) ends_early: bool,
}

/// Jumps of the innermost loop that wait for its borders.
#[derive(Default)]
struct Loop {
    start: usize,
    breaks: Vec<usize>,
}

struct Builder<'a> {
    circuit: &'a Circuit,
    code: Code,
    loops: Vec<Loop>,
    ends: Vec<usize>,
}

/// The instructions of a circuit, terminal measurements marked.
pub(crate) fn flatten(circuit: &Circuit) -> Code {
    let mut b = Builder { circuit, code: Code::default(), loops: Vec::new(), ends: Vec::new() };
    b.block(None, &circuit.ops);
    let end = b.code.insts.len();
    b.code.ends_early = b.ends.iter().any(|&at| at + 1 < end);
    for at in std::mem::take(&mut b.ends) {
        b.code.insts[at] = Inst::Jump(end);
    }
    mark_terminal(circuit, &mut b.code);
    b.code
}

impl Builder<'_> {
    fn emit(&mut self, inst: Inst, span: Span) -> usize {
        self.code.insts.push(inst);
        self.code.spans.push(span);
        self.code.insts.len() - 1
    }

    fn here(&self) -> usize {
        self.code.insts.len()
    }

    fn block(&mut self, id: Option<BlockId>, block: &Block) {
        let mut at = 0;
        while at < block.ops.len() {
            let span = block.spans.get(at).copied().unwrap_or_default();
            let run = block.ops[at..].iter().take_while(|op| is_unitary(op)).count();
            if run > 0 {
                self.emit(Inst::Unitary { block: id, start: at, end: at + run }, span);
                at += run;
                continue;
            }
            self.op(&block.ops[at], span);
            at += 1;
        }
    }

    fn op(&mut self, op: &Op, span: Span) {
        let circuit = self.circuit;
        match *op {
            Op::Measure { qubit, bit } => {
                self.emit(Inst::Measure { qubit, bit, terminal: false }, span);
            }
            Op::Reset { qubit } => {
                self.emit(Inst::Reset { qubit }, span);
            }
            Op::Noise { .. } | Op::Kraus { .. } => {
                self.emit(Inst::Noise(*op), span);
            }
            Op::Box { body, .. } => self.block(Some(body), circuit.block(body)),
            Op::Assign { place, value } => {
                self.emit(Inst::Assign { place, value }, span);
            }
            Op::If { condition, then, otherwise } => {
                let test = self.emit(Inst::Jump(0), span);
                self.block(Some(then), circuit.block(then));
                let mut target = self.here();
                if let Some(id) = otherwise {
                    let skip = self.emit(Inst::Jump(0), span);
                    target = self.here();
                    self.block(Some(id), circuit.block(id));
                    self.code.insts[skip] = Inst::Jump(self.here());
                }
                self.code.insts[test] = Inst::Unless { condition, target };
            }
            Op::While { condition, body } => {
                let start = self.emit(Inst::Jump(0), span);
                self.loops.push(Loop { start, breaks: Vec::new() });
                self.block(Some(body), circuit.block(body));
                self.emit(Inst::Jump(start), span);
                let end = self.here();
                self.code.insts[start] = Inst::Unless { condition, target: end };
                for at in self.loops.pop().unwrap_or_default().breaks {
                    self.code.insts[at] = Inst::Jump(end);
                }
            }
            Op::Break => {
                let at = self.emit(Inst::Jump(0), span);
                match self.loops.last_mut() {
                    Some(l) => l.breaks.push(at),
                    None => self.ends.push(at),
                }
            }
            Op::Continue => {
                let start = self.loops.last().map(|l| l.start);
                let at = self.emit(Inst::Jump(start.unwrap_or(0)), span);
                if start.is_none() {
                    self.ends.push(at);
                }
            }
            Op::End => {
                let at = self.emit(Inst::Jump(0), span);
                self.ends.push(at);
            }
            Op::Gate(_) | Op::Unitary { .. } | Op::Barrier { .. } | Op::Delay { .. } => {}
        }
    }
}

fn is_unitary(op: &Op) -> bool {
    matches!(op, Op::Gate(_) | Op::Unitary { .. } | Op::Barrier { .. } | Op::Delay { .. })
}

/// Calls `f` for the qubits of a gate, unitary, channel.
pub(crate) fn qubits_of<'a>(circuit: &'a Circuit, op: &Op) -> &'a [u32] {
    match op {
        Op::Gate(g) => circuit.gate_qubits(g),
        Op::Unitary { qubits, .. } | Op::Kraus { qubits, .. } => circuit.qubit_range(*qubits),
        Op::Noise { channel, qubits, .. } => {
            &circuit.qubits[*qubits as usize..*qubits as usize + usize::from(channel.row().n_qubits)]
        }
        _ => &[],
    }
}

/// The block of an instruction.
pub(crate) fn block(circuit: &Circuit, id: Option<BlockId>) -> &Block {
    id.map_or(&circuit.ops, |id| circuit.block(id))
}

/// Marks measurements that may be read from the final state: behind every branch, with no later
/// operation on the qubit and no later writer or reader of the bit.
///
/// Preserves the joint distribution of all bits: a measurement commutes with operations on other
/// qubits.
fn mark_terminal(circuit: &Circuit, code: &mut Code) {
    if code.ends_early {
        return;
    }
    let mut touched = vec![false; circuit.n_qubits as usize];
    let mut written = vec![false; circuit.n_bits() as usize];
    let targets: Vec<usize> = code
        .insts
        .iter()
        .filter_map(|i| match i {
            Inst::Unless { target, .. } | Inst::Jump(target) => Some(*target),
            _ => None,
        })
        .collect();
    let floor = targets.into_iter().filter(|&t| t < code.insts.len()).max().unwrap_or(0);
    for at in (floor..code.insts.len()).rev() {
        match &mut code.insts[at] {
            Inst::Measure { qubit, bit, terminal } => {
                let fresh = bit.is_none_or(|b| !std::mem::replace(&mut written[b as usize], true));
                *terminal = !touched[*qubit as usize] && fresh;
                touched[*qubit as usize] |= !*terminal;
            }
            Inst::Reset { qubit } => touched[*qubit as usize] = true,
            Inst::Noise(op) => {
                for &q in qubits_of(circuit, op) {
                    touched[q as usize] = true;
                }
            }
            Inst::Unitary { block: id, start, end } => {
                for op in &block(circuit, *id).ops[*start..*end] {
                    for &q in qubits_of(circuit, op) {
                        touched[q as usize] = true;
                    }
                }
            }
            Inst::Assign { .. } | Inst::Unless { .. } | Inst::Jump(_) => return,
        }
    }
}
