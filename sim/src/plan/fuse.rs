//! Joins steps so that less is left to compute.
//!
//! A unitary of one qubit is a diagonal, a real rotation and a diagonal. Steps on one qubit are
//! multiplied together until another step needs the qubit; then the rotation is given out and the
//! diagonal after it waits for the next. Diagonals pass through controls, and every phase is made of
//! phases of parities, which stay that under flips, so that they meet and can be applied together.

use num_complex::Complex64;

use crate::plan::step::{Step, Where};

/// What is left of a rotation whose cosine is kept apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// Amplitudes x and y that differ in a bit become x - t y and y + t x.
    Turn { target: u32, t: f64 },
    /// Multiplies amplitudes by a factor of size 1 where some bits of the index have odd parity.
    Phase { parity: u64, factor: Complex64 },
    /// Multiplies every amplitude.
    Scale(Complex64),
    /// Anything else.
    Step(Step),
}

/// Tangents up to this are kept as turns; the amplitudes grow by about as much.
const STEEPEST: f64 = 100.0;
/// How far a matrix may be from unitary to be taken apart, and a factor from size 1.
const UNITARY: f64 = 1e-12;
/// Bits that a phase may look at to be made of parities.
const PARITIES: u32 = 3;

const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const EVERYWHERE: Where = Where { ones: 0, zeros: 0 };

type Matrix = [Complex64; 4];

impl Op {
    /// Bits between whose values amplitudes move.
    pub(crate) fn moved(&self) -> u64 {
        match self {
            Self::Turn { target, .. } | Self::Step(Step::Pair { target, .. } | Step::Flip { target, .. }) => {
                1 << target
            }
            Self::Step(Step::Dense { targets, .. }) => targets.iter().fold(0, |m, t| m | 1 << t),
            Self::Phase { .. } | Self::Scale(_) | Self::Step(Step::Phase { .. }) => 0,
        }
    }

    /// Bits that are only looked at. A factor of the whole counts as looking at every bit: it keeps
    /// its place, which bounds how far amplitudes grow.
    pub(crate) fn seen(&self) -> u64 {
        match self {
            Self::Turn { .. } => 0,
            Self::Phase { parity, .. } => *parity,
            Self::Scale(_) => u64::MAX,
            Self::Step(
                Step::Pair { on, .. }
                | Step::Flip { on, .. }
                | Step::Phase { on, .. }
                | Step::Dense { on, .. },
            ) => on.ones | on.zeros,
        }
    }
}

/// The same operation as the steps on `n` bits, up to rounding. `smallest` says when the factor
/// that waits is given out, so that nothing overflows.
pub(crate) fn fuse(steps: Vec<Step>, n: u32, smallest: f64) -> Vec<Op> {
    let mut fuser = Fuser {
        out: Vec::with_capacity(2 * steps.len()),
        waiting: vec![None; n as usize],
        whole: ONE,
        smallest,
    };
    for step in steps {
        fuser.step(step);
    }
    for bit in 0..n {
        fuser.give_out(bit);
    }
    fuser.give_whole();
    fuser.out
}

struct Fuser {
    out: Vec<Op>,
    /// What each bit still has to undergo.
    waiting: Vec<Option<Matrix>>,
    /// A factor of the whole.
    whole: Complex64,
    smallest: f64,
}

impl Fuser {
    fn step(&mut self, step: Step) {
        match step {
            Step::Phase { on, factor } if on == EVERYWHERE => self.whole *= factor,
            Step::Phase { on, factor } if (on.ones | on.zeros).is_power_of_two() && is_unit(factor) => {
                let bit = (on.ones | on.zeros).trailing_zeros();
                let m = if on.ones == 0 { [factor, ZERO, ZERO, ONE] } else { [ONE, ZERO, ZERO, factor] };
                self.join(bit, m);
            }
            Step::Pair { target, on, matrix } if on == EVERYWHERE && is_unitary(&matrix) => {
                self.join(target, matrix);
            }
            Step::Flip { target, on } if on == EVERYWHERE => self.join(target, [ZERO, ONE, ONE, ZERO]),
            Step::Phase { on, factor } => {
                self.make_diagonal(on.ones | on.zeros);
                self.phase(on, factor);
            }
            Step::Flip { target, on } => self.flip(target, on),
            Step::Pair { .. } | Step::Dense { .. } => {
                let op = Op::Step(step);
                self.make_diagonal(op.seen());
                for bit in (0..64).filter(|b| op.moved() >> b & 1 == 1) {
                    self.give_out(bit);
                }
                self.out.push(op);
            }
        }
    }

    fn flip(&mut self, target: u32, on: Where) {
        self.make_diagonal(on.ones | on.zeros | 1 << target);
        let flip = Op::Step(Step::Flip { target, on });
        if self.out.last() != Some(&flip) {
            self.give_out(target);
            return self.out.push(flip);
        }
        // Twice is not at all: a rotation of two qubits that is written with two flips. The phase
        // between them depends on the bit and on whether it was flipped.
        self.out.pop();
        if let Some(d) = self.waiting[target as usize].take() {
            self.whole *= d[0];
            let (bit, factor) = (1u64 << target, d[3] / d[0]);
            if (on.ones | on.zeros).is_power_of_two() {
                let parity = on.ones | on.zeros | bit;
                return if on.zeros == 0 {
                    self.parity(parity, factor);
                } else {
                    self.whole *= factor;
                    self.parity(parity, factor.conj());
                };
            }
            // Either the flips act and the bit is 0, or they do not and it is 1.
            self.parity(bit, factor);
            self.phase(Where { ones: on.ones, zeros: on.zeros | bit }, factor);
            self.phase(Where { ones: on.ones | bit, zeros: on.zeros }, factor.conj());
        }
    }

    fn join(&mut self, bit: u32, m: Matrix) {
        let waits = &mut self.waiting[bit as usize];
        *waits = Some(match *waits {
            None => m,
            Some(w) => [
                m[0] * w[0] + m[1] * w[2],
                m[0] * w[1] + m[1] * w[3],
                m[2] * w[0] + m[3] * w[2],
                m[2] * w[1] + m[3] * w[3],
            ],
        });
    }

    /// The product of conditions is a sum of parities, each with the same share of the phase.
    fn phase(&mut self, on: Where, factor: Complex64) {
        let bits = on.ones | on.zeros;
        if factor == ONE {
            return;
        }
        if bits.count_ones() > PARITIES || !is_unit(factor) {
            return self.out.push(Op::Step(Step::Phase { on, factor }));
        }
        let share = (1..bits.count_ones()).fold(factor, |f, _| f.sqrt());
        let mut parity = bits;
        while parity != 0 {
            let share = if parity.count_ones() & 1 == 1 { share } else { share.conj() };
            if (parity & on.zeros).count_ones() & 1 == 0 {
                self.parity(parity, share);
            } else {
                self.whole *= share;
                self.parity(parity, share.conj());
            }
            parity = (parity - 1) & bits;
        }
    }

    fn parity(&mut self, parity: u64, factor: Complex64) {
        if factor != ONE {
            self.out.push(Op::Phase { parity, factor });
        }
    }

    /// Leaves nothing but diagonals waiting on some bits.
    fn make_diagonal(&mut self, bits: u64) {
        let mut left = bits;
        while left != 0 {
            let bit = left.trailing_zeros();
            left &= left - 1;
            let Some(m) = self.waiting[bit as usize] else { continue };
            if m[1].norm_sqr().max(m[2].norm_sqr()) > 1e-32 {
                let rest = self.take_apart(bit, &m);
                self.waiting[bit as usize] = Some(rest);
            }
        }
    }

    /// Leaves nothing waiting on a bit.
    fn give_out(&mut self, bit: u32) {
        self.make_diagonal(1 << bit);
        if let Some(d) = self.waiting[bit as usize].take() {
            self.whole *= d[0];
            self.parity(1 << bit, d[3] / d[0]);
        }
    }

    /// Gives out the first diagonal and the rotation of a matrix; returns the last diagonal.
    fn take_apart(&mut self, bit: u32, m: &Matrix) -> Matrix {
        let (cos, sin) = (m[0].norm(), m[2].norm());
        let unit = |z: Complex64| if z == ZERO { ONE } else { z / z.norm() };
        let (top, low) = (unit(m[0]), unit(m[2]));
        let first = if cos > sin { unit(m[3]) / low } else { -unit(m[1]) / top };
        self.parity(1 << bit, first);
        let rest = if sin <= STEEPEST * cos {
            self.out.push(Op::Turn { target: bit, t: sin / cos });
            self.whole *= cos;
            [top, ZERO, ZERO, low]
        } else {
            // The rotation by the rest of a quarter turn, and the quarter turn as a flip.
            if cos > 0.0 {
                self.out.push(Op::Turn { target: bit, t: -cos / sin });
            }
            self.out.push(Op::Step(Step::Flip { target: bit, on: EVERYWHERE }));
            self.whole *= sin;
            [-top, ZERO, ZERO, low]
        };
        if self.whole.norm_sqr() < self.smallest * self.smallest {
            self.give_whole();
        }
        rest
    }

    fn give_whole(&mut self) {
        let whole = std::mem::replace(&mut self.whole, ONE);
        if whole != ONE {
            self.out.push(Op::Scale(whole));
        }
    }
}

fn is_unit(factor: Complex64) -> bool {
    (factor.norm_sqr() - 1.0).abs() < UNITARY
}

fn is_unitary(m: &Matrix) -> bool {
    let columns = [m[0].norm_sqr() + m[2].norm_sqr() - 1.0, m[1].norm_sqr() + m[3].norm_sqr() - 1.0];
    let across = m[0].conj() * m[1] + m[2].conj() * m[3];
    columns.iter().all(|d| d.abs() < UNITARY) && across.norm_sqr() < UNITARY * UNITARY
}
