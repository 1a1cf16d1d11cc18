//! What the compiler of a QPU makes of a program: native gates on hardware qubits, as results tell it.
//!
//! Turns about Z are not played but carried on to the next gate, and swaps are put in where two qubits are
//! not joined. What is measured is what the program measures; no calibration is asked for better qubits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::f64::consts::{FRAC_PI_2, PI};
use std::fmt::Write as _;

use num_complex::Complex64;
use shotbook_sim::circuit::{Angle, Circuit, Gate, Op, QubitLabels, gates};
use shotbook_sim::result::{Factor, ResultType};
use shotbook_sim::target::{Connectivity, Device};

/// Angles closer than this are the same. Units: radians.
const SAME: f64 = 1e-9;

type Turn = [Complex64; 4];

const NONE: Turn =
    [Complex64::new(1.0, 0.0), Complex64::new(0.0, 0.0), Complex64::new(0.0, 0.0), Complex64::new(1.0, 0.0)];

/// Whose gates and whose words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Iqm,
    Aqt,
    Rigetti,
}

struct Compiler<'a> {
    circuit: &'a Circuit,
    values: &'a [f64],
    device: &'a Device,
    maker: Maker,
    neighbours: BTreeMap<u32, Vec<u32>>,
    /// Where each qubit is; those behind the circuit's own are hardware qubits that were swapped through.
    at: Vec<Option<u32>>,
    /// Who sits on a hardware qubit.
    held: BTreeMap<u32, usize>,
    /// What is owed to each qubit before its next gate.
    owed: Vec<Turn>,
    measured: BTreeSet<usize>,
    /// Hardware qubit of each measurement, with its bit.
    reads: Vec<(u32, u32)>,
    /// Gates that were played.
    played: Vec<(&'static str, Vec<f64>, Vec<u32>)>,
}

/// The compiled program in the words of the device's maker; `None` where the maker tells none, or where the
/// program does what is not compiled here.
pub(super) fn compiled(
    circuit: &Circuit,
    values: &[f64],
    measured: &[u32],
    device: &Device,
) -> Option<String> {
    let maker = match device.arn.rsplit('/').nth(1)? {
        "iqm" => Maker::Iqm,
        "aqt" => Maker::Aqt,
        "rigetti" => Maker::Rigetti,
        _ => return None,
    };
    let n = circuit.n_qubits as usize;
    let mut it = Compiler {
        circuit,
        values,
        device,
        maker,
        neighbours: neighbours(device),
        at: vec![None; n],
        held: BTreeMap::new(),
        owed: vec![NONE; n],
        measured: BTreeSet::new(),
        reads: Vec::new(),
        played: Vec::new(),
    };
    if let QubitLabels::Physical(labels) = &circuit.labels {
        for (q, &label) in labels.iter().enumerate() {
            it.at[q] = Some(label);
            it.held.insert(label, q);
        }
    }
    it.ops(&circuit.ops.ops, false)?;
    if it.reads.is_empty() {
        it.bases()?;
        for (bit, &q) in measured.iter().enumerate() {
            it.measure(q as usize, bit as u32)?;
        }
    }
    Some(it.text())
}

fn neighbours(device: &Device) -> BTreeMap<u32, Vec<u32>> {
    let mut out: BTreeMap<u32, Vec<u32>> = device.qubit_labels.iter().map(|&q| (q, Vec::new())).collect();
    match &device.connectivity {
        Connectivity::Full => {
            for (&q, near) in &mut out {
                near.extend(device.qubit_labels.iter().filter(|&&other| other != q));
            }
        }
        Connectivity::Edges(edges) => {
            for &(a, b) in edges {
                out.entry(a).or_default().push(b);
                out.entry(b).or_default().push(a);
            }
        }
        Connectivity::None => {}
    }
    out
}

fn product(a: &Turn, b: &Turn) -> Turn {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    ]
}

fn turn(gate: Gate, angles: &[f64]) -> Option<Turn> {
    (gate.row().matrix)(angles).try_into().ok()
}

/// Angles `a`, `b`, `c` with `Rz(a) Ry(b) Rz(c)` the same turn, its phase apart.
fn euler(u: &Turn) -> (f64, f64, f64) {
    let b = 2.0 * u[2].norm().atan2(u[0].norm());
    if u[2].norm() < SAME {
        (u[3].arg() - u[0].arg(), 0.0, 0.0)
    } else if u[0].norm() < SAME {
        (u[2].arg() - (-u[1]).arg(), PI, 0.0)
    } else {
        (u[2].arg() - u[0].arg(), b, (-u[1]).arg() - u[0].arg())
    }
}

/// The same angle in (-π, π].
fn reduced(angle: f64) -> f64 {
    let angle = angle.rem_euclid(2.0 * PI);
    let angle = if angle > PI + SAME { angle - 2.0 * PI } else { angle };
    if angle.abs() < SAME { 0.0 } else { angle }
}

impl Compiler<'_> {
    fn angle(&self, angle: &Angle) -> Option<f64> {
        match angle {
            Angle::Fixed(x) => Some(*x),
            Angle::Affine { input, scale, offset } => {
                Some(scale * self.values.get(*input as usize)? + offset)
            }
            Angle::Expr(_) => None,
        }
    }

    fn ops(&mut self, ops: &[Op], verbatim: bool) -> Option<()> {
        for op in ops {
            match op {
                Op::Barrier { .. } | Op::Delay { .. } => {}
                Op::Box { body, verbatim } => {
                    let circuit = self.circuit;
                    self.ops(&circuit.block(*body).ops, *verbatim)?;
                }
                Op::Measure { qubit, bit } => {
                    let bit = bit.unwrap_or(self.reads.len() as u32);
                    self.measure(*qubit as usize, bit)?;
                }
                Op::Gate(gate) => {
                    let qubits: Vec<usize> =
                        self.circuit.gate_qubits(gate).iter().map(|&q| q as usize).collect();
                    let angles = self
                        .circuit
                        .gate_angles(gate)
                        .iter()
                        .map(|a| self.angle(a))
                        .collect::<Option<Vec<_>>>()?;
                    if qubits.iter().any(|q| self.measured.contains(q)) {
                        return None;
                    }
                    if verbatim {
                        self.as_written(gate.gate, &angles, &qubits)?;
                        continue;
                    }
                    let named = match (gate.n_controls, gate.negative) {
                        (0, _) => gate.gate,
                        (n, 0) => gates::ROWS.iter().find(|r| r.control_of == Some((gate.gate, n)))?.gate,
                        _ => return None,
                    };
                    self.gate(named, &angles, &qubits)?;
                }
                Op::Unitary { matrix, qubits, n_controls: 0 } if qubits.len == 1 => {
                    let q = self.circuit.qubit_range(*qubits)[0] as usize;
                    let u = self.circuit.matrices[matrix.0 as usize].entries.clone().try_into().ok()?;
                    self.owe(q, &u);
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn owe(&mut self, q: usize, u: &Turn) {
        self.owed[q] = product(u, &self.owed[q]);
    }

    /// A gate of a verbatim box: nothing of it is changed.
    fn as_written(&mut self, gate: Gate, angles: &[f64], qubits: &[usize]) -> Option<()> {
        for &q in qubits {
            self.settle(q, true)?;
        }
        let places = qubits.iter().map(|&q| self.at[q]).collect::<Option<Vec<_>>>()?;
        self.played.push((gate.row().name, angles.to_vec(), places));
        Some(())
    }

    fn gate(&mut self, gate: Gate, angles: &[f64], qubits: &[usize]) -> Option<()> {
        let row = gate.row();
        match (gate, qubits) {
            (Gate::Gphase, _) => Some(()),
            (_, &[q]) => {
                self.owe(q, &turn(gate, angles)?);
                Some(())
            }
            (Gate::Cz, &[a, b]) => self.entangle(a, b),
            (Gate::Cnot, &[a, b]) => {
                let h = turn(Gate::H, &[])?;
                self.owe(b, &h);
                self.entangle(a, b)?;
                self.owe(b, &h);
                Some(())
            }
            _ if row.decomposition.is_empty() => None,
            _ => {
                for step in row.decomposition {
                    let own: Vec<f64> = step.angles.iter().map(|a| a.of(angles)).collect();
                    let on: Vec<usize> = step.qubits.iter().map(|&i| qubits[usize::from(i)]).collect();
                    self.gate(step.gate, &own, &on)?;
                }
                Some(())
            }
        }
    }

    /// Puts a qubit on hardware, as near to another as there is room.
    fn place(&mut self, q: usize, near: Option<u32>) -> Option<u32> {
        if let Some(label) = self.at[q] {
            return Some(label);
        }
        let start = near.or_else(|| {
            // Where most is joined, there is least to swap.
            let free = self.neighbours.iter().filter(|(label, _)| !self.held.contains_key(label));
            free.max_by_key(|(label, near)| (near.len(), std::cmp::Reverse(**label))).map(|(label, _)| *label)
        })?;
        let order = self.paths_from(start).into_iter();
        let label = order.map(|(label, _)| label).find(|label| !self.held.contains_key(label))?;
        self.at[q] = Some(label);
        self.held.insert(label, q);
        Some(label)
    }

    /// Hardware qubits by distance, each with the one before it.
    fn paths_from(&self, start: u32) -> Vec<(u32, u32)> {
        let mut out = vec![(start, start)];
        let mut seen = BTreeSet::from([start]);
        let mut queue = VecDeque::from([start]);
        while let Some(label) = queue.pop_front() {
            for &next in self.neighbours.get(&label).into_iter().flatten() {
                if seen.insert(next) {
                    out.push((next, label));
                    queue.push_back(next);
                }
            }
        }
        out
    }

    /// Brings two qubits side by side and plays a CZ, up to turns about Z that are owed.
    fn entangle(&mut self, a: usize, b: usize) -> Option<()> {
        let near = self.at[b];
        let from = self.place(a, near)?;
        let to = self.place(b, Some(from))?;
        if !self.device.connectivity.joins(from, to) {
            let before: BTreeMap<u32, u32> = self.paths_from(to).into_iter().collect();
            let mut here = from;
            loop {
                let next = *before.get(&here)?;
                if next == to {
                    break;
                }
                self.exchange(here, next)?;
                here = next;
            }
        }
        self.play_cz(a, b)
    }

    fn play_cz(&mut self, a: usize, b: usize) -> Option<()> {
        if self.maker != Maker::Aqt {
            for q in [a, b] {
                self.settle(q, false)?;
            }
            self.played.push(("cz", Vec::new(), vec![self.at[a]?, self.at[b]?]));
            return Some(());
        }
        // CZ is a quarter turn about ZZ with one about Z on each side; Hadamards make XX of ZZ.
        let h = turn(Gate::H, &[])?;
        let quarter = turn(Gate::Rz, &[FRAC_PI_2])?;
        for q in [a, b] {
            self.owe(q, &h);
            self.settle(q, true)?;
        }
        self.played.push(("xx", vec![-FRAC_PI_2], vec![self.at[a]?, self.at[b]?]));
        for q in [a, b] {
            self.owe(q, &product(&quarter, &h));
        }
        Some(())
    }

    /// Swaps two neighbours, whoever sits there.
    fn exchange(&mut self, here: u32, next: u32) -> Option<()> {
        let [x, y] = [here, next].map(|label| {
            self.held.get(&label).copied().unwrap_or_else(|| {
                self.at.push(Some(label));
                self.owed.push(NONE);
                self.held.insert(label, self.at.len() - 1);
                self.at.len() - 1
            })
        });
        if self.measured.contains(&x) || self.measured.contains(&y) {
            return None;
        }
        let h = turn(Gate::H, &[])?;
        for (control, target) in [(x, y), (y, x), (x, y)] {
            self.owe(target, &h);
            self.play_cz(control, target)?;
            self.owe(target, &h);
        }
        // What is owed is owed to the place, and who sits there is another now.
        self.owed.swap(x, y);
        self.at.swap(x, y);
        self.held.insert(here, y);
        self.held.insert(next, x);
        Some(())
    }

    /// Plays what is owed to a qubit; a turn about Z goes on with it unless nothing may.
    fn settle(&mut self, q: usize, whole: bool) -> Option<()> {
        let place = self.place(q, None)?;
        let (a, b, c) = euler(&self.owed[q]);
        let mut rest = reduced(a);
        if self.maker == Maker::Rigetti {
            if b.abs() >= SAME {
                let quarter = (b - FRAC_PI_2).abs() < SAME || (b - PI).abs() < SAME;
                let steps = if quarter {
                    rest = reduced(a + FRAC_PI_2);
                    vec![("rz", c - FRAC_PI_2), ("rx", b)]
                } else {
                    rest = reduced(a + PI);
                    vec![("rz", c), ("rx", FRAC_PI_2), ("rz", b + PI), ("rx", FRAC_PI_2)]
                };
                for (name, angle) in steps {
                    self.play_turn(name, reduced(angle), place);
                }
            }
        } else if b.abs() >= SAME {
            rest = reduced(a + c);
            self.played.push(("prx", vec![b, reduced(FRAC_PI_2 - c)], vec![place]));
        }
        // IQM has no turn about Z: it is carried to the end, where no measurement sees it.
        if whole && self.maker != Maker::Iqm {
            self.play_turn("rz", rest, place);
            rest = 0.0;
        }
        self.owed[q] = turn(Gate::Rz, &[rest])?;
        Some(())
    }

    fn play_turn(&mut self, name: &'static str, angle: f64, place: u32) {
        if angle.abs() >= SAME {
            self.played.push((name, vec![angle], vec![place]));
        }
    }

    /// Turns what observables ask for into the basis that is measured.
    fn bases(&mut self) -> Option<()> {
        let mut turned = BTreeSet::new();
        for request in &self.circuit.results {
            let (ResultType::Expectation(o) | ResultType::Variance(o) | ResultType::Sample(o)) =
                &request.kind
            else {
                continue;
            };
            for (factor, qubits) in &o.factors {
                let Some(&q) = qubits.first() else { continue };
                if matches!(factor, Factor::I | Factor::Z) || !turned.insert(q) {
                    continue;
                }
                let steps: &[(Gate, &[f64])] = match factor {
                    Factor::X => &[(Gate::H, &[])],
                    Factor::Y => &[(Gate::Si, &[]), (Gate::H, &[])],
                    Factor::H => &[(Gate::Ry, &[-PI / 4.0])],
                    _ => return None,
                };
                for (gate, angles) in steps {
                    self.owe(q as usize, &turn(*gate, angles)?);
                }
            }
        }
        Some(())
    }

    fn measure(&mut self, q: usize, bit: u32) -> Option<()> {
        if !self.measured.insert(q) {
            return None;
        }
        self.settle(q, false)?;
        self.reads.push((self.at[q]?, bit));
        Some(())
    }

    fn text(&self) -> String {
        let bits = self.reads.iter().map(|(_, bit)| bit + 1).max().unwrap_or(0);
        let angles = |angles: &[f64]| {
            let all: Vec<String> = angles.iter().map(|a| format!("{a:?}")).collect();
            if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
        };
        let mut out = String::new();
        if self.maker == Maker::Rigetti {
            let _ = writeln!(
                out,
                "PRAGMA INITIAL_REWIRING \"NAIVE\"\nDECLARE ro BIT[{bits}]\nPRAGMA PRESERVE_BLOCK"
            );
            for (name, own, places) in &self.played {
                let on: Vec<String> = places.iter().map(u32::to_string).collect();
                let _ = writeln!(out, "{}{} {}", name.to_uppercase(), angles(own), on.join(" "));
            }
            out.push_str("PRAGMA END_PRESERVE_BLOCK\n");
            for (place, bit) in &self.reads {
                let _ = writeln!(out, "MEASURE {place} ro[{bit}]");
            }
            return out;
        }
        let _ = writeln!(out, "OPENQASM 3.0;\nbit[{bits}] b;\n#pragma braket verbatim\nbox {{");
        for (name, own, places) in &self.played {
            let on: Vec<String> = places.iter().map(|p| format!("${p}")).collect();
            let _ = writeln!(out, "{name}{} {};", angles(own), on.join(", "));
        }
        out.push_str("}\n");
        for (place, bit) in &self.reads {
            let _ = writeln!(out, "b[{bit}] = measure ${place};");
        }
        out
    }
}
