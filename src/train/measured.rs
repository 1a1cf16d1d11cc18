//! A trained circuit as shots see it: one program whose inputs are its angles and the letters that are
//! measured, so that every value and every derivative of a step is one row of one circuit.

use std::fmt::Write as _;

use shotbook_sim::circuit::Gate;
use shotbook_sim::circuit::{Angle, BitRegister, BitString, Circuit, GateOp, Input, Op};
use shotbook_sim::diagnostic::Span;
use shotbook_sim::pauli::{Pauli, PauliString, PauliSum};
use shotbook_sim::qasm::{Emit, emit};
use std::f64::consts::FRAC_PI_2;

use super::TrainError;
use super::shift::{self, Rule};
use crate::advice::{self, Group, Seen};

/// An angle of one gate.
#[derive(Clone, Debug, PartialEq)]
struct Slot {
    input: usize,
    scale: f64,
    offset: f64,
    rule: Rule,
}

/// How a term's letters are found in an outcome.
#[derive(Clone, Debug)]
struct Reading {
    observable: usize,
    weight: f64,
    columns: Vec<usize>,
}

/// Terms that one row measures.
#[derive(Clone, Debug)]
struct Letters {
    basis: PauliString,
    readings: Vec<Reading>,
}

/// The program, and how to ask it.
#[derive(Clone, Debug)]
pub struct Measured {
    /// OpenQASM 3.
    pub text: String,
    /// Names of its inputs, in the order of a row.
    pub names: Vec<String>,
    slots: Vec<Slot>,
    /// Qubits whose letter differs from group to group: turned by inputs of their own.
    turned: Vec<u32>,
    groups: Vec<Letters>,
    /// The part of each observable that needs no measurement.
    constants: Vec<f64>,
}

/// Means of the observables at one place, and what shots say of their spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Means {
    /// One mean an observable.
    pub means: Vec<f64>,
    /// Variance of one shot of each group, of each observable.
    pub variances: Vec<f64>,
}

impl Measured {
    /// The program of a circuit without measurements and some observables.
    ///
    /// # Errors
    /// [`TrainError::Circuit`]: measurements before the end, noise, or angles that are no multiple of
    /// one input.
    pub fn new(circuit: &Circuit, observables: &[PauliSum]) -> Result<Self, TrainError> {
        let mut all = circuit.clone();
        all.results.clear();
        all.registers.clear();
        all.inputs.clear();
        let (mut slots, mut names) = (Vec::new(), Vec::new());
        let mut ops = shotbook_sim::circuit::Block::default();
        for (op, span) in circuit.ops.iter() {
            match op {
                Op::Measure { .. } | Op::Barrier { .. } => {}
                Op::Gate(g) => {
                    free(&mut all, g, &mut slots, &mut names)?;
                    ops.push(*op, span);
                }
                Op::Unitary { .. } => ops.push(*op, span),
                _ => {
                    let why = "a trained circuit has gates, and measurements at its end";
                    return Err(TrainError::Circuit(why.to_owned()));
                }
            }
        }
        all.ops = ops;
        let groups = groups(observables);
        let mut measured: Vec<u32> = groups.iter().flat_map(|g| g.basis.iter().map(|l| l.0)).collect();
        measured.sort_unstable();
        measured.dedup();
        let mut turned = Vec::new();
        for &q in &measured {
            let letters: Vec<Pauli> =
                groups.iter().filter_map(|g| g.basis.iter().find(|l| l.0 == q)).map(|l| l.1).collect();
            if letters.iter().all(|l| *l == letters[0]) {
                if letters[0] != Pauli::Z {
                    let (about_z, about_y) = turn(letters[0]);
                    push(&mut all, Gate::Rz, q, Angle::Fixed(about_z));
                    push(&mut all, Gate::Ry, q, Angle::Fixed(about_y));
                }
                continue;
            }
            for (gate, letter) in [(Gate::Rz, 'b'), (Gate::Ry, 'c')] {
                let input = input(&mut all, &mut names, format!("{letter}{q}"));
                push(&mut all, gate, q, Angle::Affine { input, scale: 1.0, offset: 0.0 });
            }
            turned.push(q);
        }
        let size = measured.len() as u32;
        all.registers.push(BitRegister { name: "m".to_owned(), first: 0, size, visible: true });
        for (bit, &qubit) in (0..).zip(&measured) {
            all.ops.push(Op::Measure { qubit, bit: Some(bit) }, Span::default());
        }
        let text = emit(&all, Emit::OpenQasm3).map_err(|errors| {
            TrainError::Circuit(errors.first().map_or_else(String::new, |e| e.message.clone()))
        })?;
        let constant = |sum: &PauliSum| sum.terms.iter().filter(|t| t.1.is_empty()).map(|t| t.0).sum();
        let constants = observables.iter().map(constant).collect();
        let groups = groups.iter().map(|g| letters(g, observables, &measured)).collect();
        Ok(Self { text, names, slots, turned, groups, constants })
    }

    /// Circuits of one value of all observables.
    pub fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// Circuits of one derivative by every angle, of all observables.
    pub fn n_shifts(&self) -> usize {
        self.slots.iter().map(|s| s.rule.len()).sum()
    }

    /// How often a loss turns with each input, where it is one sine in it.
    pub fn scales(&self, inputs: usize) -> Option<Vec<f64>> {
        (0..inputs)
            .map(|i| {
                let mut own = self.slots.iter().filter(|s| s.input == i);
                let only = own.next()?;
                (own.next().is_none() && only.rule.len() == 2 && only.scale != 0.0).then_some(only.scale)
            })
            .collect()
    }

    /// Rows that measure all observables at the inputs of the circuit, one a group.
    pub fn rows(&self, inputs: &[f64]) -> Vec<Vec<f64>> {
        self.shifted(inputs, None)
    }

    /// Rows of every shift of every angle, group after group.
    pub fn shifts(&self, inputs: &[f64]) -> Vec<Vec<f64>> {
        let each = self.slots.iter().enumerate().flat_map(|(at, s)| s.rule.iter().map(move |r| (at, r.0)));
        each.flat_map(|shift| self.shifted(inputs, Some(shift))).collect()
    }

    fn shifted(&self, inputs: &[f64], shift: Option<(usize, f64)>) -> Vec<Vec<f64>> {
        let mut angles: Vec<f64> = self.slots.iter().map(|s| s.scale * inputs[s.input] + s.offset).collect();
        if let Some((slot, by)) = shift {
            angles[slot] += by;
        }
        self.groups
            .iter()
            .map(|group| {
                let mut row = angles.clone();
                for &q in &self.turned {
                    let letter = group.basis.iter().find(|l| l.0 == q).map_or(Pauli::Z, |l| l.1);
                    let (about_z, about_y) = turn(letter);
                    row.extend([about_z, about_y]);
                }
                row
            })
            .collect()
    }

    /// What the counts of the rows of one place say, one table of counts a group.
    pub fn means<'a, C: IntoIterator<Item = (&'a BitString, u64)>>(
        &self,
        counts: impl IntoIterator<Item = C>,
    ) -> Means {
        let n = self.constants.len();
        let mut out = Means { means: self.constants.clone(), variances: vec![0.0; n] };
        for (group, counts) in counts.into_iter().enumerate().take(self.groups.len()) {
            for (k, seen) in self.seen(group, counts).into_iter().enumerate() {
                out.means[k] += seen.mean();
                out.variances[k] += seen.sample_variance();
            }
        }
        out
    }

    /// What the counts of one group say of each observable, without its constant.
    pub fn seen<'a>(
        &self,
        group: usize,
        counts: impl IntoIterator<Item = (&'a BitString, u64)>,
    ) -> Vec<Seen> {
        let mut out = vec![Seen::default(); self.constants.len()];
        for (outcome, times) in counts {
            let mut one = vec![0.0; out.len()];
            for reading in &self.groups[group].readings {
                let odd = outcome.parity(&reading.columns);
                one[reading.observable] += if odd { -reading.weight } else { reading.weight };
            }
            out.iter_mut().zip(one).for_each(|(seen, value)| seen.add(value, times));
        }
        out
    }

    /// The part of an observable that needs no measurement.
    pub fn constant(&self, observable: usize) -> f64 {
        self.constants[observable]
    }

    /// The largest variance of one shot of each group, of one observable.
    pub fn bounds(&self, observable: usize) -> Vec<f64> {
        let bound = |g: &Letters| {
            let own = g.readings.iter().filter(|r| r.observable == observable);
            own.map(|r| r.weight.abs()).sum::<f64>().powi(2)
        };
        self.groups.iter().map(bound).collect()
    }

    /// Derivatives of weighted observables by the inputs from the means at all shifts, with the
    /// variance of a shot of each. Shape: one `Means` a shift, in the order of [`Measured::shifts`].
    pub fn derivatives(&self, inputs: usize, weights: &[f64], shifts: &[Means]) -> (Vec<f64>, Vec<f64>) {
        let (mut out, mut spread) = (vec![0.0; inputs], vec![0.0; inputs]);
        let mut shifts = shifts.iter();
        for slot in &self.slots {
            for &(_, factor) in &slot.rule {
                let Some(there) = shifts.next() else { return (out, spread) };
                let by = slot.scale * factor;
                for ((weight, mean), variance) in weights.iter().zip(&there.means).zip(&there.variances) {
                    out[slot.input] += by * weight * mean;
                    spread[slot.input] += by * by * weight * weight * variance;
                }
            }
        }
        (out, spread)
    }

    /// The input that each shift belongs to, in the order of [`Measured::shifts`].
    pub fn shift_inputs(&self) -> Vec<usize> {
        self.slots.iter().flat_map(|s| s.rule.iter().map(|_| s.input)).collect()
    }
}

/// Rotations about Z, then Y, that turn a letter into Z. Units: radians.
fn turn(letter: Pauli) -> (f64, f64) {
    match letter {
        Pauli::Z => (0.0, 0.0),
        Pauli::X => (0.0, -FRAC_PI_2),
        Pauli::Y => (-FRAC_PI_2, -FRAC_PI_2),
    }
}

/// Gives every angle of a gate that depends on an input an input of its own.
fn free(
    all: &mut Circuit,
    g: &GateOp,
    slots: &mut Vec<Slot>,
    names: &mut Vec<String>,
) -> Result<(), TrainError> {
    for k in 0..usize::from(g.gate.row().n_angles) {
        let at = g.angles as usize + k;
        match all.angles[at] {
            Angle::Fixed(_) => {}
            Angle::Affine { input: old, scale, offset } => {
                let mut name = String::new();
                let _ = write!(name, "a{}", slots.len());
                let new = input(all, names, name);
                all.angles[at] = Angle::Affine { input: new, scale: 1.0, offset: 0.0 };
                let rule = shift::rule(g.gate, k, g.n_controls > 0);
                slots.push(Slot { input: old as usize, scale, offset, rule });
            }
            Angle::Expr(_) => {
                let why = "with shots an angle must be a number times one input plus a number; \
                           declare an input for it, or train with exact values";
                return Err(TrainError::Circuit(why.to_owned()));
            }
        }
    }
    Ok(())
}

fn input(all: &mut Circuit, names: &mut Vec<String>, name: String) -> u32 {
    names.push(name.clone());
    all.inputs.push(Input { name, span: Span::default() });
    all.inputs.len() as u32 - 1
}

fn push(all: &mut Circuit, gate: Gate, qubit: u32, angle: Angle) {
    let (qubits, angles) = (all.qubits.len() as u32, all.angles.len() as u32);
    all.qubits.push(qubit);
    all.angles.push(angle);
    all.ops.push(Op::Gate(GateOp { gate, n_controls: 0, qubits, angles, negative: 0 }), Span::default());
}

/// Groups of all strings that occur.
fn groups(observables: &[PauliSum]) -> Vec<Group> {
    let mut all = PauliSum::default();
    for (weight, string) in observables.iter().flat_map(|o| &o.terms) {
        match all.terms.iter_mut().find(|t| t.1 == *string) {
            Some(term) => term.0 += weight.abs(),
            None => all.terms.push((weight.abs(), string.clone())),
        }
    }
    advice::groups(&all)
}

fn letters(group: &Group, observables: &[PauliSum], measured: &[u32]) -> Letters {
    let mut readings = Vec::new();
    for (_, string) in &group.sum.terms {
        let column = |q: u32| measured.binary_search(&q).unwrap_or(0);
        let columns: Vec<usize> = string.iter().map(|l| column(l.0)).collect();
        for (observable, sum) in observables.iter().enumerate() {
            let weight: f64 = sum.terms.iter().filter(|t| t.1 == *string).map(|t| t.0).sum();
            if weight != 0.0 {
                readings.push(Reading { observable, weight, columns: columns.clone() });
            }
        }
    }
    Letters { basis: group.basis.clone(), readings }
}
