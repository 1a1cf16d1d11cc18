//! A model trained on some digits and reused for others: a frozen backbone, and heads on its features.
//!
//! The backbone, a net of one hidden layer, learns the digits 0 to 4. What its hidden layer makes of
//! the digits 5 to 9 goes to heads: the dressed circuit, the same without entangling gates, logistic
//! regression, and a net of as many weights; beside them the dressed circuit on bare pixels. Each seed
//! has a split of its own.

use shotbook_sim::engine::Options;
use shotbook_sim::sample::Rng;

use super::layers::{Data, shuffle};
use super::optimizer::{Adam, Ask};
use super::plan::{Bill, SetLimit, Work, bill};
use super::problem::{Objective, Problem};
use super::reproduce::Row;
use super::statistics::interval;
use super::twins::{self, Net};
use super::{TrainError, ansatz};
use crate::money::Money;

const PIXELS: usize = 64;
/// Units of the backbone: features of the heads.
const HIDDEN: usize = 12;
const BACKBONE_STEPS: usize = 3000;
const QUBITS: u32 = 4;
const LAYERS: u32 = 3;
const STEPS: usize = 600;
const BATCH: usize = 10;
/// A head has learned when it tells so many right.
const LEARNED: f64 = 0.85;
/// Steps between two looks at that.
const LOOK: usize = 20;

/// What one head would cost on a device: short name, fees of a task and of a shot, what it packs.
pub type Tariff = (String, Money, Money, SetLimit);

/// A point: pixels from 0 to 1, and the digit.
type Point = (Vec<f64>, usize);

fn read(text: &str) -> Result<Vec<Point>, TrainError> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let cells: Option<Vec<f64>> = line.split(',').map(|c| c.trim().parse().ok()).collect();
        match cells {
            Some(cells) if cells.len() == PIXELS + 1 && (0.0..10.0).contains(&cells[PIXELS]) => {
                out.push((cells[..PIXELS].iter().map(|p| p / 16.0).collect(), cells[PIXELS] as usize));
            }
            _ => {
                return Err(TrainError::Data(format!(
                    "line {}: 64 pixels and a digit are expected",
                    number + 1
                )));
            }
        }
    }
    for digit in 0..10 {
        if out.iter().filter(|p| p.1 == digit).count() < 10 {
            return Err(TrainError::Data(format!("fewer than 10 points of the digit {digit}")));
        }
    }
    Ok(out)
}

/// Some digits, split by a seed: four fifths to learn from.
fn split(points: &[Point], first: usize, seed: u64) -> Data {
    let mut own: Vec<&Point> = points.iter().filter(|p| (first..first + 5).contains(&p.1)).collect();
    shuffle(&mut own, &mut Rng::new(seed));
    let cut = own.len() * 4 / 5;
    let pick = |these: &[&Point]| these.iter().map(|p| (p.0.clone(), p.1 - first)).unzip();
    let ((train_x, train_y), (test_x, test_y)) = (pick(&own[..cut]), pick(&own[cut..]));
    let classes = (first..first + 5).map(|d| d.to_string()).collect();
    Data { classes, train_x, train_y, test_x, test_y }
}

/// The backbone's view of some points.
fn seen(data: &Data, net: &Net, weights: &[f64]) -> Data {
    let view = |xs: &[Vec<f64>]| xs.iter().map(|x| net.middle(weights, x)).collect();
    Data { train_x: view(&data.train_x), test_x: view(&data.test_x), ..data.clone() }
}

/// Accuracy at the end of a head with a circuit, and steps until it had learned.
fn head(data: &Data, entangled: bool, seed: u64) -> Result<(f64, usize), TrainError> {
    let encoded = (0..QUBITS).map(|q| format!("x{q}")).collect();
    let objective = Objective::Classifier { data: data.clone(), batch: BATCH, encoded };
    let problem = Problem::new(&ansatz::dressed(QUBITS, LAYERS, entangled), &objective, seed)?;
    let mut on = problem.exact(&Options::default())?;
    let mut at = problem.start(seed);
    let mut adam = Adam::new(0.02, (0.9, 0.999), at.len());
    let mut learned = STEPS;
    for step in 0..STEPS {
        let ask = Ask::Gradient { at: at.clone(), shots: None };
        let answer = problem.answer_exactly(&mut on, &ask, step as u64)?;
        adam.step(&mut at, &answer.gradient);
        if learned == STEPS && (step + 1) % LOOK == 0 {
            let accuracy = problem.accuracy(&mut on, &at)?.unwrap_or(0.0);
            learned = if accuracy >= LEARNED { step + 1 } else { STEPS };
        }
    }
    Ok((problem.accuracy(&mut on, &at)?.unwrap_or(0.0), learned))
}

/// Circuits of a step of a head by parameter shift.
const STEP_CIRCUITS: u64 = BATCH as u64 * (1 + 2 * (QUBITS + QUBITS * LAYERS) as u64);
/// Shots of a circuit, if it were paid.
const SHOTS: u64 = 1000;

/// The bill of so many steps of a head, which nobody ran, and of so many predictions with it.
pub fn forecast(tariff: &Tariff, steps: u64, predictions: u64) -> Option<(Bill, Bill)> {
    let of = |iterations, circuits| {
        bill(Work { iterations, circuits, shots: SHOTS }, tariff.3, tariff.1, tariff.2).ok()
    };
    Some((of(steps, STEP_CIRCUITS)?, of(1, predictions)?))
}

/// What came out of the heads.
#[derive(Clone, Debug)]
pub struct Heads {
    /// Everything measured.
    pub rows: Vec<Row>,
    /// Mean steps of the dressed head until it had learned, on the backbone.
    pub reused: f64,
    /// The same from zero on pixels.
    pub cold: f64,
}

/// Accuracies of all heads over some seeds, steps until they learned, and what a head would cost.
///
/// The tolerance of a row is half of its 95 % interval; nothing is published to compare with.
///
/// # Errors
/// Data that cannot be read, or the simulator's.
pub fn digits(text: &str, seeds: u64, tariff: Option<&Tariff>) -> Result<Heads, TrainError> {
    let points = read(text)?;
    let columns = measured(&points, seeds)?;
    let names = [
        "backbone on 0-4: accuracy",
        "head on 5-9, dressed circuit: accuracy",
        "head on 5-9, the same without entangling gates: accuracy",
        "head on 5-9, logistic regression: accuracy",
        "head on 5-9, net of as many weights: accuracy",
        "from zero on pixels, dressed circuit: accuracy",
        "from zero on pixels, net of 12 units: accuracy",
        "steps of the dressed head until 0.85 (600 where never)",
        "steps of the dressed circuit from zero until 0.85 (600 where never)",
    ];
    let mut rows: Vec<Row> = names
        .iter()
        .zip(&columns)
        .map(|(name, values)| {
            let (ours, tolerance) = interval(values);
            Row { quantity: format!("{name}, {seeds} seeds"), ours, published: None, tolerance, pass: None }
        })
        .collect();
    let plain =
        |quantity: String, ours: f64| Row { quantity, ours, published: None, tolerance: 0.0, pass: None };
    let (warm, cold) = (rows[7].ours, rows[8].ours);
    let saved: Vec<f64> = columns[8].iter().zip(&columns[7]).map(|(cold, warm)| cold - warm).collect();
    let (ours, tolerance) = interval(&saved);
    rows.push(Row {
        quantity: format!(
            "steps that the backbone saves a head: {}",
            if ours > tolerance { "shown" } else { "no saving shown" }
        ),
        ours,
        published: None,
        tolerance,
        pass: None,
    });
    let even = if cold > warm { BACKBONE_STEPS as f64 / (cold - warm) } else { f64::MAX };
    if even < f64::MAX {
        rows.push(plain("new tasks until the backbone has paid for itself, in steps".to_owned(), even));
    }
    let apart: Vec<f64> = columns[1].iter().zip(&columns[2]).map(|(q, p)| q - p).collect();
    let (ours, tolerance) = interval(&apart);
    // No advantage is the default verdict: a gain is claimed where the interval excludes none.
    let shown = if ours > tolerance { "shown" } else { "not shown" };
    let quantity = format!("gain of entangling gates in accuracy: {shown}");
    rows.push(Row { quantity, ours, published: None, tolerance, pass: None });
    let net: Vec<f64> = columns[1].iter().zip(&columns[4]).map(|(q, net)| net - q).collect();
    let (ours, tolerance) = interval(&net);
    rows.push(Row {
        quantity: "net of as many weights less dressed circuit, accuracy: not below 0".to_owned(),
        ours,
        published: Some(0.0),
        tolerance,
        // An interval speaks from ten seeds on.
        pass: (seeds >= 10).then_some(ours >= -tolerance),
    });
    if let Some((tariff, (bill, _))) = tariff.and_then(|t| Some((t, forecast(t, STEPS as u64, 1)?))) {
        rows.push(plain(
            "shots of one dressed head by parameter shift, if it were paid".to_owned(),
            bill.shots as f64,
        ));
        let total = bill.total().map_or(f64::MAX, |m| m.nanos() as f64 / 1e9);
        rows.push(plain(format!("USD of one dressed head on {}, if it were paid", tariff.0), total));
    }
    Ok(Heads { rows, reused: warm, cold })
}

/// Of each seed the accuracies of all heads and the steps until two of them learned, by kind.
fn measured(points: &[Point], seeds: u64) -> Result<[Vec<f64>; 9], TrainError> {
    let mut columns: [Vec<f64>; 9] = Default::default();
    for seed in 1..=seeds {
        let (old, new) = (split(points, 0, seed), split(points, 5, seed));
        let net = Net { features: PIXELS, hidden: HIDDEN, classes: 5 };
        let weights = net.trained(&old, BACKBONE_STEPS, seed);
        let features = seen(&new, &net, &weights);
        let (quantum, steps) = head(&features, true, seed)?;
        let (product, _) = head(&features, false, seed)?;
        let (cold, cold_steps) = head(&new, true, seed)?;
        let layers = QUBITS as usize * (HIDDEN + 1) + (QUBITS * LAYERS) as usize + 5 * (QUBITS as usize + 1);
        let hidden = twins::hidden_for(HIDDEN, 5, layers);
        let values = [
            net.share(&weights, &old),
            quantum,
            product,
            twins::logistic(&features),
            twins::net(&features, hidden, STEPS, seed),
            cold,
            twins::net(&new, HIDDEN, STEPS, seed),
            steps as f64,
            cold_steps as f64,
        ];
        columns.iter_mut().zip(values).for_each(|(column, value)| column.push(value));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_learn_on_features_of_other_digits() {
        let text = include_str!("../../data/digits_8x8.csv");
        let tariff = (
            "d".to_owned(),
            Money::from_nanos(300_000_000),
            Money::from_nanos(425_000),
            Some((100, u64::MAX)),
        );
        let rows = digits(text, 1, Some(&tariff)).unwrap().rows;
        let of = |words: &str| rows.iter().find(|r| r.quantity.starts_with(words)).unwrap().ours;
        assert!(
            of("backbone") > 0.95 && of("head on 5-9, dressed") > 0.6 && of("head on 5-9, logistic") > 0.75
        );
        // 600 iterations of 10 points and 1 + 2 x 16 circuits of 1,000 shots; 4 sets an iteration.
        assert_eq!(of("shots of one"), 198e6);
        assert_eq!(of("USD of one"), 84_150.0 + 720.0);
    }

    #[test]
    fn other_files_say_what_is_wrong() {
        let wrong = |text: &str| digits(text, 1, None).unwrap_err().to_string();
        assert!(wrong("head\n1,2,3\n").contains("line 2"));
        assert!(wrong("head\n").contains("digit 0"));
    }
}
