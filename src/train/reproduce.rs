//! Published numbers beside ours, each with its tolerance. Nothing is taken from the answer.

use serde::Serialize;

use super::TrainError;
use super::bonds::{Molecule, Stop};
use super::dressed::{DataSet, Depth, Depths, Middle, SHARED, TUNED};
use super::maxcut::{Graphs, angles};
use super::plan::{Work, bill};
use super::statistics::interval;

/// One quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What it is.
    pub quantity: String,
    /// What we compute.
    pub ours: f64,
    /// What is published; nothing where other data were given.
    pub published: Option<f64>,
    /// How far ours may be from it.
    pub tolerance: f64,
    /// Whether it is as near as that; nothing where there is nothing to compare with.
    pub pass: Option<bool>,
}

impl Row {
    /// One that passes where it is near what is published.
    pub(super) fn near(quantity: String, ours: f64, published: Option<f64>, tolerance: f64) -> Self {
        let pass = published.map(|p| (ours - p).abs() <= tolerance);
        Self { quantity, ours, published, tolerance, pass }
    }

    /// A figure beside, with half of its interval as its tolerance.
    pub(super) fn beside(quantity: String, (ours, tolerance): (f64, f64)) -> Self {
        Self { quantity, ours, published: None, tolerance, pass: None }
    }

    /// One that passes from a bound on.
    pub(super) fn at_least(quantity: String, ours: f64, bound: f64) -> Self {
        Self { quantity, ours, published: Some(bound), tolerance: 0.0, pass: Some(ours >= bound) }
    }

    /// One that passes up to a bound.
    pub(super) fn at_most(quantity: String, ours: f64, bound: f64) -> Self {
        Self { quantity, ours, published: Some(bound), tolerance: 0.0, pass: Some(ours <= bound) }
    }
}

/// Whether a difference with half of its interval is above none; ten seeds are needed to say so.
pub(super) fn shown((mean, half): (f64, f64), seeds: u64) -> &'static str {
    if seeds >= 10 && mean > half { "shown" } else { "not shown" }
}

/// Seeds of the cold starts.
const SEEDS: [u64; 2] = [1, 2];

/// A sum of iterations over all lengths that was published for a sweep.
struct Sweep {
    molecule: &'static str,
    layers: usize,
    stop: Stop,
    warm: bool,
    iterations: f64,
    success: Option<f64>,
}

const fn lih(stop: Stop, warm: bool, iterations: f64, success: Option<f64>) -> Sweep {
    Sweep { molecule: "LiH", layers: 4, stop, warm, iterations, success }
}

static PUBLISHED: [Sweep; 4] = [
    lih(Stop::Oracle, false, 3534.0, None),
    lih(Stop::Oracle, true, 248.0, Some(1.0)),
    lih(Stop::Plateau, false, 3666.0, None),
    lih(Stop::Plateau, true, 954.0, Some(1.0)),
];

impl Sweep {
    fn is(&self, molecule: &str, layers: usize, stop: Stop, warm: bool) -> bool {
        (self.molecule, self.layers, self.stop, self.warm) == (molecule, layers, stop, warm)
    }
}

/// Deepest circuit that is compared.
const LAYERS: usize = 5;

/// Expected cuts of regular graphs at the fixed angles, against the file's own and the guarantee; and
/// SPSA from random and from fixed angles, against what is published of the `shipped` graphs.
///
/// # Errors
/// Data that cannot be read, or the simulator's.
pub fn qaoa(graphs: &str, table: &str, shipped: bool) -> Result<Vec<Row>, TrainError> {
    let (all, table) = (Graphs::from_json(graphs)?, angles(table)?);
    let mut rows = Vec::new();
    for fixed in table.iter().filter(|a| a.p <= LAYERS) {
        let (mut furthest, mut known, mut least) = (0.0f64, 0usize, f64::INFINITY);
        for graph in all.graphs.iter().filter(|g| g.degree() == Some(fixed.degree)) {
            let ours = graph.expected_cut(fixed)?;
            least = least.min(ours / graph.maxcut);
            if let Some(expected) = graph.expected_cut.get(&fixed.p.to_string()) {
                furthest = furthest.max((ours - expected.fixed).abs());
                known += 1;
            }
        }
        if least.is_infinite() {
            continue;
        }
        let (of, guarantee) =
            (format!("degree {}, p = {}", fixed.degree, fixed.p), fixed.published_guarantee);
        if known > 0 {
            let quantity = format!("{of}: largest difference of {known} expected cuts");
            rows.push(Row::near(quantity, furthest, Some(0.0), 1e-7));
        }
        let pass = Some(least >= guarantee - 1e-6);
        let quantity = format!("{of}: smallest share of the largest cut, at least the guarantee");
        rows.push(Row { quantity, ours: least, published: Some(guarantee), tolerance: 1e-6, pass });
    }
    let odd = all.graphs.iter().filter(|g| !table.iter().any(|a| g.degree() == Some(a.degree))).count();
    if odd > 0 && !rows.is_empty() {
        let quantity = "graphs left out: not regular, or of a degree without published angles".to_owned();
        rows.push(Row::near(quantity, odd as f64, None, 0.0));
    }
    if let Some(fixed) = table.iter().find(|a| a.degree == 3 && a.p == 2)
        && let Some([cold, warm]) = super::spsa_reuse::cold_and_warm(&all.graphs, fixed)?
    {
        let published = [("random", cold, 139.0, 0.45), ("published", warm, 20.0, 0.94)];
        for (start, reached, iterations, success) in published {
            let of = format!("12 vertices, p = 2, SPSA of 1,000 shots from {start} angles");
            // What is published is a mean over 17 graphs of which only the number is known.
            let known = |value: f64| shipped.then_some(value);
            let quantity = format!("{of}: mean iterations");
            rows.push(Row::near(quantity, reached.iterations, known(iterations), 0.5 * iterations));
            rows.push(Row::near(format!("{of}: success"), reached.success, known(success), 0.2));
        }
    }
    if rows.is_empty() {
        return Err(TrainError::Data("no graph is regular of a degree with published angles".to_owned()));
    }
    Ok(rows)
}

/// Accuracy of the dressed circuit and of its classical twin on held-out points of two spirals.
///
/// # Errors
/// Data that cannot be read, or the simulator's.
pub fn spirals(
    data: &[&str],
    seeds: u64,
    tariff: Option<&super::digits::Tariff>,
) -> Result<Vec<Row>, TrainError> {
    let mut rows = Vec::new();
    for text in data {
        let set = DataSet::from_json(text)?;
        for middle in [Middle::Classical, Middle::Quantum] {
            let published = set.published_test_accuracy.get(middle.word()).copied();
            let quantity = format!("{} turns: test accuracy, {} middle", set.turns, middle.word());
            rows.push(Row::near(quantity, set.accuracy(middle)?, published, 1e-9));
        }
        let near = set.neighbours(5);
        rows.push(Row::near(
            format!("{} turns: test accuracy, 5 nearest neighbours", set.turns),
            near,
            None,
            0.0,
        ));
    }
    let source = DataSet::from_json(data[0])?;
    rows.extend(reused(&source)?);
    rows.extend(depths(&source, seeds)?);
    if let Some((device, task_fee, shot_fee, set)) = tariff {
        // 10 points of 1 + 2 x 30 circuits, 1,000 iterations, 1,000 shots.
        let work = Work { iterations: 1000, circuits: 610, shots: 1000 };
        if let Ok(bill) = bill(work, *set, *task_fee, *shot_fee) {
            let total = bill.total().map_or(f64::MAX, |m| m.nanos() as f64 / 1e9);
            let known = |value: f64| (device == "cepheus").then_some(value);
            rows.push(Row::near(
                "shots of one training by parameter shift".to_owned(),
                bill.shots as f64,
                Some(610e6),
                0.0,
            ));
            rows.push(Row::near(
                format!("tasks of it on {device}, in sets"),
                bill.tasks as f64,
                known(7000.0),
                0.0,
            ));
            rows.push(Row::near(format!("USD of it on {device}"), total, known(261_350.0), 0.005));
        }
    }
    Ok(rows)
}

/// Most accuracy that a depth may lose. Source: one to five points are published.
const LOST: f64 = 0.05;

/// Five depths from one set of weights beside five trainings, over some seeds.
fn depths(source: &DataSet, seeds: u64) -> Result<Vec<Row>, TrainError> {
    let seeds: Vec<u64> = (0..seeds).collect();
    let found = seeds.iter().map(|s| source.drawn(*s).depths(*s)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = found.first() else { return Ok(Vec::new()) };
    let n = first.depths.len();
    let over = |of: &dyn Fn(&Depths) -> f64| interval(&found.iter().map(of).collect::<Vec<_>>());
    let (mut rows, many) = (Vec::new(), seeds.len());
    for depth in 0..n {
        let of = format!("depth {} of {n}: test accuracy, {many} seeds", depth + 1);
        rows.push(Row::beside(format!("{of}, trained alone"), over(&|d| d.depths[depth].alone)));
        let inherited = over(&|d| d.depths[depth].inherited);
        rows.push(Row::beside(format!("{of}, from shared weights, tuned"), inherited));
        let lost = over(&|d| d.depths[depth].alone - d.depths[depth].inherited);
        rows.push(Row::beside(format!("depth {} of {n}: accuracy lost", depth + 1), lost));
    }
    let spent = SHARED + TUNED.iter().sum::<usize>();
    let mean = |of: &dyn Fn(&Depth) -> f64, d: &Depths| d.depths.iter().map(of).sum::<f64>() / n as f64;
    let lost = over(&|d| mean(&|d| d.alone - d.inherited, d));
    let quantity = format!(
        "accuracy lost on average by {spent} iterations for all depths, at most (interval +-{:.3})",
        lost.1
    );
    rows.push(Row::at_most(quantity, lost.0, LOST));
    let gained = over(&|d| mean(&|d| d.inherited - d.apart, d));
    let verdict = shown(gained, many as u64);
    let quantity = format!("control: accuracy above {n} trainings of {} iterations: {verdict}", spent / n);
    rows.push(Row::beside(quantity, gained));
    let ratio = (source.iterations() * n) as f64 / spent as f64;
    rows.push(Row::beside("iterations of separate trainings over those".to_owned(), (ratio, 0.0)));
    let circuits = over(&|d| d.circuits_alone as f64 / d.circuits as f64);
    let quantity = "circuits of separate trainings over those, by parameter shift".to_owned();
    rows.push(Row::beside(quantity, circuits));
    Ok(rows)
}

/// Iterations until 0.90 of unseen points are told right, cold and from trained weights, on near and far
/// targets; and depths that share one set of weights.
fn reused(source: &DataSet) -> Result<Vec<Row>, TrainError> {
    let mut rows = Vec::new();
    let trained = source.trained(Middle::Quantum, source.weights(), 1000)?;
    let targets = [
        ("other points", source.other(source.turns, 7), 5.0),
        ("turned by 90 degrees", source.turned(90.0), 5.0),
        ("more turns", source.other(source.turns * 1.12, 9), 1.5),
    ];
    for (name, target, least) in targets {
        let cold = target.iterations_to(0.9, target.weights())?;
        let warm = target.iterations_to(0.9, &trained)?;
        let zero_shot = target.share_right(Middle::Quantum, &trained)?;
        rows.push(Row::near(
            format!("target, {name}: accuracy of the source's weights, untrained"),
            zero_shot,
            None,
            0.0,
        ));
        rows.push(Row::near(format!("target, {name}: iterations to 0.90, cold"), cold, None, 0.0));
        rows.push(Row::near(format!("target, {name}: iterations to 0.90, from the source"), warm, None, 0.0));
        let factor = cold / warm.max(10.0);
        rows.push(Row::at_least(format!("target, {name}: factor, at least"), factor, least));
    }
    Ok(rows)
}

/// Iterations along the bond, cold and warm, under both stopping rules, against what is published for
/// a molecule; exact energies against those of the file. What is published are sums over the points
/// of the shipped files, so only those are compared with it.
///
/// # Errors
/// Data that cannot be read, or the simulator's.
pub fn bond_sweep(data: &[&str], shipped: bool) -> Result<Vec<Row>, TrainError> {
    let mut rows = Vec::new();
    for text in data {
        let molecule = Molecule::from_json(text)?;
        let (name, n) = (&molecule.molecule, molecule.n_points());
        let quantity = format!("{name}: largest difference of {n} exact energies");
        rows.push(Row::near(quantity, molecule.exact_difference()?, Some(0.0), 1e-8));
        for layers in [1, 2, 4] {
            for stop in [Stop::Oracle, Stop::Plateau] {
                for warm in [false, true] {
                    let swept = molecule.sweep(layers, warm, stop, &SEEDS)?;
                    let (how, rule) = (if warm { "warm" } else { "cold" }, stop.word());
                    let known = PUBLISHED.iter().find(|p| shipped && p.is(name, layers, stop, warm));
                    let what = format!("{name}, {layers} layers, {rule} stop, {how}");
                    let published = known.map(|p| p.iterations);
                    let tolerance = published.map_or(0.0, |p| 0.4 * p);
                    rows.push(Row::near(
                        format!("{what}: iterations"),
                        swept.iterations,
                        published,
                        tolerance,
                    ));
                    let sure = known.and_then(|p| p.success);
                    rows.push(Row::near(format!("{what}: success"), swept.success, sure, 1e-9));
                }
            }
        }
    }
    Ok(rows)
}
