//! Ground states along a bond: each length trained cold, or from the angles of the length before.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use serde::Deserialize;
use shotbook_sim::engine::{Options, Prepared, prepare};
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::sample::Rng;

use super::optimizer::Adam;
use super::{TrainError, ansatz, circuit};

/// Chemical accuracy. Units: hartree.
pub const CHEMICAL: f64 = 1.6e-3;
/// The plateau: less gain than this in so many iterations. Units: hartree.
const PLATEAU: (f64, usize) = (1e-4, 20);
const MOST_ITERATIONS: usize = 1000;

/// A molecule at several bond lengths.
#[derive(Clone, Debug, Deserialize)]
pub struct Molecule {
    /// Its name.
    pub molecule: String,
    /// Qubits of each Hamiltonian.
    pub qubits: u32,
    points: Vec<Point>,
}

#[derive(Clone, Debug, Deserialize)]
struct Point {
    ground: f64,
    terms: BTreeMap<String, f64>,
}

/// When a training ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As soon as the energy is within chemical accuracy of the exact one, which nobody knows in use.
    Oracle,
    /// When it no longer gets better.
    Plateau,
}

impl Stop {
    /// `oracle` or `plateau`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Plateau => "plateau",
        }
    }
}

/// What a sweep along the bond came to, over all lengths and seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Swept {
    /// Iterations of all lengths, mean over seeds.
    pub iterations: f64,
    /// Share of the trainings that reached chemical accuracy.
    pub success: f64,
}

impl Molecule {
    /// Reads a molecule.
    ///
    /// # Errors
    /// [`TrainError::Data`] with what is wrong.
    pub fn from_json(text: &str) -> Result<Self, TrainError> {
        let molecule: Self = serde_json::from_str(text)?;
        if molecule.points.is_empty() || molecule.qubits == 0 || molecule.qubits > 8 {
            return Err(TrainError::Data("1 to 8 qubits and at least one point are expected".to_owned()));
        }
        for point in &molecule.points {
            if point.terms.keys().any(|k| k.len() != molecule.qubits as usize) {
                return Err(TrainError::Data(format!("strings of {} letters are expected", molecule.qubits)));
            }
            hamiltonian(point)?;
        }
        Ok(molecule)
    }

    /// How many lengths there are.
    pub fn n_points(&self) -> usize {
        self.points.len()
    }

    /// The largest difference between our exact energies and those of the file. Units: hartree.
    ///
    /// # Errors
    /// Hamiltonians that cannot be read.
    pub fn exact_difference(&self) -> Result<f64, TrainError> {
        let mut furthest = 0.0f64;
        for point in &self.points {
            let own = hamiltonian(point)?.ground_energy().map_err(|e| TrainError::Data(e.to_string()))?;
            furthest = furthest.max((own - point.ground).abs());
        }
        Ok(furthest)
    }

    /// Trains every length with each seed: cold from uniform angles, or warm from the length before
    /// (the first one cold).
    ///
    /// # Errors
    /// The simulator's.
    pub fn sweep(&self, layers: usize, warm: bool, stop: Stop, seeds: &[u64]) -> Result<Swept, TrainError> {
        let mut ansatz = Ansatz::new(self.qubits as usize, layers)?;
        let (mut iterations, mut reached) = (0usize, 0usize);
        for &seed in seeds {
            let mut rng = Rng::new(seed);
            let mut angles: Vec<f64> = Vec::new();
            for point in &self.points {
                if !warm || angles.is_empty() {
                    angles = (0..ansatz.n_angles).map(|_| PI * (2.0 * rng.unit() - 1.0)).collect();
                }
                let (used, energy) = ansatz.train(&hamiltonian(point)?, &mut angles, stop, point.ground)?;
                iterations += used;
                reached += usize::from(energy - point.ground <= CHEMICAL);
            }
        }
        let trainings = (self.points.len() * seeds.len()) as f64;
        Ok(Swept { iterations: iterations as f64 / seeds.len() as f64, success: reached as f64 / trainings })
    }
}

fn hamiltonian(point: &Point) -> Result<PauliSum, TrainError> {
    let terms = point.terms.iter().map(|(text, weight)| (text.as_str(), *weight));
    PauliSum::from_strings(terms).map_err(|e| TrainError::Data(e.to_string()))
}

/// A layer of RY, then layers of a CX chain and RY.
struct Ansatz {
    prepared: Prepared<'static>,
    n_angles: usize,
}

impl Ansatz {
    fn new(qubits: usize, layers: usize) -> Result<Self, TrainError> {
        let text = ansatz::real_amplitudes(qubits as u32, layers as u32);
        let options = Options { threads: 1, shots: Some(0), ..Options::default() };
        Ok(Self { prepared: prepare(&circuit(&text)?, &options)?, n_angles: qubits * (layers + 1) })
    }

    /// Iterations used, and the least energy that was reached; the angles are those that reached it.
    fn train(
        &mut self,
        hamiltonian: &PauliSum,
        angles: &mut [f64],
        stop: Stop,
        exact: f64,
    ) -> Result<(usize, f64), TrainError> {
        let mut adam = Adam::new(0.05, (0.9, 0.999), self.n_angles);
        let mut gradient = vec![0.0; self.n_angles];
        let mut at = angles.to_vec();
        let mut least: Vec<f64> = Vec::new();
        let mut iteration = 0;
        loop {
            let energy = self.prepared.gradient(&at, hamiltonian, &mut gradient)?;
            let before = least.last().copied().unwrap_or(f64::INFINITY);
            if energy < before {
                angles.copy_from_slice(&at);
            }
            least.push(energy.min(before));
            let enough = match stop {
                Stop::Oracle => energy - exact <= CHEMICAL,
                Stop::Plateau => {
                    iteration >= PLATEAU.1 && least[iteration - PLATEAU.1] - least[iteration] < PLATEAU.0
                }
            };
            if enough || iteration == MOST_ITERATIONS {
                return Ok((iteration, least[iteration]));
            }
            adam.step(&mut at, &gradient);
            iteration += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h2() -> Molecule {
        Molecule::from_json(include_str!("../../data/h2_sto3g_2q.json")).unwrap()
    }

    #[test]
    fn exact_energies_are_those_of_another_program() {
        assert!(h2().exact_difference().unwrap() < 1e-8);
    }

    #[test]
    fn the_length_before_is_a_better_start_than_chance() {
        let sweep = |warm| h2().sweep(2, warm, Stop::Oracle, &[7]).unwrap();
        let (cold, warm) = (sweep(false), sweep(true));
        assert_eq!((cold.success, warm.success), (1.0, 1.0));
        assert!(warm.iterations * 4.0 < cold.iterations, "{warm:?} {cold:?}");
        assert_eq!(sweep(true), warm, "the same seed is the same sweep");
    }

    #[test]
    fn data_of_another_shape_are_refused() {
        for text in [
            "{}",
            r#"{"molecule":"X","qubits":2,"points":[]}"#,
            r#"{"molecule":"X","qubits":2,"points":[{"ground":0,"terms":{"Z":1}}]}"#,
            r#"{"molecule":"X","qubits":1,"points":[{"ground":0,"terms":{"Q":1}}]}"#,
            r#"{"molecule":"X","qubits":40,"points":[{"ground":0,"terms":{}}]}"#,
        ] {
            assert!(matches!(Molecule::from_json(text), Err(TrainError::Data(_))), "{text}");
        }
    }
}
