//! A training in words and as JSON.

use serde_json::{Value, json};

use super::define::named;
use crate::app::training::Record;
use crate::cli::output::Out;
use crate::cli::verbs::report::judged;
use crate::money::Money;
use crate::train::machine::{End, State};
use crate::train::problem::{Objective, Problem};
use crate::train::statistics::{interval, ratio};
use crate::train::twins::best_basis_state;

/// The value that people ask for, with its word.
pub fn value(problem: &Problem, loss: f64) -> String {
    let word = match (problem.layers(), problem.shown(1.0) < 0.0) {
        (Some(_), _) => "loss",
        (None, true) => "cut",
        (None, false) => "energy",
    };
    format!("{word} {:.6}", problem.shown(loss))
}

/// Seconds as people say them.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.2} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

/// Why it ended, in a word.
pub fn end(state: &State) -> String {
    match &state.end {
        None => "not ended".to_owned(),
        Some(End::Iterations) => "last iteration".to_owned(),
        Some(End::Plateau) => "plateau".to_owned(),
        Some(End::Target) => "target reached".to_owned(),
        Some(End::Converged) => "converged".to_owned(),
        Some(End::Cap(why)) => format!("stopped by a cap: {why}"),
    }
}

/// The sentence that a training on a simulator carries.
pub fn sentence(record: &Record) -> Option<String> {
    (record.definition.device == "local").then(|| {
        format!(
            "trained classically in {}: no quantum advantage is possible at this size",
            seconds(record.state.used.seconds)
        )
    })
}

/// A training in a few lines.
pub fn print(record: &Record, problem: &Problem, out: &mut Out) {
    let (state, reached) = (&record.state, record.reached.clone().unwrap_or_default());
    out.line(&format!(
        "{} · {} · {} · {} iterations · {}",
        record.id,
        record.definition.name,
        record.definition.optimizer.kind.word(),
        state.iteration,
        end(state)
    ));
    if let Some(loss) = reached.loss {
        let mut line = format!("{} without shots at the best parameters", value(problem, loss));
        if let Some(ideal) = reached.ideal {
            let away = match &record.definition.objective {
                Objective::Cut { .. } => {
                    format!("{:.4} of the largest cut, {ideal}", problem.shown(loss) / ideal)
                }
                _ => {
                    format!("{:.3} thousandths above the least, {ideal:.6}", ((loss - ideal) * 1e3).max(0.0))
                }
            };
            line.push_str(&format!(" · {away}"));
        }
        out.line(&line);
    }
    for line in stuck(record, problem) {
        out.line(&line);
    }
    if let Some(accuracy) = reached.accuracy {
        out.line(&format!("accuracy {accuracy:.3} on points that were not trained on"));
        if let Some(judged) = judged(&record.definition.objective, accuracy) {
            out.line(&judged.words());
        }
    }
    let used = state.used;
    out.line(&format!(
        "{} circuits · {} shots · {} tasks · {:#} · {}",
        used.circuits,
        used.shots,
        used.tasks,
        Money::from_nanos(used.nanos),
        seconds(used.seconds)
    ));
    for line in comparison(record) {
        out.line(&line);
    }
    if let Some(sentence) = sentence(record) {
        out.line(&sentence);
    }
}

/// A gradient this short moves nothing any more. Units: loss a radian.
const STILL: f64 = 1e-2;
/// Most qubits whose basis states are tried for the screen.
const TRIED_QUBITS: u32 = 16;

/// Where an energy ended above the least: whether more iterations would help, and what does.
fn stuck(record: &Record, problem: &Problem) -> Vec<String> {
    let Some(reached) = &record.reached else { return Vec::new() };
    let Some((loss, ideal)) = reached.loss.zip(reached.ideal) else { return Vec::new() };
    if !matches!(record.definition.objective, Objective::Energy { .. }) || loss - ideal <= ALIKE {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let few = problem.circuit().n_qubits <= TRIED_QUBITS;
    let basis = few.then(|| best_basis_state(&problem.observables()[0])).flatten();
    if let Some(basis) = basis.filter(|basis| loss >= basis - ALIKE / 10.0) {
        lines.push(format!(
            "no better than the best basis state, {basis:.6} (Hartree-Fock of a molecule): the circuit adds no correlation"
        ));
    }
    let last = record.state.history.last().and_then(|m| m.steepness);
    let exact = record.definition.shots.is_none();
    if let Some(length) = last.filter(|length| exact && *length < STILL) {
        lines.push(format!(
            "it stands still (gradient {length:.1e}): more iterations go no lower; take another --seed, or a circuit \
             that can reach further"
        ));
    }
    lines
}

/// Losses that differ by no more are alike: chemical accuracy, where they are energies.
const ALIKE: f64 = crate::train::bonds::CHEMICAL;

/// Warm beside cold; a saving is claimed only from ten controls on, and not where most reached more.
fn comparison(record: &Record) -> Vec<String> {
    let controls = record.reached.as_ref().map_or(&[][..], |r| &r.controls);
    if controls.is_empty() {
        return record
            .definition
            .from
            .iter()
            .map(|_| "no control: a saving is not shown; --control 10".to_owned())
            .collect();
    }
    let cold: Vec<f64> = controls.iter().map(|c| f64::from(c.iterations)).collect();
    let repeats: Vec<f64> = controls.iter().filter_map(|c| c.warm).map(f64::from).collect();
    let (mean, half) = interval(&cold);
    let warm = record.reached.as_ref().and_then(|r| r.loss);
    let by = |more: f64| {
        controls.iter().filter(|c| c.loss.zip(warm).is_some_and(|(cold, warm)| cold <= warm + more)).count()
    };
    let (as_good, better) = (by(ALIKE), by(-ALIKE));
    let words = |(mean, half): (f64, f64)| {
        format!("{mean:.0} iterations (95 % interval {:.0} to {:.0})", (mean - half).max(0.0), mean + half)
    };
    let mut lines =
        vec![format!("cold, {} seeds: {}, {as_good} reached as much", controls.len(), words((mean, half)))];
    let own = record.state.iteration;
    let started = interval(&repeats);
    lines.push(if repeats.is_empty() {
        format!("warm: {own} iterations, one seed")
    } else {
        format!("warm: {own} iterations; {} seeds: {}", repeats.len(), words(started))
    });
    let (low, factor, high) = ratio((mean, half), (started.0.max(1.0), started.1));
    lines.push(if controls.len() < 10 || repeats.len() < 10 {
        "a saving is claimed from 10 seeds of each on".to_owned()
    } else if 2 * better > controls.len() {
        format!("{better} of the cold ones reached more: no saving is claimed at unequal quality")
    } else if low > 1.0 {
        format!(
            "a factor of {factor:.1} (95 % interval {low:.1} to {high:.1}) in iterations under this rule to stop, \
             source run not counted"
        )
    } else {
        format!("no saving is shown: a factor of {factor:.1} (95 % interval {low:.1} to {high:.1})")
    });
    lines
}

/// A training as JSON.
pub fn document(record: &Record, problem: &Problem) -> Value {
    let (definition, state) = (&record.definition, &record.state);
    let reached = record.reached.clone().unwrap_or_default();
    let judged = reached.accuracy.and_then(|a| judged(&definition.objective, a));
    let shown = |loss: Option<f64>| loss.map(|l| problem.shown(l));
    json!({"schema": "shotbook.training/1", "training_id": record.id, "name": definition.name,
        "objective": definition.objective.word(), "device": definition.device, "shots": definition.shots,
        "optimizer": definition.optimizer.kind.word(), "seed": definition.seed, "from": definition.from,
        "iterations": state.iteration, "steps": state.step, "end": state.end.as_ref().map(|_| end(state)),
        "capped": matches!(state.end, Some(End::Cap(_))),
        "value": shown(reached.loss), "start_value": shown(reached.start_loss), "measured": shown(state.least),
        "ideal": reached.ideal, "accuracy": reached.accuracy,
        "judged": judged.map(|j| json!({"points": j.points, "low": j.low, "high": j.high, "majority": j.majority,
            "learned": j.is_learned()})),
        "used": {"circuits": state.used.circuits, "shots": state.used.shots, "tasks": state.used.tasks,
            "cost": Money::from_nanos(state.used.nanos).to_string(), "seconds": state.used.seconds},
        "parameters": named(problem, &state.best),
        "circuit_sha256": definition.circuit_sha256, "objective_sha256": definition.objective_sha256,
        "controls": reached.controls.iter().map(|c| json!({"iterations": c.iterations, "value": shown(c.loss), "warm_iterations": c.warm})).collect::<Vec<_>>(),
        "notes": sentence(record).into_iter().chain(stuck(record, problem)).chain(comparison(record)).collect::<Vec<_>>()})
}
