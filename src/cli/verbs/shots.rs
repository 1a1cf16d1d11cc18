//! `shots`: how many shots an error needs, and where they are cheapest.

mod adaptive;

use std::collections::HashMap;

use serde_json::{Value, json};
use shotbook_sim::circuit::{Circuit, Op};
use shotbook_sim::engine::{self, Options};
use shotbook_sim::noise_model;
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::target::{self, Catalogue, Device, DeviceKind};

use crate::advice::{self, Group};
use crate::app::inputs_json;
use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::money::Money;
use crate::pack::{self, Body, Limits, Point};
use crate::price::quote::{self, Subject};
use crate::price::{PriceList, Rate};

/// Arguments of `shots`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuit, or - for standard input
    file: String,
    /// Observable, such as "0.18*ZI - 0.22*ZZ", the first letter for qubit 0
    #[arg(long, value_name = "O", required_unless_present = "hamiltonian")]
    observable: Option<String>,
    /// File with an observable, as text or as JSON terms {"terms": {"ZI": 0.5}}
    #[arg(long, value_name = "FILE", conflicts_with = "observable")]
    hamiltonian: Option<String>,
    /// Which point of a file with several, by its length r
    #[arg(long, value_name = "R", requires = "hamiltonian")]
    at: Option<f64>,
    /// Standard error that is wanted
    #[arg(long, value_name = "E")]
    error: f64,
    /// Devices, by comma; all unless told
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    on: Vec<String>,
    /// Buy them, slice by slice on one device, until the error is reached; --max-cost is the cap
    #[arg(long)]
    adaptive: bool,
    /// Most that all slices together may cost
    #[arg(long, value_name = "USD", requires = "adaptive")]
    max_cost: Option<String>,
    /// The same key again goes on with the same purchase
    #[arg(long, requires = "adaptive")]
    key: Option<String>,
    /// Budget that pays
    #[arg(long, value_name = "NAME", requires = "adaptive")]
    budget: Vec<String>,
    /// Project
    #[arg(long, requires = "adaptive")]
    project: Option<String>,
    /// Tag
    #[arg(long = "tag", value_name = "K=V", requires = "adaptive")]
    tags: Vec<String>,
    /// Spend without asking
    #[arg(long, short, requires = "adaptive")]
    yes: bool,
    /// Say what would happen, and stop
    #[arg(long, requires = "adaptive")]
    dry_run: bool,
    #[command(flatten)]
    circuit: CircuitArgs,
}

/// What is known of the observable before a device is asked.
#[derive(Default)]
struct Forecast {
    groups: Vec<Group>,
    /// Variance of one shot of each group.
    variances: Vec<f64>,
    /// Mean of each term of each group; empty where no state could be computed.
    means: Vec<Vec<f64>>,
    /// The same of each group's square: weight, letters and mean of its terms.
    squares: Vec<Vec<(f64, usize, f64)>>,
    /// Why the bound stands in place of a computed state.
    unknown: Option<String>,
}

/// Advice for one device.
struct Row {
    device: String,
    fits: bool,
    shots: Vec<u64>,
    tasks: u64,
    total: Option<Money>,
    floor: Option<f64>,
    notes: Vec<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let usage = |why: String| Failure::new("SB2001", why);
    if !(args.error.is_finite() && args.error > 0.0) {
        return Err(usage(format!("{} is no error", args.error)).with_help("--error 0.01"));
    }
    let text = match (&args.observable, &args.hamiltonian) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => super::train::define::hamiltonian(file, args.at)?,
        (None, None) => String::new(),
    };
    let sum = PauliSum::parse(text.trim())
        .map_err(|e| usage(format!("the observable: {e}")).with_help("--observable \"0.18*ZI - 0.22*ZZ\""))?;
    let sum = merged(&sum);
    let loaded = args.circuit.load_right(&args.file, out)?;
    let values = loaded.bound(out)?;
    let circuit = loaded.circuit()?;
    if sum.n_qubits() > circuit.n_qubits {
        let (q, n) = (sum.n_qubits() - 1, circuit.n_qubits);
        return Err(usage(format!("the observable names qubit {q}; the circuit has {n} qubits")));
    }
    let forecast = forecast(circuit, &values, &sum);
    if args.adaptive {
        let [device] = args.on.as_slice() else {
            return Err(usage("slices are bought on one device".to_owned()).with_help("--on DEV"));
        };
        let device = super::devices::find(device)?;
        let mistakes = Mistakes::of(circuit, device);
        if let Some(floor) = mistakes.and_then(|m| forecast.floor(m)).filter(|floor| *floor > args.error) {
            let why = "its own errors are expected to move the value by";
            out.say(&format!("{}: {why} {floor:.1e}, which no shots mend", device.name));
        }
        let forecast = Forecast { variances: forecast.variances_on(mistakes), ..forecast };
        return adaptive::run(&args, (&loaded, &sum), (&values, &forecast), device, context, out);
    }
    let far = || usage(format!("an error of {} needs more shots than anybody can buy", args.error));
    let best = advice::allocate(&forecast.variances, args.error).ok_or_else(far)?;
    let bounds: Vec<f64> = forecast.groups.iter().map(Group::bound).collect();
    let bound: u64 = advice::allocate(&bounds, args.error).ok_or_else(far)?.iter().sum();
    let list = context.prices()?;
    let devices: Vec<&Device> = if args.on.is_empty() {
        Catalogue::embedded().devices().iter().collect()
    } else {
        args.on.iter().map(|name| super::devices::find(name)).collect::<Result<_, _>>()?
    };
    let rows: Vec<Row> =
        devices.iter().map(|d| row(&loaded, circuit, d, &list, &forecast, args.error)).collect();
    if out.is_json() {
        out.json(&document(&args, &forecast, &best, bound, &list, &rows));
    } else {
        show(&args, &forecast, &best, bound, &list, &rows, out);
    }
    Ok(0)
}

/// The same sum with each string once.
fn merged(sum: &PauliSum) -> PauliSum {
    let mut out = PauliSum::default();
    let mut known = HashMap::new();
    for (weight, string) in &sum.terms {
        let at = *known.entry(string).or_insert(out.terms.len());
        match out.terms.get_mut(at) {
            Some(term) => term.0 += weight,
            None => out.terms.push((*weight, string.clone())),
        }
    }
    out
}

/// Variances at the state of the circuit, or their bounds where it cannot be computed here.
fn forecast(circuit: &Circuit, values: &[f64], sum: &PauliSum) -> Forecast {
    let groups = advice::groups(sum);
    let mut out = Forecast { groups, ..Forecast::default() };
    if let Err(why) = out.compute(circuit, values) {
        let variances = out.groups.iter().map(Group::bound).collect();
        out =
            Forecast { groups: out.groups, variances, unknown: Some(why.to_string()), ..Forecast::default() };
    }
    out
}

impl Forecast {
    /// Fills in what the state of the circuit says.
    fn compute(&mut self, circuit: &Circuit, values: &[f64]) -> Result<(), engine::SimError> {
        let options = Options { max_memory: 2 << 30, shots: Some(0), ..Options::default() };
        let mut prepared = engine::prepare(circuit, &options)?;
        for group in &self.groups {
            let squared = merged(&group.squared());
            let terms = group.sum.terms.iter().chain(&squared.terms);
            let sums: Vec<PauliSum> = terms.map(|t| PauliSum { terms: vec![(1.0, t.1.clone())] }).collect();
            let mut found = vec![0.0; sums.len()];
            prepared.values(values, &sums, &mut found)?;
            let of_squares = found.split_off(group.sum.terms.len());
            let squares = squared.terms.iter().zip(of_squares).map(|((c, s), mean)| (*c, s.len(), mean));
            self.squares.push(squares.collect());
            self.means.push(found);
        }
        self.variances = self.variances_on(None);
        Ok(())
    }

    /// Variance of one shot of each group on a device that makes mistakes: a state that has none of its own
    /// gets the device's, so that no noisy shot is thought to say all. The bound where no state is known.
    fn variances_on(&self, mistakes: Option<Mistakes>) -> Vec<f64> {
        if self.means.is_empty() {
            return self.variances.clone();
        }
        let keeps = |letters: usize| mistakes.map_or(1.0, |m| m.keeps(letters));
        let one = |at: usize| {
            let terms = self.groups[at].sum.terms.iter().zip(&self.means[at]);
            let mean: f64 = terms.map(|((c, s), m)| c * m * keeps(s.len())).sum();
            let square: f64 = self.squares[at].iter().map(|(c, letters, m)| c * m * keeps(*letters)).sum();
            (square - mean * mean).max(0.0)
        };
        (0..self.groups.len()).map(one).collect()
    }

    /// How far a device's own errors are expected to move the value; no number of shots mends it.
    fn floor(&self, mistakes: Mistakes) -> Option<f64> {
        let groups = self.groups.iter().zip(&self.means);
        let terms = groups.flat_map(|(group, means)| group.sum.terms.iter().zip(means));
        let moved: f64 = terms.map(|((c, s), m)| c * m * (1.0 - mistakes.keeps(s.len()))).sum();
        (!self.means.is_empty()).then_some(moved.abs())
    }
}

/// The mistakes of a device in one circuit.
///
/// Gates as one depolarizing factor, each letter read right or wrong: the mean of a term of k
/// letters shrinks by F (2r - 1)^k. A first estimate from published fidelities, not a simulation.
#[derive(Clone, Copy)]
struct Mistakes {
    survives: f64,
    read: f64,
}

impl Mistakes {
    fn of(circuit: &Circuit, device: &Device) -> Option<Self> {
        let known = noise_model::of_device(device)?;
        let mut survives = 1.0f64;
        circuit.walk(&mut |op, _| {
            if let Op::Gate(gate) = op {
                survives *= if circuit.gate_qubits(gate).len() > 1 { known.two } else { known.one };
            }
        });
        Some(Self { survives, read: 2.0 * known.readout - 1.0 })
    }

    /// What is left of the mean of a term; all of the identity's.
    fn keeps(self, letters: usize) -> f64 {
        let read = self.read.powi(i32::try_from(letters).unwrap_or(i32::MAX));
        if letters == 0 { 1.0 } else { self.survives * read }
    }
}

fn row(
    loaded: &Loaded,
    circuit: &Circuit,
    device: &Device,
    list: &PriceList,
    forecast: &Forecast,
    error: f64,
) -> Row {
    let refusals = target::check(circuit, device, None);
    let notes = refusals.first().map(|d| d.message.clone()).into_iter().collect();
    let mut row = Row {
        device: device.name.clone(),
        fits: refusals.is_empty(),
        shots: Vec::new(),
        tasks: 0,
        total: None,
        floor: None,
        notes,
    };
    if !row.fits {
        return row;
    }
    let mistakes = Mistakes::of(circuit, device);
    row.floor = mistakes.and_then(|m| forecast.floor(m));
    if mistakes.is_none() && device.kind == DeviceKind::Qpu {
        row.notes.push("its errors are not published: priced as if it made none".to_owned());
    }
    let variances = forecast.variances_on(mistakes);
    let split = [advice::allocate(&variances, error), advice::allocate_equally(&variances, error)];
    let [Some(best), Some(equal)] = split else {
        row.fits = false;
        row.notes.push("more shots than anybody can buy".to_owned());
        return row;
    };
    let splits = [&best, &equal];
    row.shots = best.clone();
    match list.rate(&device.name) {
        Some(Rate::PerShot { task_fee, shot_fee }) => {
            // Uneven shots save shots, even ones share a program set: whichever is cheaper.
            let bought = splits.map(|shots| buy(shots, loaded, device, task_fee, shot_fee));
            let cheapest = bought.into_iter().flatten().min_by_key(|(total, ..)| *total);
            match cheapest {
                Some((total, tasks, shots)) => {
                    (row.total, row.tasks, row.shots) = (Some(total), tasks, shots)
                }
                None => {
                    row.fits = false;
                    row.notes.push("no legal tasks hold these shots".to_owned());
                }
            }
        }
        _ if device.is_local() => row.total = Some(Money::ZERO),
        Some(Rate::PerMinute { .. }) => {
            let shots = row.shots.iter().copied().max().unwrap_or(1);
            let inputs = inputs_json(&loaded.inputs);
            let subject = Subject { circuit, sha256: &loaded.sha256, inputs: &inputs, shots };
            let one = quote::price(&subject, list, device).ok().flatten();
            row.tasks = row.shots.len() as u64;
            row.total = one.and_then(|p| p.total.times(row.tasks).ok());
            row.notes.push("billed by time".to_owned());
        }
        None => row.notes.push("no price is known; see `shotbook prices show`".to_owned()),
    }
    row
}

/// Price, tasks and shots of an allocation on a device that bills shots.
fn buy(
    shots: &[u64],
    loaded: &Loaded,
    device: &Device,
    task_fee: Money,
    shot_fee: Money,
) -> Option<(Money, u64, Vec<u64>)> {
    let limits = Limits::of(device);
    // Each group is a circuit of its own: the same gates and a few more to turn its qubits.
    let bytes = loaded.text.len() as u64 * 2;
    let bodies = vec![Body { bytes, alone: false }; shots.len()];
    let raised: Vec<u64> = shots.iter().map(|&n| n.max(limits.shots.0)).collect();
    let points: Vec<Point> =
        (0u32..).zip(&raised).map(|(circuit, &shots)| Point { circuit, shots, bytes: 0 }).collect();
    let packing = pack::pack(&points, &bodies, &limits).ok()?;
    let total = packing.fees(task_fee, shot_fee).ok()?.total().ok()?;
    Some((total, packing.tasks.len() as u64, raised))
}

fn letters(group: &Group, n: u32) -> String {
    let letter =
        |q: u32| group.basis.iter().find(|l| l.0 == q).map_or("I".to_owned(), |l| format!("{:?}", l.1));
    (0..n).map(letter).collect()
}

/// The cheapest device that buys shots by number and whose own errors are below the error wanted.
fn cheapest<'a>(args: &Args, rows: &'a [Row]) -> Option<&'a Row> {
    let can = rows.iter().filter(|r| r.fits && r.floor.is_some_and(|x| x <= args.error));
    can.filter(|r| r.total.is_some()).min_by_key(|r| r.total)
}

fn document(args: &Args, f: &Forecast, best: &[u64], bound: u64, list: &PriceList, rows: &[Row]) -> Value {
    let n = f.groups.iter().flat_map(|g| g.basis.last()).map(|l| l.0 + 1).max().unwrap_or(0);
    let groups: Vec<Value> = (0..f.groups.len())
        .map(|i| {
            json!({"basis": letters(&f.groups[i], n), "terms": f.groups[i].sum.terms.len(),
                "variance": f.variances[i], "shots": best[i]})
        })
        .collect();
    let devices: Vec<Value> = rows
        .iter()
        .map(|r| {
            json!({"device": r.device, "fits": r.fits, "shots": r.shots.iter().sum::<u64>(), "tasks": r.tasks,
                "total": r.total.map(|m| m.to_string()), "floor": r.floor,
                "reaches_error": r.floor.map(|x| x <= args.error), "notes": r.notes})
        })
        .collect();
    json!({"schema": "shotbook.shots/1", "shots": best.iter().sum::<u64>(), "shots_without_state": bound,
        "error": args.error, "variance_from": if f.unknown.is_some() { "bound" } else { "state" },
        "cheapest": cheapest(args, rows).map(|r| &r.device),
        "price_list_date": list.date, "groups": groups, "devices": devices})
}

fn show(args: &Args, f: &Forecast, best: &[u64], bound: u64, list: &PriceList, rows: &[Row], out: &mut Out) {
    let shots: u64 = best.iter().sum();
    out.line(&format!(
        "{shots} shots in {} groups for ±{} · without knowing the state {bound}",
        best.len(),
        args.error
    ));
    if let Some(why) = &f.unknown {
        out.say(&format!("the state cannot be computed here, so the bound stands in: {why}"));
    }
    let cells = rows.iter().map(|r| {
        let mut notes = r.notes.clone();
        let reaches = r.floor.is_none_or(|x| x <= args.error);
        if !reaches {
            notes.push("its own errors are larger than the error wanted".to_owned());
        }
        vec![
            r.device.clone(),
            if r.fits && reaches { "yes" } else { "no" }.to_owned(),
            if r.fits { r.shots.iter().sum::<u64>().to_string() } else { "-".to_owned() },
            if r.fits { r.tasks.to_string() } else { "-".to_owned() },
            r.total.map_or_else(|| "-".to_owned(), |m| format!("{m:#}")),
            r.floor.map_or_else(|| "-".to_owned(), |x| format!("{x:.1e}")),
            notes.join("; "),
        ]
    });
    let head = ["DEVICE", "FITS", "SHOTS", "TASKS", "TOTAL", "FLOOR", "NOTE"];
    out.table(&head, &[2, 3, 4, 5], cells.collect());
    match cheapest(args, rows) {
        Some(r) => {
            let total = r.total.unwrap_or(Money::ZERO);
            out.line(&format!("cheapest QPU that reaches ±{}: {}, {total:#}", args.error, r.device));
        }
        None if rows.iter().any(|r| r.floor.is_some()) => {
            out.line(&format!("no QPU whose errors are published reaches ±{}", args.error));
        }
        None => {}
    }
    out.line(&format!(
        "prices {} · floor: what gates and readout move, whatever the shots; shots count the same errors",
        list.date
    ));
}
