//! The report of a training, for a sceptical physicist and a finance officer.

mod reuse;

pub use self::reuse::{Reuse, Unit};
use super::{Chart, Line, Page};
use crate::energy::{Band, Coefficients, crossover};
use crate::money::Money;
use crate::train::machine::{End, Moment};

/// A classical way to the same end.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What it is.
    pub name: String,
    /// What it reaches, in the words of the metric.
    pub value: f64,
    /// Time here. Units: seconds.
    pub seconds: f64,
}

/// How flat the landscape is at random parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flatness {
    /// Variance of a derivative of this circuit.
    pub own: f64,
    /// The same of deep circuits: qubits, observable on two of them, on all.
    pub beside: Vec<(u32, f64, f64)>,
}

/// What an accuracy stands on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Points that it was judged by.
    pub points: usize,
    /// Accuracy of the most common class alone.
    pub majority: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Judged {
    /// Whether the interval excludes telling by the most common class alone.
    pub fn is_learned(&self) -> bool {
        self.low > self.majority
    }

    /// What the accuracy shows.
    pub fn words(&self) -> String {
        let verdict = if self.is_learned() { "better than that" } else { "not shown to be better than that" };
        format!(
            "95 % interval {:.2}-{:.2} from {} points; the most common class alone: {:.3}; {verdict}",
            self.low, self.high, self.points, self.majority
        )
    }
}

/// Everything that the page says.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Id and name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// energy, cut, ising or classifier.
    pub metric: &'a str,
    /// Loss to metric: -1 for what counts up.
    pub sign: f64,
    /// Device.
    pub device: String,
    /// Technology of the device; none for the simulator here.
    pub technology: Option<String>,
    /// Place of the device's machine, where it is known.
    pub place: Option<String>,
    /// Fee of a task and of a shot, as billed.
    pub rate: Option<(Money, Money)>,
    /// Optimiser.
    pub optimizer: String,
    /// Rule that would have stopped it.
    pub stop: String,
    /// Why it ended.
    pub end: Option<End>,
    /// Iterations.
    pub iterations: u32,
    /// How it went.
    pub history: &'a [Moment],
    /// Metric of the best parameters without shots.
    pub reached: Option<f64>,
    /// Metric of the start without shots.
    pub began: Option<f64>,
    /// What nothing can beat.
    pub ideal: Option<f64>,
    /// Share of unseen points told right.
    pub accuracy: Option<f64>,
    /// What that stands on.
    pub judged: Option<Judged>,
    /// Qubits and gates of the circuit.
    pub size: (u32, u64),
    /// Cores that evaluated.
    pub cores: usize,
    /// Joules that the machine itself metered, where it can.
    pub metered: Option<f64>,
    /// Staff for a year, where the reader wants that line. Units: dollars.
    pub staff: Option<f64>,
    /// Wall time. Units: seconds.
    pub wall: f64,
    /// Classical ways.
    pub baselines: Vec<Baseline>,
    /// Variance of derivatives, where it was computed.
    pub flatness: Option<Flatness>,
    /// Cold and warm.
    pub reuse: Option<Reuse>,
    /// One iteration on a device.
    pub unit: Option<Unit>,
}

/// Hours of a working year.
const STAFF_HOURS: f64 = 1800.0;

/// The page.
pub fn page(facts: &Facts<'_>, table: &Coefficients) -> Page {
    let mut page = Page::new(format!("Training {} ({})", facts.name, facts.id));
    let used = facts.history.last().map(|m| m.used).unwrap_or_default();
    let spent = Money::from_nanos(used.nanos);
    page.verdict(verdict(facts, used.seconds));
    page.text(format!(
        "{} on {} with {}: {} iterations, {} circuits, {} shots, {} paid tasks, {spent:#}; it ended by: {}. \
         Rule to stop: {}.",
        facts.metric,
        facts.device,
        facts.optimizer,
        facts.iterations,
        used.circuits,
        used.shots,
        used.tasks,
        ending(facts),
        facts.stop
    ));
    quality(&mut page, facts);
    losses(&mut page, facts);
    costs(&mut page, facts, used);
    energies(&mut page, facts, table, used);
    flatness(&mut page, facts);
    reuse::reuse(&mut page, facts, table);
    beside(&mut page, facts, table, used);
    assumptions(&mut page, facts, table);
    page
}

fn ending(facts: &Facts<'_>) -> String {
    match &facts.end {
        None => "it goes on".to_owned(),
        Some(End::Iterations) => "the last iteration".to_owned(),
        Some(End::Plateau) => "a plateau".to_owned(),
        Some(End::Target) => "the target".to_owned(),
        Some(End::Converged) => "the optimizer's own word".to_owned(),
        Some(End::Cap(why)) => format!("a cap ({why})"),
    }
}

fn verdict(facts: &Facts<'_>, seconds: f64) -> String {
    if facts.technology.is_none() {
        return format!(
            "No advantage shown. Trained classically in {seconds:.2} s: no quantum advantage is possible at this size."
        );
    }
    "No advantage shown. The classical ways below reach the same task on one machine; a claim would need a larger \
     problem, ten seeds and an interval that excludes them."
        .to_owned()
}

fn number(x: f64) -> String {
    format!("{x:.6}")
}

fn quality(page: &mut Page, facts: &Facts<'_>) {
    page.heading("Quality reached");
    let mut rows = Vec::new();
    let mut row = |name: &str, value: Option<f64>| {
        rows.push(vec![name.to_owned(), value.map_or_else(|| "unknown".to_owned(), number)]);
    };
    row("start, without shots", facts.began);
    row("best parameters, without shots", facts.reached);
    if facts.metric != "classifier" {
        row("what nothing can beat", facts.ideal);
        row("distance from it", facts.reached.zip(facts.ideal).map(|(r, i)| (r - i).abs()));
    }
    if let Some(accuracy) = facts.accuracy {
        row("accuracy on points that were not trained on", Some(accuracy));
    }
    page.table(&["quantity", "value"], &[1], rows);
    if let Some(judged) = &facts.judged {
        page.text(format!("Accuracy: {}.", judged.words()));
    }
}

fn losses(page: &mut Page, facts: &Facts<'_>) {
    page.heading("How it went");
    let line = |x: &dyn Fn(&Moment) -> f64| Line {
        name: "measured".to_owned(),
        points: facts.history.iter().map(|m| (x(m), facts.sign * m.loss)).collect(),
        ..Line::default()
    };
    let chart = |title: &str, x: &str, own: Line| {
        let mut lines = vec![own];
        if let (Some(ideal), Some(first), Some(last)) =
            (facts.ideal, lines[0].points.first().copied(), lines[0].points.last().copied())
        {
            let points = vec![(first.0, ideal), (last.0, ideal)];
            lines.push(Line {
                name: "what nothing can beat".to_owned(),
                points,
                dashed: true,
                ..Line::default()
            });
        }
        Chart {
            title: title.to_owned(),
            x: x.to_owned(),
            y: facts.metric.to_owned(),
            lines,
            ..Chart::default()
        }
    };
    let shots = facts.history.last().is_some_and(|m| m.used.shots > 0);
    if shots {
        page.figure(
            chart("Loss against shots", "shots", line(&|m| m.used.shots as f64)),
            "Every shot that was taken up to there.",
        );
    } else {
        page.figure(
            chart("Loss against iterations", "iterations", line(&|m| f64::from(m.iteration))),
            "Exact values; no shot was taken.",
        );
    }
    if facts.history.last().is_some_and(|m| m.used.nanos > 0) {
        page.figure(
            chart("Loss against dollars", "USD", line(&|m| m.used.nanos as f64 / 1e9)),
            "As settled in the ledger.",
        );
    }
    let steep: Vec<(f64, f64)> =
        facts.history.iter().filter_map(|m| Some((f64::from(m.iteration), m.steepness?))).collect();
    if steep.len() > 1 {
        let lines =
            vec![Line { name: "length of the gradient".to_owned(), points: steep, ..Line::default() }];
        let chart = Chart {
            title: "Gradient".to_owned(),
            x: "iterations".to_owned(),
            y: "length".to_owned(),
            log_y: true,
            lines,
            ..Chart::default()
        };
        page.figure(
            chart,
            "A gradient that is small from the start is a plateau of the landscape, not an end.",
        );
    }
}

fn costs(page: &mut Page, facts: &Facts<'_>, used: crate::train::machine::Used) {
    page.heading("Cost");
    let mut rows = Vec::new();
    let total = Money::from_nanos(used.nanos);
    match facts.rate {
        Some((task_fee, shot_fee)) if used.tasks > 0 => {
            let fees = task_fee.times(used.tasks).unwrap_or(Money::ZERO);
            rows.push(vec![
                "task fees".to_owned(),
                format!("{} x {task_fee:#}", used.tasks),
                format!("{fees:#}"),
            ]);
            let rest = total.minus(fees).unwrap_or(Money::ZERO);
            rows.push(vec![
                "shots".to_owned(),
                format!("{} x {shot_fee:#}", used.shots),
                format!("{rest:#}"),
            ]);
        }
        _ => rows.push(vec!["simulator".to_owned(), "this machine".to_owned(), "$0.00".to_owned()]),
    }
    rows.push(vec![
        "host".to_owned(),
        format!("{:.1} s of wall time on this machine", facts.wall),
        "not billed".to_owned(),
    ]);
    rows.push(vec!["total".to_owned(), String::new(), format!("{total:#}")]);
    if let Some(staff) = facts.staff {
        let share = staff / STAFF_HOURS * facts.wall / 3600.0;
        rows.push(vec![
            "staff, as the reader set it".to_owned(),
            format!("{staff:.0} USD a year, for the wall time"),
            format!("${share:.2}"),
        ]);
    }
    page.table(&["what", "how", "USD"], &[2], rows);
    page.text("The proposal's formula, 0.30 USD an iteration, is the fee of one task with its shots free.");
    page.table(
        &["formula", "USD"],
        &[1],
        vec![
            vec!["0.30 x iterations".to_owned(), format!("${:.2}", 0.3 * f64::from(facts.iterations))],
            vec!["settled in the ledger".to_owned(), format!("{total:#}")],
        ],
    );
}

/// Joules of the run: the device's share and the host's.
fn of_run(
    facts: &Facts<'_>,
    table: &Coefficients,
    used: crate::train::machine::Used,
) -> Vec<(String, Option<Band>)> {
    let mut out = Vec::new();
    if let Some(technology) = &facts.technology {
        let shots = table.allocated(technology).map(|b| b.scaled(used.shots as f64));
        out.push(("device, with its share of waiting".to_owned(), shots));
    }
    let host = match facts.metered {
        Some(joules) => ("this machine, metered".to_owned(), Some(Band::exact(joules))),
        None => (
            format!("this machine, {} cores x average watts", facts.cores),
            Some(table.host(facts.cores, if facts.technology.is_some() { facts.wall } else { used.seconds })),
        ),
    };
    out.push(host);
    out
}

fn energies(page: &mut Page, facts: &Facts<'_>, table: &Coefficients, used: crate::train::machine::Used) {
    page.heading("Energy");
    let parts = of_run(facts, table, used);
    let words = |band: &Option<Band>| band.map_or_else(|| "unknown".to_owned(), |b| b.joules());
    let mut rows: Vec<Vec<String>> =
        parts.iter().map(|(name, band)| vec![name.clone(), words(band)]).collect();
    let technology = facts.technology.as_deref().unwrap_or("superconducting");
    if facts.technology.is_none() {
        let shots = if used.shots == 0 { used.circuits * 1000 } else { used.shots };
        let there = table.allocated(technology).map(|b| b.scaled(shots as f64));
        rows.push(vec![
            format!("the same on a superconducting device, {shots} shots (not run)"),
            words(&there),
        ]);
    }
    page.table(&["what", "energy"], &[], rows);
    let carbon: Vec<Vec<String>> = match facts.place.as_deref().and_then(|p| table.carbon_of(p)) {
        Some(c) => parts
            .iter()
            .filter_map(|(name, band)| {
                let grams = band.as_ref()?.scaled(c.value / crate::energy::KWH);
                let two = crate::energy::two_digits;
                Some(vec![
                    name.clone(),
                    format!("{} g ({}-{})", two(grams.mid), two(grams.low), two(grams.high)),
                    format!("{}, {}, {}", c.place, c.year, c.basis),
                ])
            })
            .collect(),
        None => Vec::new(),
    };
    if carbon.is_empty() {
        page.text("No carbon figure: the place of the machine is not known. Name one with --place.");
    } else {
        page.table(&["what", "CO2e", "place, year, basis"], &[], carbon);
    }
    let (qubits, gates) = facts.size;
    page.figure(figure_one(table, gates.max(1), 1000, technology), format!(
        "The proposal's figure 1 done right: one evaluation of {gates} gates with 1,000 shots, cooling included. \
         The circuit of this training has {qubits} qubits. The simulator is the dumbest exact one and the device is \
         ideal, which is the reading most favourable to the device."
    ));
}

/// Energy of one evaluation against qubits: devices as bands, the simulator as a line.
pub fn figure_one(table: &Coefficients, gates: u64, shots: u64, technology: &str) -> Chart {
    let qubits: Vec<f64> = (4..=44).map(f64::from).collect();
    let mut lines = Vec::new();
    let names = if technology == "superconducting" {
        vec!["superconducting", "trapped ion"]
    } else {
        vec![technology, "superconducting"]
    };
    for name in names {
        if let Some(shot) = table.allocated(name).map(|b| b.scaled(shots as f64)) {
            lines.push(Line {
                name: format!("{name} device"),
                points: qubits.iter().map(|q| (*q, shot.mid)).collect(),
                band: qubits.iter().map(|_| (shot.low, shot.high)).collect(),
                dashed: false,
            });
        }
    }
    let mut marks = Vec::new();
    if let Some((place, amplitude)) = table.simulators().first() {
        let at = |q: f64| amplitude.scaled(gates as f64 * q.exp2());
        lines.push(Line {
            name: format!("simulator: {place}"),
            points: qubits.iter().map(|q| (*q, at(*q).mid)).collect(),
            band: qubits.iter().map(|q| (at(*q).low, at(*q).high)).collect(),
            dashed: false,
        });
        if let Some(shot) = table.active(technology) {
            let n = crossover(shots, shot, gates, *amplitude);
            marks.push((n.mid, format!("{:.1} qubits ({:.1}-{:.1})", n.mid, n.low, n.high)));
        }
    }
    Chart {
        title: "Energy of one evaluation".to_owned(),
        x: "qubits".to_owned(),
        y: "joules".to_owned(),
        log_y: true,
        lines,
        marks,
        ..Chart::default()
    }
}

fn flatness(page: &mut Page, facts: &Facts<'_>) {
    let Some(flat) = &facts.flatness else { return };
    page.heading("How flat it is");
    let line = |name: &str, of: &dyn Fn(&(u32, f64, f64)) -> f64, dashed: bool| Line {
        name: name.to_owned(),
        points: flat.beside.iter().map(|row| (f64::from(row.0), of(row))).collect(),
        dashed,
        ..Line::default()
    };
    let own = Line {
        name: "this circuit".to_owned(),
        points: vec![(f64::from(facts.size.0), flat.own)],
        ..Line::default()
    };
    let chart = Chart {
        title: "Variance of a derivative against qubits".to_owned(),
        x: "qubits".to_owned(),
        y: "variance".to_owned(),
        log_y: true,
        lines: vec![
            own,
            line("as many layers as qubits, Z on two", &|r| r.1, false),
            line("the same, Z on all", &|r| r.2, true),
        ],
        ..Chart::default()
    };
    page.figure(chart, "At random parameters, exact, mean over the parameters. Shots must resolve a derivative of this size: where the line falls by a factor for each qubit, training from random parameters does not scale (McClean et al. 2018).");
}

fn beside(page: &mut Page, facts: &Facts<'_>, table: &Coefficients, used: crate::train::machine::Used) {
    page.heading("Quantum beside classical");
    let metric = facts.accuracy.or(facts.reached);
    let words = |band: Option<Band>| band.map_or_else(|| "unknown".to_owned(), |b| b.joules());
    let total: Option<Band> = of_run(facts, table, used).into_iter().next().and_then(|p| p.1);
    let mut rows = vec![vec![
        format!("this training, on {}", facts.device),
        metric.map_or_else(|| "unknown".to_owned(), number),
        format!("{:#}", Money::from_nanos(used.nanos)),
        format!("{:.3} s", used.seconds),
        words(total),
    ]];
    for way in &facts.baselines {
        rows.push(vec![
            way.name.clone(),
            number(way.value),
            "$0.00".to_owned(),
            format!("{:.4} s", way.seconds),
            table.host(1, way.seconds).joules(),
        ]);
    }
    page.table(
        &["way", if facts.accuracy.is_some() { "accuracy" } else { facts.metric }, "USD", "time", "energy"],
        &[1, 2, 3],
        rows,
    );
}

fn assumptions(page: &mut Page, facts: &Facts<'_>, table: &Coefficients) {
    page.heading("Assumptions");
    let mut rows = Vec::new();
    let mut row =
        |what: &str, value: String, kind: &str| rows.push(vec![what.to_owned(), value, kind.to_owned()]);
    for technology in ["superconducting", "trapped ion"] {
        if let (Some(power), Some(time)) = (table.power(technology), table.shot_time(technology)) {
            row(
                &format!("power of a {technology} machine"),
                format!(
                    "{:.0} kW ({:.0}-{:.0}), grade {}",
                    power.mid / 1e3,
                    power.low / 1e3,
                    power.high / 1e3,
                    power.grade
                ),
                "assumed",
            );
            row(
                &format!("time of a shot, {technology}"),
                format!("{} s ({}-{}), grade {}", time.mid, time.low, time.high, time.grade),
                "assumed",
            );
        }
    }
    let share = table.utilisation();
    row(
        "share of time that runs shots",
        format!("{} ({}-{}), grade {}", share.mid, share.low, share.high, share.grade),
        "assumed",
    );
    for (place, joules) in table.simulators() {
        row(
            &format!("gate on an amplitude: {place}"),
            format!(
                "{:.0} nJ ({:.0}-{:.0}), grade {}",
                joules.mid * 1e9,
                joules.low * 1e9,
                joules.high * 1e9,
                joules.grade
            ),
            "measured elsewhere",
        );
    }
    row("loss, shots, tasks, time", "this run".to_owned(), "measured");
    row(
        "dollars",
        "ledger, settled by the service's own metering".to_owned(),
        if facts.technology.is_some() { "measured" } else { "none spent" },
    );
    row("value without shots", "simulator of this machine".to_owned(), "computed");
    page.table(&["what", "value", "kind"], &[], rows);
    page.text(format!(
        "Boundary: electricity of the machine that runs shots and of the one that drives it. Excluded: embodied carbon, \
         staff, network. Coefficients of {}; carbon intensities: {}.",
        table.as_of,
        table.carbon_source()
    ));
}
