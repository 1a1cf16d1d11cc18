//! Parameters of one training as the start of another, by kind; what does not fit is refused.

use super::machine::Definition;
use super::maxcut;
use super::problem::{Objective, Problem};

/// Published fixed angles of QAOA. Source: Wurtz and Lykov, arXiv:2107.00677.
const FIXED: &str = include_str!("../../data/qaoa_fixed_angles.json");

/// Start for `target` from the best parameters of `source`, and by which rule.
///
/// # Errors
/// Why these parameters mean nothing there.
pub fn start(
    source: &Definition,
    best: &[f64],
    target: &Definition,
    problem: &Problem,
) -> Result<(Vec<f64>, String), String> {
    let word = (source.objective.word(), target.objective.word());
    if word.0 != word.1 {
        return Err(format!("{} was trained for {}, not for {}", source.name, word.0, word.1));
    }
    if let (Objective::Classifier { .. }, Some(layers)) = (&source.objective, problem.layers()) {
        let old = Problem::new(&source.circuit, &source.objective, source.seed).map_err(|e| e.to_string())?;
        let Some(old) = old.layers().copied() else { return Err("it is no classifier".to_owned()) };
        if source.circuit_sha256 != target.circuit_sha256 {
            return Err("its circuit is another one".to_owned());
        }
        if old.features != layers.features {
            return Err(format!("it takes {} features, the data have {}", old.features, layers.features));
        }
        if old == *layers {
            return Ok((best.to_vec(), "all weights, for new data".to_owned()));
        }
        // Other classes: the scores start anew, what stands before them is kept.
        let mut out = target.start.clone();
        let kept = best.len() - old.classes * (old.observables + 1);
        out[..kept].copy_from_slice(&best[..kept]);
        return Ok((out, format!("all but the scores of {} classes", old.classes)));
    }
    let names = |d: &Definition| {
        super::circuit(&d.circuit).map(|c| c.inputs.into_iter().map(|i| i.name).collect::<Vec<_>>())
    };
    let (old, new) = (names(source).map_err(|e| e.to_string())?, names(target).map_err(|e| e.to_string())?);
    let (before, after) = (layers(&old), layers(&new));
    if let (Some(p), Some(q)) = (before, after) {
        if q < p {
            return Err(format!("it has {p} layers, more than the {q} here"));
        }
        let scale = ratio_of_weights(&source.objective, &target.objective);
        let (mut gamma, mut beta): (Vec<f64>, Vec<f64>) =
            best.chunks_exact(2).map(|c| (c[0] * scale, c[1])).unzip();
        for _ in p..q {
            (gamma, beta) = (stretched(&gamma), stretched(&beta));
        }
        let out = gamma.into_iter().zip(beta).flat_map(|(g, b)| [g, b]).collect();
        return Ok((out, format!("{p} layers stretched to {q}, gamma times {scale:.3} for the weights")));
    }
    if old != new {
        return Err(format!("its angles are {}, here they are {}", shortened(&old), shortened(&new)));
    }
    if source.circuit_sha256 != target.circuit_sha256 {
        return Err("its circuit is another one with the same names of angles".to_owned());
    }
    Ok((best.to_vec(), "the same circuit".to_owned()))
}

/// Layers of a circuit whose angles are gamma and beta in turn.
fn layers(names: &[String]) -> Option<usize> {
    let fits =
        |(i, n): (usize, &String)| *n == format!("{}{}", if i % 2 == 0 { "gamma" } else { "beta" }, i / 2);
    (!names.is_empty() && names.len().is_multiple_of(2) && names.iter().enumerate().all(fits))
        .then_some(names.len() / 2)
}

/// One layer more, between the ones that are known. Source: Zhou et al., PRX 10, 021067 (2020), INTERP.
fn stretched(old: &[f64]) -> Vec<f64> {
    let p = old.len();
    let at = |i: usize| if i == 0 || i > p { 0.0 } else { old[i - 1] };
    (1..=p + 1).map(|i| ((i - 1) as f64 * at(i - 1) + (p + 1 - i) as f64 * at(i)) / p as f64).collect()
}

/// Gamma goes with one over the root of the mean square of the weights. Source: Shaydulin 2023, ACM TQC 4(3).
fn ratio_of_weights(source: &Objective, target: &Objective) -> f64 {
    size(source).zip(size(target)).map_or(1.0, |(a, b)| if b > 0.0 { a / b } else { 1.0 })
}

fn size(objective: &Objective) -> Option<f64> {
    match objective {
        Objective::Cut { graph } | Objective::Ising { graph } => {
            let sum: f64 = graph.edges.iter().map(|e| e.2 * e.2).sum();
            Some((sum / graph.edges.len().max(1) as f64).sqrt())
        }
        _ => None,
    }
}

fn shortened(names: &[String]) -> String {
    match names {
        [first, .., last] => format!("{first} to {last} ({})", names.len()),
        _ => names.join(", "),
    }
}

/// Fixed angles for a graph of the nearest degree, scaled for its weights.
///
/// # Errors
/// Objectives without a graph, circuits that are not QAOA's, depths without published angles.
pub fn fixed_angles(objective: &Objective, problem: &Problem) -> Result<(Vec<f64>, String), String> {
    let Objective::Cut { graph } = objective else { return Err("fixed angles are for --maxcut".to_owned()) };
    let names: Vec<String> = problem.circuit().inputs.iter().map(|i| i.name.clone()).collect();
    let Some(p) = layers(&names) else { return Err("fixed angles are for --ansatz qaoa".to_owned()) };
    let table = maxcut::angles(FIXED).map_err(|e| e.to_string())?;
    let degrees = graph.degrees();
    let mean = f64::from(degrees.iter().sum::<u32>()) / degrees.len().max(1) as f64;
    let fitting = table.iter().filter(|a| a.p == p);
    let nearest = fitting
        .min_by(|a, b| (f64::from(a.degree) - mean).abs().total_cmp(&(f64::from(b.degree) - mean).abs()));
    let Some(row) = nearest else { return Err(format!("no fixed angles are published for {p} layers")) };
    let scale = size(objective).filter(|s| *s > 0.0).map_or(1.0, |s| 1.0 / s);
    // A mean degree between the rows: gamma goes with one over the root of the degree less one.
    let degree = ((f64::from(row.degree) - 1.0).max(0.5) / (mean - 1.0).max(0.5)).sqrt();
    let factor = scale * degree;
    let out = row.in_turn().chunks_exact(2).flat_map(|c| [c[0] * factor, c[1]]).collect();
    Ok((out, format!("degree {} for a mean of {mean:.2}, gamma times {:.3}", row.degree, factor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::ansatz;
    use crate::train::graph::Graph;

    #[test]
    fn layers_are_stretched_between_known_ones() {
        assert_eq!(stretched(&[0.4]), [0.4, 0.4]);
        assert_eq!(stretched(&[0.2, 0.6]), [0.2, 0.4, 0.6]);
    }

    #[test]
    fn fixed_angles_reach_their_guarantee_and_follow_the_weights() {
        let cut = |text: &str| {
            let graph = Graph::read(text).unwrap();
            let objective = Objective::Cut { graph: graph.clone() };
            let problem = Problem::new(&ansatz::qaoa(&graph, 2), &objective, 1).unwrap();
            let (start, _) = fixed_angles(&objective, &problem).unwrap();
            let mut on = problem.exact(&shotbook_sim::engine::Options::default()).unwrap();
            -problem.loss_exactly(&mut on, &start).unwrap() / graph.largest_cut().unwrap()
        };
        // The complete graph of four vertices is 3-regular; p = 2 guarantees 0.7559.
        assert!(cut("0 1\n0 2\n0 3\n1 2\n1 3\n2 3\n") > 0.7559);
        let weighted = cut("0 1 5\n0 2 5\n0 3 5\n1 2 5\n1 3 5\n2 3 5\n");
        assert!((weighted - cut("0 1\n0 2\n0 3\n1 2\n1 3\n2 3\n")).abs() < 1e-9, "{weighted}");
    }
}
