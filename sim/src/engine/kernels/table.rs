//! Tables of phases: the product of many factors of parities, for each place of a tile.

use num_complex::Complex64;

use super::{Block, Cpu, LANE_BITS, LANES, Real, spread, times, twist};

/// Parities with one highest bit that are worth a table of their own.
const CROWD: usize = 4;
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// What setting a bit multiplies: a factor, and more of them where parities of lower bits are odd.
struct Doubling {
    all: Complex64,
    others: Vec<(u64, Complex64)>,
}

/// The product for each value of some bits of a factor of the whole and factors of size 1 where
/// parities are odd, found by doubling: one bit more in each round.
pub(crate) fn fill<F: Real>(
    cpu: Cpu,
    out: &mut [Block<F>],
    size: u32,
    scale: Complex64,
    phases: &[(u64, Complex64)],
) {
    let mut left = phases.to_vec();
    let rounds: Vec<Doubling> = (LANE_BITS..size).rev().map(|bit| take(&mut left, bit)).collect();
    for l in 0..LANES {
        let odd = left.iter().filter(|p| (l as u64 & p.0).count_ones() & 1 == 1);
        let z = odd.fold(scale, |z, p| z * p.1);
        (out[0].re[l], out[0].im[l]) = (F::of(z.re), F::of(z.im));
    }
    for (bit, Doubling { all, others }) in (LANE_BITS..size).zip(rounds.into_iter().rev()) {
        let (low, high) = out.split_at_mut(1usize << (bit - LANE_BITS));
        let high = &mut high[..low.len()];
        if others.len() >= CROWD {
            fill(cpu, high, bit, all, &others);
            times(cpu, high, low);
            continue;
        }
        match others.split_first() {
            None => spread(cpu, high, low, 0, [all, all]),
            Some((first, more)) => {
                spread(cpu, high, low, first.0, [all, all * first.1]);
                for p in more {
                    twist(cpu, high, p.0, [ONE, p.1]);
                }
            }
        }
    }
}

/// Takes out the phases whose highest bit this is. While the bit is 0 each is one of the lower bits,
/// which stays; setting it turns that round.
fn take(left: &mut Vec<(u64, Complex64)>, bit: u32) -> Doubling {
    let mut out = Doubling { all: ONE, others: Vec::new() };
    let mut at = 0;
    while at < left.len() {
        let (parity, factor) = left[at];
        if parity >> bit == 0 {
            at += 1;
            continue;
        }
        left.swap_remove(at);
        out.all *= factor;
        let lower = parity ^ 1 << bit;
        if lower != 0 {
            let turned = factor.conj();
            out.others.push((lower, turned * turned));
            match left.iter_mut().find(|p| p.0 == lower) {
                Some(p) => p.1 *= factor,
                None => left.push((lower, factor)),
            }
        }
    }
    out
}
