//! The circuit: what a program means once names, loops and definitions are resolved.
//!
//! A circuit is flat and compact (24 bytes an operation): qubits and angles live in two pools, an
//! operation names a range of each. It keeps what a target may care about: control modifiers,
//! verbatim boxes, classical control that depends on measurements, symbolic angles, spans.
//! It never holds a fused or engine-specific form; that is the business of plans.

use std::collections::BTreeSet;

mod bits;
pub mod classical;
pub mod gates;

pub use bits::BitString;
use classical::{ExprId, ExprPool, Node, Type};
pub use gates::Gate;
use num_complex::Complex64;

use crate::diagnostic::Span;
use crate::noise::Channel;
use crate::result::ResultRequest;

/// A lowered program.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    /// Qubits; index 0 is the leftmost character of every bit string.
    pub n_qubits: u32,
    /// How the program names its qubits.
    pub labels: QubitLabels,
    /// Classical bit registers in declaration order; bit indices are global and contiguous.
    pub registers: Vec<BitRegister>,
    /// Classical variables that are only known once qubits were measured.
    pub vars: Vec<Type>,
    /// What happens, in order.
    pub ops: Block,
    /// Bodies of branches, loops and boxes, by [`BlockId`].
    pub blocks: Vec<Block>,
    /// Inputs that stay free until the run.
    pub inputs: Vec<Input>,
    /// One slot per occurrence of an angle; operations name ranges of it.
    pub angles: Vec<Angle>,
    /// Qubit lists of the operations, end to end.
    pub qubits: Vec<u32>,
    /// Matrices of unitary operations and custom channels.
    pub matrices: Vec<Matrix>,
    /// Expressions over inputs, bits and variables.
    pub exprs: ExprPool,
    /// Result pragmas in order.
    pub results: Vec<ResultRequest>,
    /// First block of pulses, `cal` or `defcal`: kept word for word in the program, absent here.
    pub pulses: Option<Span>,
    /// The units that the program writes times in.
    pub time: TimeUnits,
    /// Global phase that no control depends on. Units: radians.
    pub global_phase: f64,
}

/// What a cycle of a device counts as while no device is named. Units: seconds.
///
/// A nominal length: cycles compare with each other, not with times of the clock.
pub const CYCLE_S: f64 = 1e-9;

/// The first time of each kind that a program writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeUnits {
    /// In units of the clock, such as `100ns`.
    pub seconds: Option<Span>,
    /// In cycles of a device, `100dt`.
    pub cycles: Option<Span>,
}

/// How a program names its qubits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QubitLabels {
    /// Registers by name and size, end to end.
    Registers(Vec<(String, u32)>),
    /// Hardware qubits, one number per circuit qubit, ascending.
    Physical(Vec<u32>),
}

impl Default for QubitLabels {
    fn default() -> Self {
        Self::Registers(Vec::new())
    }
}

/// A named run of classical bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitRegister {
    /// Its name.
    pub name: String,
    /// First global bit.
    pub first: u32,
    /// Number of bits.
    pub size: u32,
    /// Whether the program returns it; internal feedback bits are hidden.
    pub visible: bool,
}

/// A free input; structural inputs (sizes, loop counts) are consumed by lowering and not listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
}

/// An angle slot of one operation. Units: radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Angle {
    /// Known now.
    Fixed(f64),
    /// `scale * input + offset`.
    Affine {
        /// Index into [`Circuit::inputs`].
        input: u32,
        /// Factor.
        scale: f64,
        /// Added.
        offset: f64,
    },
    /// Anything else over inputs, bits and variables.
    Expr(ExprId),
}

/// Index into [`Circuit::blocks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockId(pub u32);

/// Index into [`Circuit::matrices`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixId(pub u32);

/// A square matrix, row-major, first qubit most significant.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Qubits it acts on; the side is 2 to that power.
    pub n_qubits: u32,
    /// Entries.
    pub entries: Vec<Complex64>,
}

/// Operations in order, each with the place that wrote it.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The operations.
    pub ops: Vec<Op>,
    /// The statement each came from; same length.
    pub spans: Vec<Span>,
}

impl Block {
    /// Appends an operation.
    pub fn push(&mut self, op: Op, span: Span) {
        self.ops.push(op);
        self.spans.push(span);
    }

    /// Operations with their places.
    pub fn iter(&self) -> impl Iterator<Item = (&Op, Span)> {
        self.ops.iter().zip(self.spans.iter().copied())
    }
}

/// A range of [`Circuit::qubits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QubitRange {
    /// First index into the pool.
    pub start: u32,
    /// Number of qubits.
    pub len: u32,
}

/// A gate of the table on given qubits, perhaps controlled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOp {
    /// The row.
    pub gate: Gate,
    /// Control qubits that modifiers put before the gate's own.
    pub n_controls: u8,
    /// First index into [`Circuit::qubits`]: controls, then the gate's own qubits.
    pub qubits: u32,
    /// First index into [`Circuit::angles`].
    pub angles: u32,
    /// Bit k set: control k acts when 0.
    pub negative: u64,
}

/// One step of a circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A gate.
    Gate(GateOp),
    /// An explicit matrix: the unitary pragma, or a power of a gate.
    Unitary {
        /// The matrix on the qubits after the controls.
        matrix: MatrixId,
        /// Controls, then the matrix's own qubits.
        qubits: QubitRange,
        /// How many of them control (when 1).
        n_controls: u8,
    },
    /// Measures in the Z basis.
    Measure {
        /// The qubit.
        qubit: u32,
        /// The global bit that takes the outcome, if any.
        bit: Option<u32>,
    },
    /// Puts a qubit to 0.
    Reset {
        /// The qubit.
        qubit: u32,
    },
    /// A named channel; its probabilities are angle slots.
    Noise {
        /// The row.
        channel: Channel,
        /// First index into [`Circuit::qubits`].
        qubits: u32,
        /// First index into [`Circuit::angles`].
        params: u32,
    },
    /// A channel given by Kraus operators.
    Kraus {
        /// First of `count` consecutive matrices.
        first: MatrixId,
        /// Number of operators.
        count: u16,
        /// The qubits.
        qubits: QubitRange,
    },
    /// Nothing moves across it.
    Barrier {
        /// The qubits; none means all.
        qubits: QubitRange,
    },
    /// Idles. Units: seconds, in an angle slot.
    Delay {
        /// The qubits; none means all.
        qubits: QubitRange,
        /// Index into [`Circuit::angles`].
        seconds: u32,
    },
    /// A box; a verbatim one reaches the device untouched.
    Box {
        /// The body.
        body: BlockId,
        /// Whether the verbatim pragma stood before it.
        verbatim: bool,
    },
    /// Sets a variable or bits from an expression over measured values.
    Assign {
        /// Where it goes.
        place: classical::Place,
        /// What.
        value: ExprId,
    },
    /// Runs one of two bodies.
    If {
        /// Truth value.
        condition: ExprId,
        /// When true.
        then: BlockId,
        /// When false.
        otherwise: Option<BlockId>,
    },
    /// Runs a body while a condition holds.
    While {
        /// Truth value, before each round.
        condition: ExprId,
        /// The body.
        body: BlockId,
    },
    /// Leaves the innermost loop.
    Break,
    /// Starts the next round of the innermost loop.
    Continue,
    /// Ends the program.
    End,
}

impl Circuit {
    /// Classical bits of all registers.
    pub fn n_bits(&self) -> u32 {
        self.registers.last().map_or(0, |r| r.first + r.size)
    }

    /// Bits that an expression reads at the run.
    pub fn bits_read(&self) -> BTreeSet<u32> {
        let mut out = BTreeSet::new();
        for node in self.exprs.nodes() {
            match *node {
                Node::Bit(bit) => out.extend(bit..=bit),
                Node::Bits(first, len) => out.extend(first..first + len),
                _ => {}
            }
        }
        out
    }

    /// Controls and own qubits of a gate, in that order.
    pub fn gate_qubits(&self, op: &GateOp) -> &[u32] {
        let n = usize::from(op.n_controls) + op.gate.row().n_qubits as usize;
        &self.qubits[op.qubits as usize..op.qubits as usize + n]
    }

    /// Angle slots of a gate.
    pub fn gate_angles(&self, op: &GateOp) -> &[Angle] {
        let n = op.gate.row().n_angles as usize;
        &self.angles[op.angles as usize..op.angles as usize + n]
    }

    /// The qubits of a range.
    pub fn qubit_range(&self, range: QubitRange) -> &[u32] {
        &self.qubits[range.start as usize..(range.start + range.len) as usize]
    }

    /// The qubits that an operation acts on itself, controls first; none for barriers, delays and
    /// what holds a body.
    pub fn op_qubits<'a>(&'a self, op: &'a Op) -> &'a [u32] {
        match op {
            Op::Gate(gate) => self.gate_qubits(gate),
            Op::Unitary { qubits, .. } | Op::Kraus { qubits, .. } => self.qubit_range(*qubits),
            Op::Measure { qubit, .. } | Op::Reset { qubit } => std::slice::from_ref(qubit),
            Op::Noise { channel, qubits, .. } => {
                let n = usize::from(channel.row().n_qubits);
                &self.qubits[*qubits as usize..*qubits as usize + n]
            }
            _ => &[],
        }
    }

    /// The body of a branch, loop or box.
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    /// Calls `f` for every operation, bodies included, each once, in textual order.
    pub fn walk<'a>(&'a self, f: &mut impl FnMut(&'a Op, Span)) {
        self.walk_block(&self.ops, f);
    }

    fn walk_block<'a>(&'a self, block: &'a Block, f: &mut impl FnMut(&'a Op, Span)) {
        for (op, span) in block.iter() {
            f(op, span);
            match op {
                Op::Box { body, .. } | Op::While { body, .. } => self.walk_block(self.block(*body), f),
                Op::If { then, otherwise, .. } => {
                    self.walk_block(self.block(*then), f);
                    if let Some(id) = otherwise {
                        self.walk_block(self.block(*id), f);
                    }
                }
                _ => {}
            }
        }
    }
}
