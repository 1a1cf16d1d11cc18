//! Each instruction set against the plainest, on registers around the lane border.

use std::f64::consts::PI;
use std::marker::PhantomData;

use num_complex::Complex64;

use crate::circuit::{Angle, Circuit, Gate};
use crate::engine::amplitudes::Amplitudes;
use crate::engine::kernels::table::fill;
use crate::engine::kernels::{Block, Cpu, LANES, Real, Weighed, body};
use crate::engine::model::Engine;
use crate::engine::state_vector::StateVector;
use crate::engine::{Options, reference};
use crate::plan::step::{self, Step, Where};
use crate::plan::{Segment, fuse, stage};
use crate::sample::Rng;

use super::build::Build;
use super::{distance, single_off};

/// Gates of the circuits of [`evolved`].
const GATES: usize = 80;

fn evolved<F: Real>(n: u32, cpu: Cpu, seed: u64) -> Amplitudes<F> {
    let circuit = Build::new(n).random_gates(&mut Rng::new(seed), GATES).circuit;
    let angles = numbers(&circuit);
    let segment =
        Segment { circuit: &circuit, ops: &circuit.ops.ops, spans: &circuit.ops.spans, angles: &angles };
    let engine = StateVector { n, cpu, threads: 2, of: PhantomData };
    let mut state = engine.zero();
    engine.evolve(&mut state, &engine.plan(&segment).unwrap(), &Options::default()).unwrap();
    state
}

#[test]
fn every_instruction_set_gives_the_same_state() {
    for n in 1..=8 {
        for seed in 0..4 {
            let circuit = Build::new(n).random_gates(&mut Rng::new(seed), GATES).circuit;
            let expected = reference::state(&circuit, &[]);
            for cpu in Cpu::available() {
                let off = distance(&evolved::<f64>(n, cpu, seed).to_vec(), &expected);
                assert!(off < 1e-12, "{cpu:?} {n} qubits seed {seed}: {off:e}");
                let off = distance(&evolved::<f32>(n, cpu, seed).to_vec(), &expected);
                assert!(off < single_off(GATES), "single {cpu:?} {n} qubits seed {seed}: {off:e}");
            }
        }
    }
}

#[test]
fn larger_registers_agree_between_instruction_sets() {
    for n in [9, 12, 14] {
        let plain = evolved::<f64>(n, Cpu::Baseline, 5).to_vec();
        for cpu in Cpu::available() {
            let off = distance(&evolved::<f64>(n, cpu, 5).to_vec(), &plain);
            assert!(off < 1e-12, "{cpu:?} {n} qubits: {off:e}");
            let off = distance(&evolved::<f32>(n, cpu, 5).to_vec(), &plain);
            assert!(off < single_off(GATES), "single {cpu:?} {n} qubits: {off:e}");
        }
    }
}

/// The angles of a circuit without inputs.
fn numbers(circuit: &Circuit) -> Vec<f64> {
    circuit.angles.iter().map(|a| if let Angle::Fixed(x) = a { *x } else { 0.0 }).collect()
}

/// What stages make of the first basis state.
fn staged<F: Real>(steps: &[Step], n: u32, cpu: Cpu, threads: usize) -> Vec<Complex64> {
    let smallest = F::SMALLEST.max(1e-30);
    let stages = stage::stages(&fuse::fuse(steps.to_vec(), n, smallest), n).unwrap();
    let mut state = Amplitudes::<F>::zero(n, cpu);
    state.apply_stages(&stages, threads, &Options::default()).unwrap();
    state.to_vec()
}

/// Stages on every instruction set and with threads against one step after the other.
fn check_stages(circuit: &Circuit, what: &str) {
    let (n, angles) = (circuit.n_qubits, numbers(circuit));
    let (ops, spans) = (&circuit.ops.ops[..], &circuit.ops.spans[..]);
    let steps = step::lower(&Segment { circuit, ops, spans, angles: &angles }, n);
    let mut plain = Amplitudes::<f64>::zero(n, Cpu::Baseline);
    plain.apply(&steps, &Options::default()).unwrap();
    let plain = plain.to_vec();
    for cpu in Cpu::available() {
        for threads in [1, 3] {
            let off = distance(&staged::<f64>(&steps, n, cpu, threads), &plain);
            assert!(off < 1e-12, "{what} on {cpu:?}, {n} qubits, {threads} threads: {off:e}");
            let off = distance(&staged::<f32>(&steps, n, cpu, threads), &plain);
            assert!(off < single_off(ops.len()), "single {what} on {cpu:?}, {n} qubits: {off:e}");
        }
    }
}

/// The sizes lie around those of a block, a tile and a register that is worth threads.
#[test]
fn stages_do_what_their_steps_do() {
    for (n, seeds) in [(1, 2), (2, 2), (3, 3), (4, 3), (6, 3), (9, 2), (13, 1), (14, 2), (15, 2), (16, 1)] {
        for seed in 0..seeds {
            let mut build = Build::new(n).random_gates(&mut Rng::new(seed), 60);
            for q in 0..n {
                // Quarter and half turns, and two that are all but half.
                let angle = [PI, PI / 2.0, PI - 1e-3, PI + 1e-9][q as usize % 4];
                build = build.gate(Gate::Ry, &[q], &[angle]).gate(Gate::Rz, &[q], &[0.1 + f64::from(q)]);
            }
            for q in 1..n {
                // Phases of two qubits, written with flips.
                let (cx, rz) = (&[q - 1, q][..], &[0.2 + f64::from(q)]);
                build = build.gate(Gate::Cnot, cx, &[]).gate(Gate::Rz, &[q], rz).gate(Gate::Cnot, cx, &[]);
            }
            check_stages(&build.random_gates(&mut Rng::new(100 + seed), 60).circuit, "random gates");
        }
    }
}

/// Flips that are only noted, in both directions across lanes, blocks and tiles, with and without
/// turns, phases and gates of three qubits between them.
#[test]
fn noted_flips_do_what_flips_do() {
    for (n, seed) in [(2, 1), (3, 2), (4, 3), (5, 4), (7, 5), (10, 6), (13, 7), (14, 8), (15, 9), (16, 10)] {
        for often in [2, 20] {
            let mut rng = Rng::new(seed);
            let mut build = Build::new(n);
            for _ in 0..160 {
                let (a, b) = (rng.below(u64::from(n)) as u32, rng.below(u64::from(n) - 1) as u32);
                let b = if b < a { b } else { b + 1 };
                let angle = [rng.unit() * 6.0];
                build = match rng.below(often) {
                    0 => build.gate(Gate::Ry, &[a], &angle).gate(Gate::Rz, &[b], &angle),
                    1 => build.gate(Gate::X, &[a], &[]).gate(Gate::Cz, &[a, b], &[]),
                    2 => build.gate(Gate::Swap, &[a, b], &[]),
                    3 => build.controlled(Gate::X, &[a], 1, &[b], &[]),
                    4 if n > 2 => {
                        let c = (0..n).find(|&c| c != a && c != b).unwrap();
                        build.gate(Gate::Ccnot, &[a, c, b], &[])
                    }
                    _ => build.gate(Gate::Cnot, &[a, b], &[]),
                };
            }
            check_stages(&build.circuit, "flips");
        }
    }
}

/// A table holds the product of the factors of its parities, many with one highest bit included.
#[test]
fn tables_hold_the_product_of_their_factors() {
    let mut rng = Rng::new(4);
    for size in [1, 3, 4, 6, 8] {
        for count in [0, 1, 5, 60] {
            let phases: Vec<(u64, Complex64)> = (0..count)
                .map(|_| (1 + rng.below((1 << size) - 1), Complex64::from_polar(1.0, rng.unit() * 6.0)))
                .collect();
            let scale = Complex64::new(0.3, -2.0);
            for cpu in Cpu::available() {
                check_table::<f64>(cpu, size, scale, &phases, 1e-12);
                check_table::<f32>(cpu, size, scale, &phases, single_off(8 + phases.len()));
            }
        }
    }
}

fn check_table<F: Real>(cpu: Cpu, size: u32, scale: Complex64, phases: &[(u64, Complex64)], most: f64) {
    let mut table = vec![Block::<F>::ZERO; (1usize << size).div_ceil(LANES)];
    fill(cpu, &mut table, size, scale, phases);
    for i in 0..1u64 << size {
        let odd = phases.iter().filter(|p| (p.0 & i).count_ones() % 2 == 1);
        let expected = odd.fold(scale, |z, p| z * p.1);
        assert!((body::get(&table, i as usize) - expected).norm() < most, "{cpu:?} {size} {i}");
    }
}

/// Thousands of turns between two rescalings: amplitudes neither overflow nor vanish.
#[test]
fn many_turns_keep_the_norm() {
    turn_often::<f64>(1e-11);
    turn_often::<f32>(single_off(3000));
}

fn turn_often<F: Real>(tolerance: f64) {
    let mut build = Build::new(9);
    for layer in 0..300 {
        for q in 0..9 {
            build = build.gate(Gate::Ry, &[q], &[3.1 + f64::from(layer) * 1e-3]);
        }
        build = build.gate(Gate::Cnot, &[layer % 9, (layer + 1) % 9], &[]);
    }
    let engine = StateVector::<F> { n: 9, cpu: Cpu::Baseline, threads: 1, of: PhantomData };
    let circuit = build.circuit;
    let angles = numbers(&circuit);
    let (ops, spans) = (&circuit.ops.ops[..], &circuit.ops.spans[..]);
    let plan = engine.plan(&Segment { circuit: &circuit, ops, spans, angles: &angles }).unwrap();
    let mut state = engine.zero();
    engine.evolve(&mut state, &plan, &Options::default()).unwrap();
    let mass = state.mass(Where::default());
    assert!((mass - 1.0).abs() < tolerance, "{mass}");
}

/// Turns of one bit that commute with those of all others: together they would overflow, and a factor
/// of the whole that did not keep its place would come too late.
#[test]
fn a_factor_of_the_whole_is_not_passed_by_turns() {
    turn_all_but_one::<f64>(|_| 1e-10);
    turn_all_but_one::<f32>(single_off);
}

fn turn_all_but_one<F: Real>(tolerance: impl Fn(usize) -> f64) {
    for n in [9, 13, 15] {
        let mut build = Build::new(n);
        for q in 0..n - 1 {
            for _ in 0..32 {
                build = build.gate(Gate::Ry, &[q], &[3.0]).gate(Gate::Cz, &[q, n - 1], &[]);
            }
        }
        let engine = StateVector::<F> { n, cpu: Cpu::Baseline, threads: 1, of: PhantomData };
        let circuit = build.circuit;
        let angles = numbers(&circuit);
        let (ops, spans) = (&circuit.ops.ops[..], &circuit.ops.spans[..]);
        let plan = engine.plan(&Segment { circuit: &circuit, ops, spans, angles: &angles }).unwrap();
        let mut state = engine.zero();
        engine.evolve(&mut state, &plan, &Options::default()).unwrap();
        // The last qubit stays in 0, so each other turns by 96 radians and nothing else.
        let first = Where { ones: 1 << (n - 1), zeros: 0 };
        let most = tolerance(circuit.ops.ops.len());
        let (all, ones) = (state.mass(Where::default()), state.mass(first));
        assert!((all - 1.0).abs() < most, "{n}: {all}");
        assert!((ones - 48f64.sin().powi(2)).abs() < most, "{n}: {ones}");
    }
}

#[test]
fn sums_agree_with_their_definition() {
    let mut rng = Rng::new(3);
    for n in 1..=7u32 {
        for cpu in Cpu::available() {
            sums::<f64>(n, cpu, &mut rng, 1e-13);
            sums::<f32>(n, cpu, &mut rng, 1e-6);
        }
    }
}

/// Sums are made in double precision of what the amplitudes are; only stored products are rounded.
fn sums<F: Real>(n: u32, cpu: Cpu, rng: &mut Rng, stored: f64) {
    let (ket, bra) = (evolved::<F>(n, cpu, 1), evolved::<F>(n, cpu, 2));
    let (k, b) = (ket.to_vec(), bra.to_vec());
    for _ in 0..20 {
        let (x, z) = (rng.below(1 << n), rng.below(1 << n));
        let free = !x & ((1 << n) - 1);
        let ones = rng.bits() & rng.bits() & free;
        let on = Where { ones, zeros: rng.bits() & rng.bits() & free & !ones };
        let sign = |i: u64| if (i & z).count_ones() % 2 == 1 { -1.0 } else { 1.0 };
        let met = |i: &u64| i & on.ones == on.ones && i & on.zeros == 0;
        let product = |i: u64| b[(i ^ x) as usize].conj() * k[i as usize] * sign(i);
        let expected: Complex64 = (0..1u64 << n).filter(met).map(product).sum();
        assert!((ket.overlap(&bra, x, z, on) - expected).norm() < 1e-13);
        let mass: f64 = (0..1u64 << n).filter(met).map(|i| k[i as usize].norm_sqr()).sum();
        assert!((ket.mass(on) - mass).abs() < 1e-13);
        let terms = [Weighed { z, re: 0.7, im: -0.4 }];
        let all: Complex64 =
            (0..1u64 << n).map(|i| k[(i ^ x) as usize].conj() * k[i as usize] * sign(i)).sum();
        assert!((ket.weighed(x, &terms, 1) - (0.7 * all.re - 0.4 * all.im)).abs() < 1e-13);
        let factor = Complex64::new(0.3, -0.8);
        let mut times = vec![Complex64::default(); 1 << n];
        for i in 0..1u64 << n {
            times[(i ^ x) as usize] += factor * k[i as usize] * sign(i);
        }
        assert!(distance(&ket.times([(x, z, factor)].into_iter()).to_vec(), &times) < stored);
    }
}
