//! Many shots of one program: a noiseless reference shot, and for each shot the Pauli by which it
//! differs.
//!
//! A frame holds for each qubit one word of X and one of Z bits per 64 shots. Clifford gates move
//! frames by the same few word operations for all shots; noise flips bits of few shots, found by
//! jumping from hit to hit. Z on a fresh, reset or measured qubit changes nothing, and drawing it at
//! random is what makes open outcomes fall both ways. Source: Gidney 2021, "Pauli frames".

use rayon::prelude::*;

use crate::engine::stabilizer::clifford::Elem;
use crate::engine::stabilizer::program::{Mixture, Program, Step};
use crate::engine::stabilizer::tableau::Tableau;
use crate::engine::stabilizer::transpose::rows_of;
use crate::engine::{Options, SimError};
use crate::sample::{Rng, Rows};

/// Steps between two looks at the watch.
const STRETCH: usize = 4096;

/// One noiseless shot: the outcome of each record.
///
/// # Errors
/// Stopped by the watch.
pub(crate) fn reference(
    n: u32,
    program: &Program,
    rng: &mut Rng,
    options: &Options<'_>,
) -> Result<Vec<bool>, SimError> {
    let mut state = Tableau::zero(n);
    let mut out = Vec::with_capacity(program.records);
    for (at, step) in program.steps.iter().enumerate() {
        match step {
            Step::Elem(elem) => state.apply(*elem),
            Step::Measure(q) => out.push(state.measure(*q, rng.bits() & 1 == 1)),
            Step::Reset(q) => {
                if state.measure(*q, false) {
                    state.apply(Elem::X(*q));
                }
            }
            Step::Noise(_) => {}
        }
        if at % 64 == 0 && options.stopped() {
            return Err(SimError::Stopped);
        }
    }
    Ok(out)
}

/// Shots in rows; bit k of a row is the k-th wanted record, 0 where it is none.
///
/// Batches of shots have generators of their own, so the answer does not depend on the threads.
///
/// # Errors
/// Stopped by the watch.
pub(crate) fn sample(
    n: u32,
    program: &Program,
    wanted: &[Option<usize>],
    shots: u64,
    rng: &mut Rng,
    options: &Options<'_>,
) -> Result<Rows, SimError> {
    let reference = reference(n, program, rng, options)?;
    let seed = rng.bits();
    // Large registers take narrow batches, so that the frames stay in the cache.
    match n {
        0..=2048 if shots > 256 => batches::<16>(n, program, &reference, wanted, shots, seed, options),
        _ => batches::<4>(n, program, &reference, wanted, shots, seed, options),
    }
}

fn batches<const W: usize>(
    n: u32,
    program: &Program,
    reference: &[bool],
    wanted: &[Option<usize>],
    shots: u64,
    seed: u64,
    options: &Options<'_>,
) -> Result<Rows, SimError> {
    let size = 64 * W as u64;
    let sizes = jumps(program);
    let mut out = Rows::of_one_each(wanted.len(), shots as usize);
    let words = out.words;
    let one = |(batch, keys): (usize, &mut [u64])| -> Result<(), SimError> {
        let mut frames = Frames::<W>::new(n, Rng::new(seed.wrapping_add(batch as u64)), &sizes);
        let records = frames.run(program, options)?;
        let lines: Vec<[u64; W]> = wanted
            .iter()
            .map(|at| {
                at.map_or([0; W], |at| {
                    let turn = if reference[at] { u64::MAX } else { 0 };
                    records[at].map(|word| word ^ turn)
                })
            })
            .collect();
        rows_of(&lines, words, keys);
        Ok(())
    };
    let part = words * size as usize;
    if options.threads > 1 && shots > size {
        out.keys.par_chunks_mut(part).enumerate().try_for_each(one)?;
    } else {
        out.keys.chunks_mut(part).enumerate().try_for_each(one)?;
    }
    Ok(out)
}

/// The distinct rates of the noise with 1 / ln(1 - rate).
fn jumps(program: &Program) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for step in &program.steps {
        if let Step::Noise(m) = step
            && !out.iter().any(|(p, _)| *p == m.total)
        {
            out.push((m.total, 1.0 / (-m.total).ln_1p()));
        }
    }
    out
}

/// A batch of 64 W shots.
struct Frames<'a, const W: usize> {
    x: Vec<[u64; W]>,
    z: Vec<[u64; W]>,
    rng: Rng,
    rates: &'a [(f64, f64)],
    /// For each rate, trials until the next hit.
    ahead: Vec<u64>,
}

fn add<const W: usize>(target: &mut [u64; W], source: &[u64; W]) {
    target.iter_mut().zip(source).for_each(|(a, b)| *a ^= b);
}

impl<'a, const W: usize> Frames<'a, W> {
    fn new(n: u32, rng: Rng, rates: &'a [(f64, f64)]) -> Self {
        let x = vec![[0; W]; n as usize];
        let mut out = Self { x, z: vec![[0; W]; n as usize], rng, rates, ahead: Vec::new() };
        (0..n as usize).for_each(|q| out.blur(q));
        out.ahead = rates.iter().map(|r| jump(&mut out.rng, r.1)).collect();
        out
    }

    /// Draws the Z bits of a qubit.
    fn blur(&mut self, qubit: usize) {
        self.z[qubit].iter_mut().for_each(|w| *w = self.rng.bits());
    }

    /// Runs the program; gives for each record the shots that differ from the reference.
    fn run(&mut self, program: &Program, options: &Options<'_>) -> Result<Vec<[u64; W]>, SimError> {
        let mut records = Vec::with_capacity(program.records);
        for stretch in program.steps.chunks(STRETCH) {
            for step in stretch {
                match step {
                    Step::Elem(elem) => self.gate(*elem),
                    Step::Measure(q) => {
                        records.push(self.x[*q as usize]);
                        self.blur(*q as usize);
                    }
                    Step::Reset(q) => {
                        self.x[*q as usize] = [0; W];
                        self.blur(*q as usize);
                    }
                    Step::Noise(mixture) => self.noise(mixture),
                }
            }
            if options.stopped() {
                return Err(SimError::Stopped);
            }
        }
        Ok(records)
    }

    fn gate(&mut self, elem: Elem) {
        let (x, z) = (&mut self.x, &mut self.z);
        match elem {
            Elem::X(_) | Elem::Z(_) => {}
            Elem::H(a) => std::mem::swap(&mut x[a as usize], &mut z[a as usize]),
            Elem::S(a) => add(&mut z[a as usize], &x[a as usize]),
            Elem::Cx(a, b) => {
                let (a, b) = (a as usize, b as usize);
                let (control, target) = (x[a], z[b]);
                add(&mut x[b], &control);
                add(&mut z[a], &target);
            }
            Elem::Cz(a, b) => {
                let (a, b) = (a as usize, b as usize);
                add(&mut z[a], &x[b]);
                add(&mut z[b], &x[a]);
            }
            Elem::Swap(a, b) => {
                x.swap(a as usize, b as usize);
                z.swap(a as usize, b as usize);
            }
        }
    }

    fn noise(&mut self, mixture: &Mixture) {
        let Some(class) = self.rates.iter().position(|r| r.0 == mixture.total) else { return };
        let trials = 64 * W as u64;
        let mut at = self.ahead[class];
        while at < trials {
            let (x, z) = pick(mixture, self.rng.unit() * mixture.total);
            let (word, shift) = (at as usize / 64, at % 64);
            for (position, &q) in mixture.qubits.iter().enumerate() {
                self.x[q as usize][word] ^= u64::from(x >> position & 1) << shift;
                self.z[q as usize][word] ^= u64::from(z >> position & 1) << shift;
            }
            at = at.saturating_add(1).saturating_add(jump(&mut self.rng, self.rates[class].1));
        }
        self.ahead[class] = at - trials;
    }
}

/// Misses before the next hit, where `scale` is 1 / ln(1 - rate).
fn jump(rng: &mut Rng, scale: f64) -> u64 {
    // The cast saturates; a rate of 1 has scale -0 and never misses.
    ((1.0 - rng.unit()).ln() * scale) as u64
}

/// The Pauli at a height below the total.
fn pick(mixture: &Mixture, mut height: f64) -> (u32, u32) {
    for &(x, z, p) in &mixture.paulis {
        if height < p {
            return (x, z);
        }
        height -= p;
    }
    mixture.paulis.last().map_or((0, 0), |&(x, z, _)| (x, z))
}
