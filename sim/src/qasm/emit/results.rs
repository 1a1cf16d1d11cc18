//! Result pragmas as text.

use std::fmt::Write as _;

use super::Writer;
use super::expression::{matrix_text, number};
use crate::result::{Factor, Observable, ResultType};

impl Writer<'_> {
    fn observable_text(&self, observable: &Observable) -> String {
        let factors: Vec<String> = observable
            .factors
            .iter()
            .map(|(factor, qubits)| {
                let name = match factor {
                    Factor::I => "i",
                    Factor::X => "x",
                    Factor::Y => "y",
                    Factor::Z => "z",
                    Factor::H => "h",
                    Factor::Hermitian(entries) => {
                        let targets = if qubits.is_empty() { "all".to_owned() } else { self.list(qubits) };
                        return format!("hermitian({}) {targets}", matrix_text(entries));
                    }
                };
                if qubits.is_empty() {
                    format!("{name} all")
                } else {
                    format!("{name}({})", self.list(qubits))
                }
            })
            .collect();
        factors.join(" @ ")
    }

    pub(super) fn result_text(&self, kind: &ResultType) -> String {
        let targets = |list: &Option<Vec<u32>>| match list {
            None => String::new(),
            Some(list) => format!(" {}", self.list(list)),
        };
        match kind {
            ResultType::StateVector => "state_vector".to_owned(),
            ResultType::DensityMatrix(list) => format!("density_matrix{}", targets(list)),
            ResultType::Probability(list) => format!("probability{}", targets(list)),
            ResultType::Amplitude(states) => {
                let quoted: Vec<String> = states.iter().map(|s| format!("\"{s}\"")).collect();
                format!("amplitude {}", quoted.join(", "))
            }
            ResultType::Expectation(o) => format!("expectation {}", self.observable_text(o)),
            ResultType::Variance(o) => format!("variance {}", self.observable_text(o)),
            ResultType::Sample(o) => format!("sample {}", self.observable_text(o)),
            ResultType::AdjointGradient { terms, inputs } => self.gradient_text(terms, inputs),
        }
    }

    fn gradient_text(&self, terms: &[(f64, Observable)], inputs: &[u32]) -> String {
        let mut sum = String::new();
        for (i, (weight, observable)) in terms.iter().enumerate() {
            let sign = if *weight < 0.0 { " - " } else { " + " };
            let sign = if i == 0 && *weight >= 0.0 { "" } else { sign };
            let _ = write!(sum, "{sign}{} * {}", number(weight.abs()), self.observable_text(observable));
        }
        let names: Vec<&str> = inputs
            .iter()
            .filter_map(|&i| self.circuit.inputs.get(i as usize))
            .map(|i| i.name.as_str())
            .collect();
        let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
        format!("adjoint_gradient expectation({}) {names}", sum.trim_start())
    }
}
