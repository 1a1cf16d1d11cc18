//! A circuit without branches as one list of elementary steps.

use smallvec::SmallVec;

use crate::circuit::Circuit;
use crate::engine::SimError;
use crate::engine::model::{Action, Kraus};
use crate::engine::stabilizer::clifford::Elem;
use crate::plan::columns::Source;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    Elem(Elem),
    /// Measures a qubit into the next record.
    Measure(u32),
    Reset(u32),
    /// One of some Paulis, or none, at random.
    Noise(Mixture),
}

/// Paulis with their probabilities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mixture {
    pub(crate) qubits: SmallVec<[u32; 2]>,
    /// X and Z masks by position in `qubits`, and the probability; the identity is left out.
    pub(crate) paulis: Vec<(u32, u32, f64)>,
    /// Probability that it is not the identity.
    pub(crate) total: f64,
}

impl Mixture {
    /// The mixture of a channel; none if it is not made of Paulis.
    pub(crate) fn of(kraus: &Kraus) -> Option<Self> {
        let mut paulis: Vec<(u32, u32, f64)> = Vec::new();
        for (p, &weight) in kraus.paulis.as_ref()?.iter().zip(kraus.mixture.as_ref()?) {
            if (p.x, p.z) == (0, 0) || weight <= 0.0 {
                continue;
            }
            match paulis.iter_mut().find(|(x, z, _)| (*x, *z) == (p.x, p.z)) {
                Some(known) => known.2 += weight,
                None => paulis.push((p.x, p.z, weight)),
            }
        }
        let total = paulis.iter().map(|p| p.2).sum::<f64>().min(1.0);
        Some(Self { qubits: SmallVec::from_slice(&kraus.qubits), paulis, total })
    }
}

/// All steps of a circuit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) steps: Vec<Step>,
    /// Number of records.
    pub(crate) records: usize,
    /// The record that each classical bit holds at the end.
    bits: Vec<Option<usize>>,
}

impl Program {
    pub(crate) fn new(circuit: &Circuit) -> Self {
        Self { steps: Vec::new(), records: 0, bits: vec![None; circuit.n_bits() as usize] }
    }

    /// Appends gates.
    pub(crate) fn gates(&mut self, gates: &[Elem]) {
        self.steps.extend(gates.iter().map(|&e| Step::Elem(e)));
    }

    /// Appends something that is not unitary.
    ///
    /// # Errors
    /// Unfit for channels that are no mixture of Paulis.
    pub(crate) fn action(&mut self, action: &Action, bit: Option<u32>) -> Result<(), SimError> {
        match action {
            Action::Measure(q) => {
                self.steps.push(Step::Measure(*q));
                if let Some(bit) = bit {
                    self.bits[bit as usize] = Some(self.records);
                }
                self.records += 1;
            }
            Action::Reset(q) => self.steps.push(Step::Reset(*q)),
            Action::Channel(kraus) => {
                let mixture = Mixture::of(kraus).ok_or_else(|| SimError::Unfit {
                    engine: "stabilizer",
                    reason: "the channel is no mixture of Paulis".into(),
                    span: None,
                })?;
                if mixture.total > 0.0 {
                    self.steps.push(Step::Noise(mixture));
                }
            }
        }
        Ok(())
    }

    /// Measures at the end what the sources need; gives the record of each source, none for bits
    /// that nothing wrote.
    pub(crate) fn finish(&mut self, sources: &[Source]) -> Vec<Option<usize>> {
        let mut of_qubit = std::collections::HashMap::new();
        sources
            .iter()
            .map(|source| match source {
                Source::Bit(bit) => self.bits[*bit as usize],
                Source::Qubit(q) => Some(*of_qubit.entry(*q).or_insert_with(|| {
                    self.steps.push(Step::Measure(*q));
                    self.records += 1;
                    self.records - 1
                })),
            })
            .collect()
    }
}
