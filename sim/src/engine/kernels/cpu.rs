//! One source of every kernel, one compiled form for each instruction set.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::OnceLock;

use num_complex::Complex64;

use super::strings::Weighed;
use super::{Block, Real, body, gates, sweeps};
use crate::plan::frame::Order;
use crate::plan::stage::Sweep;
use crate::plan::step::Where;

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cpu {
    /// What every processor of the architecture has.
    Baseline,
    /// 256-bit registers and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit registers.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Cpu {
    /// Those that this processor has, plainest first.
    pub(crate) fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut all = vec![Self::Baseline];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("popcnt")
            {
                all.push(Self::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    all.push(Self::Avx512);
                }
            }
        }
        all
    }
}

/// The best instruction set of this processor, found once.
pub(crate) fn cpu() -> Cpu {
    static BEST: OnceLock<Cpu> = OnceLock::new();
    *BEST.get_or_init(|| Cpu::available().pop().unwrap_or(Cpu::Baseline))
}

/// Whether plain multiply-add is fused in hardware on every processor of the architecture.
const BASELINE_FMA: bool = cfg!(target_arch = "aarch64");

macro_rules! versions {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => { $(
        $(#[$doc])*
        pub(crate) fn $name<F: Real>(cpu: Cpu, $($arg: $ty),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,popcnt")]
            fn avx2<F: Real>($($arg: $ty),*) $(-> $ret)? {
                body::$name::<F, true>($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma,popcnt")]
            fn avx512<F: Real>($($arg: $ty),*) $(-> $ret)? {
                body::$name::<F, true>($($arg),*)
            }
            match cpu {
                Cpu::Baseline => body::$name::<F, BASELINE_FMA>($($arg),*),
                // SAFETY: these variants are made only by `available`, after asking the processor.
                #[cfg(target_arch = "x86_64")]
                Cpu::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Cpu::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    )* };
}

versions! {
    /// Multiplies groups that differ in some bits by a matrix, most significant bit first.
    fn dense(blocks: &mut [Block<F>], targets: &[u32], on: Where, m: &[Complex64]);
    /// Sum of squared magnitudes where the condition holds.
    fn mass(blocks: &[Block<F>], on: Where) -> f64;
    /// Sum of conj(bra[i ^ x]) ket[i], negative where i & z has odd parity, over i that meet the condition.
    fn overlap(bra: &[Block<F>], ket: &[Block<F>], x: u64, z: u64, on: Where) -> Complex64;
    /// Adds to out[i ^ x] a factor times ket[i], negative where i & z has odd parity.
    fn add_pauli(out: &mut [Block<F>], ket: &[Block<F>], x: u64, z: u64, factor: Complex64);
    /// Over the blocks of a range, the sum of weighed parts of conj(ket[i ^ x]) ket[i].
    fn weighed(ket: &[Block<F>], range: Range<usize>, x: u64, terms: &[Weighed]) -> f64;
}

/// The same for kernels that say which registers they use.
macro_rules! wide_versions {
    ($($(#[$doc:meta])* fn $module:ident::$name:ident($($arg:ident: $ty:ty),*);)*) => { $(
        $(#[$doc])*
        pub(crate) fn $name<F: Real>(cpu: Cpu, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,popcnt")]
            fn avx2<F: Real>($($arg: $ty),*) {
                $module::$name::<F::Avx2>($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma,popcnt")]
            fn avx512<F: Real>($($arg: $ty),*) {
                $module::$name::<F::Avx512>($($arg),*);
            }
            match cpu {
                Cpu::Baseline => $module::$name::<F::Baseline>($($arg),*),
                // SAFETY: these variants are made only by `available`, after asking the processor.
                #[cfg(target_arch = "x86_64")]
                Cpu::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Cpu::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    )* };
}

wide_versions! {
    /// Multiplies pairs that differ in bit `target` by a 2x2 matrix, where the condition holds.
    fn gates::pair(blocks: &mut [Block<F>], target: u32, on: Where, m: &[Complex64; 4]);
    /// Exchanges amplitudes that differ in bit `target`, where the condition holds.
    fn gates::flip(blocks: &mut [Block<F>], target: u32, on: Where);
    /// Multiplies by a factor where the condition holds.
    fn gates::phase(blocks: &mut [Block<F>], on: Where, factor: Complex64);
    /// Turns of different bits, x - t y and y + t x, after the factors of two tables, which may be empty.
    fn sweeps::sweep(blocks: &mut [Block<F>], tables: [&[Block<F>]; 2], turns: &Sweep);
    /// Multiplies each amplitude by the factor in the same place.
    fn sweeps::times(blocks: &mut [Block<F>], factors: &[Block<F>]);
    /// Multiplies by the first factor where some bits have even parity, else by the second.
    fn sweeps::twist(blocks: &mut [Block<F>], parity: u64, factors: [Complex64; 2]);
    /// Makes one run of amplitudes a multiple of another, with factors by parity.
    fn sweeps::spread(to: &mut [Block<F>], from: &[Block<F>], parity: u64, factors: [Complex64; 2]);
    /// Fetches blocks from the places of an order, `first` onwards.
    fn sweeps::settle(to: &mut [Block<F>], from: &[Block<F>], order: &Order, first: usize);
}
