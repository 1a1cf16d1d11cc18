//! Kernels that add up over Pauli strings.

use super::body::{by_lane_mask, exchanged, fma};
use super::{Block, LANE_BITS, LANES, Real};

/// A Pauli string of a group that flips the same bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed {
    /// Where set bits change the sign.
    pub(crate) z: u64,
    /// Weight of the real part of the product.
    pub(crate) re: f64,
    /// Weight of the imaginary part.
    pub(crate) im: f64,
}

/// Over the blocks of a range, the sum of weighed parts of conj(ket[i ^ x]) ket[i], each negative
/// where i & z has odd parity: one reading of the state for all strings of a group.
#[inline(always)]
pub(super) fn weighed<F: Real, const FMA: bool>(
    ket: &[Block<F>],
    range: std::ops::Range<usize>,
    x: u64,
    terms: &[Weighed],
) -> f64 {
    by_lane_mask!(x, weighed_lanes::<F, FMA>(ket, range, x, terms))
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "lanes of a register")]
fn weighed_lanes<F: Real, const FMA: bool, const X: usize>(
    ket: &[Block<F>],
    range: std::ops::Range<usize>,
    x: u64,
    terms: &[Weighed],
) -> f64 {
    let x_high = (x >> LANE_BITS) as usize;
    let mut lanes = Vec::with_capacity(terms.len());
    for t in terms {
        let mut lane = Block::<f64>::ZERO;
        for l in 0..LANES {
            let odd = (l as u64 & t.z).count_ones() & 1 == 1;
            lane.re[l] = if odd { -t.re } else { t.re };
            lane.im[l] = if odd { -t.im } else { t.im };
        }
        lanes.push(((t.z >> LANE_BITS) as usize, lane));
    }
    let mut sum = [0.0; LANES];
    for i in range {
        let (a, b) = (ket[i].double(), exchanged::<X>(&ket[i ^ x_high].double()));
        let mut weight = Block::<f64>::ZERO;
        for (z, lane) in &lanes {
            let sign = if (i & z).count_ones() & 1 == 1 { -1.0 } else { 1.0 };
            for l in 0..LANES {
                weight.re[l] = fma::<FMA>(lane.re[l], sign, weight.re[l]);
                weight.im[l] = fma::<FMA>(lane.im[l], sign, weight.im[l]);
            }
        }
        for l in 0..LANES {
            let re = fma::<FMA>(b.re[l], a.re[l], b.im[l] * a.im[l]);
            let im = fma::<FMA>(b.re[l], a.im[l], -(b.im[l] * a.re[l]));
            sum[l] = fma::<FMA>(weight.re[l], re, fma::<FMA>(weight.im[l], im, sum[l]));
        }
    }
    sum.iter().sum()
}
