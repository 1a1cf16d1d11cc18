//! Small real matrices on base-4 digits of an index: the loops of the density matrix engine.
#![allow(unsafe_code)]

use super::Cpu;

/// Groups that are multiplied together, one in each lane.
pub(crate) const WIDE: usize = 16;

/// One number of each group.
pub(crate) type Lanes = [f64; WIDE];

/// A linear map of a group of 4^k numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Map {
    /// A 4x4 matrix, row-major, between the numbers that differ in one digit; 0 is the most significant.
    Digit(usize, [f64; 16]),
    /// A factor for each number.
    Scale(Vec<f64>),
    /// Any matrix without its zeros: entries of row r are `starts[r]..starts[r + 1]`.
    Rows { starts: Vec<u32>, entries: Vec<(u32, f64)> },
}

/// Applies maps in order to every group: `group[i * 16 + lane]` belongs to number i.
pub(crate) fn apply(cpu: Cpu, maps: &[Map], group: &mut [Lanes], spare: &mut [Lanes]) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn avx2(maps: &[Map], group: &mut [Lanes], spare: &mut [Lanes]) {
        body::<true>(maps, group, spare);
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
    fn avx512(maps: &[Map], group: &mut [Lanes], spare: &mut [Lanes]) {
        body::<true>(maps, group, spare);
    }
    match cpu {
        Cpu::Baseline => body::<{ cfg!(target_arch = "aarch64") }>(maps, group, spare),
        // SAFETY: these variants are made only after asking the processor.
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx2 => unsafe { avx2(maps, group, spare) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Cpu::Avx512 => unsafe { avx512(maps, group, spare) },
    }
}

#[inline(always)]
fn body<const FMA: bool>(maps: &[Map], group: &mut [Lanes], spare: &mut [Lanes]) {
    for map in maps {
        match map {
            Map::Digit(digit, m) => one_digit::<FMA>(group, group.len() >> (2 * digit + 2), m),
            Map::Scale(factors) => {
                for (lanes, f) in group.iter_mut().zip(factors) {
                    lanes.iter_mut().for_each(|x| *x *= f);
                }
            }
            Map::Rows { starts, entries } => {
                spare.copy_from_slice(group);
                for (out, range) in group.iter_mut().zip(starts.windows(2)) {
                    let mut sum = [0.0; WIDE];
                    for &(column, factor) in &entries[range[0] as usize..range[1] as usize] {
                        add::<FMA>(&mut sum, &spare[column as usize], factor);
                    }
                    *out = sum;
                }
            }
        }
    }
}

#[inline(always)]
fn one_digit<const FMA: bool>(group: &mut [Lanes], stride: usize, m: &[f64; 16]) {
    // Maps that keep the trace copy the first number of four.
    let keeps = m[..4] == [1.0, 0.0, 0.0, 0.0];
    let unital = keeps && [m[4], m[8], m[12]] == [0.0; 3];
    for block in group.chunks_exact_mut(4 * stride) {
        for i in 0..stride {
            let x = [block[i], block[i + stride], block[i + 2 * stride], block[i + 3 * stride]];
            for row in usize::from(keeps)..4 {
                let mut sum = [0.0; WIDE];
                for (column, x) in x.iter().enumerate().skip(usize::from(unital)) {
                    add::<FMA>(&mut sum, x, m[4 * row + column]);
                }
                block[i + row * stride] = sum;
            }
        }
    }
}

#[inline(always)]
fn add<const FMA: bool>(sum: &mut Lanes, x: &Lanes, factor: f64) {
    for (s, x) in sum.iter_mut().zip(x) {
        *s = if FMA { x.mul_add(factor, *s) } else { *s + x * factor };
    }
}
