//! How flat a landscape is: the variance of derivatives over random parameters, against qubits.
//!
//! Source: McClean et al., "Barren plateaus in quantum neural network training landscapes", Nature
//! Communications 9, 4812 (2018).

use shotbook_sim::engine::Options;

use super::optimizer::Ask;
use super::problem::{Objective, Problem};
use super::{TrainError, ansatz};

/// Random places.
const PLACES: u64 = 50;
/// Sizes of the circuits beside.
const SIZES: [u32; 5] = [2, 4, 6, 8, 10];

/// Variance of a derivative at random parameters, on average over the parameters.
///
/// # Errors
/// The simulator's.
pub fn variance(problem: &Problem, seed: u64) -> Result<f64, TrainError> {
    let mut on = problem.exact(&Options::default())?;
    let n = problem.n_parameters();
    let (mut sums, mut squares) = (vec![0.0; n], vec![0.0; n]);
    for place in 0..PLACES {
        let at = problem.start(seed.wrapping_add(place));
        let answer = problem.answer_exactly(&mut on, &Ask::Gradient { at, shots: None }, place)?;
        for (k, g) in answer.gradient.iter().enumerate() {
            sums[k] += g;
            squares[k] += g * g;
        }
    }
    let many = PLACES as f64;
    let each = sums.iter().zip(&squares).map(|(s, q)| (q - s * s / many) / (many - 1.0));
    Ok(each.sum::<f64>() / n.max(1) as f64)
}

/// The same of hardware-efficient circuits with as many layers as qubits, for an observable on two
/// qubits and for one on all. Shape: qubits, two, all.
///
/// # Errors
/// The simulator's.
pub fn beside(seed: u64) -> Result<Vec<(u32, f64, f64)>, TrainError> {
    let of = |n: u32, observable: String| {
        let text = ansatz::hardware_efficient(n, n, "cz");
        variance(&Problem::new(&text, &Objective::Energy { observable }, seed)?, seed)
    };
    let row = |n: u32| {
        let (two, all) = ("ZZ".to_owned() + &"I".repeat(n as usize - 2), "Z".repeat(n as usize));
        Ok((n, of(n, two)?, of(n, all)?))
    };
    SIZES.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rotation_has_the_variance_of_a_sine() {
        // d<Z>/dx = -sin x over a whole turn: one half. Another angle does nothing.
        let text = "OPENQASM 3.0;\ninput float a;\nqubit q;\nry(a) q;\n";
        let problem = Problem::new(text, &Objective::Energy { observable: "Z".to_owned() }, 1).unwrap();
        let found = variance(&problem, 1).unwrap();
        assert!((found - 0.5).abs() < 0.15, "{found}");
    }

    #[test]
    fn landscapes_of_deep_circuits_flatten_with_their_qubits() {
        let rows = beside(1).unwrap();
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        assert!(last.2 < first.2 / 20.0 && last.2 < last.1 * 1.5, "{rows:?}");
    }
}
