//! From a circuit to what an engine executes: one pass a file.
//!
//! [`code`] flattens blocks into instructions with jumps, [`columns`] finds what the counts are
//! made of, [`check`] refuses numbers that mean nothing, [`step`] turns unitary operations into
//! the few forms that the state vector kernels know, [`dense`] into plain matrices. [`fuse`] joins
//! steps, [`reuse`] lets qubits share places, and [`stage`] orders steps so that each pass over the
//! memory does many; [`frame`] knows where amplitudes lie meanwhile.

pub(crate) mod check;
pub(crate) mod code;
pub(crate) mod columns;
pub(crate) mod dense;
pub(crate) mod frame;
pub(crate) mod fuse;
pub(crate) mod reuse;
pub(crate) mod stage;
pub(crate) mod step;

use crate::circuit::{Circuit, Op};
use crate::diagnostic::Span;

/// Consecutive unitary operations with numbers for their angles.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// Owner of qubit lists and matrices.
    pub(crate) circuit: &'a Circuit,
    /// Gates, unitaries, barriers and delays.
    pub(crate) ops: &'a [Op],
    /// Where each came from.
    pub(crate) spans: &'a [Span],
    /// One number for each of [`Circuit::angles`]. Units: radians.
    pub(crate) angles: &'a [f64],
}
