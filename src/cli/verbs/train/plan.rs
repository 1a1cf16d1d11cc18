//! `train --plan`: what a training and its use will cost, before anything is sent.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shotbook_sim::circuit::Circuit;
use shotbook_sim::target::{Catalogue, Device};

use super::define::failed;
use super::{Args, reached, show};
use crate::app::training::{Local, Reached, Record, Trainings, drive};
use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::verbs::report::{baselines, judged};
use crate::cli::views::joules;
use crate::cli::work::interrupted;
use crate::cli::{Context, Failure};
use crate::energy::{Band, Coefficients};
use crate::money::Money;
use crate::price::{PriceList, Rate};
use crate::report::training::Baseline;
use crate::train::machine::{Definition, End, State};
use crate::train::measured::Measured;
use crate::train::optimizer::{Ask, Kind};
use crate::train::plan::{Bill, PROPOSED, Work, bill, set_limit};
use crate::train::problem::{Objective, Problem};

/// Shots of a circuit unless told.
const SHOTS: u64 = 1000;
/// Rehearsals, each with a seed of its own.
const SEEDS: u64 = 3;
/// Longest a rehearsal may take. Units: seconds.
const REHEARSAL_SECONDS: f64 = 3.0;
/// Most qubits that are rehearsed.
const REHEARSED_QUBITS: u32 = 12;
/// Predictions of the price of use.
const PREDICTIONS: u64 = 1000;

/// One device.
struct Row {
    device: &'static Device,
    /// One iteration, all of them by how many there will be, and the use of the model.
    bills: Option<Bills>,
    note: Option<String>,
    /// The least that all of it costs where time is billed.
    at_least: Option<Money>,
}

struct Bills {
    before: Bill,
    cycle: Bill,
    low: Bill,
    mid: Bill,
    high: Bill,
    used: Bill,
    energy: Option<Band>,
    use_energy: Option<Band>,
    wall_seconds: f64,
    use_seconds: f64,
}

/// A training on the simulator here, with shots and the noise of a device where it is known.
struct Rehearsal {
    noise: Option<String>,
    ends: Vec<(State, Reached)>,
    /// Which of them reached something.
    worked: Vec<bool>,
}

pub(super) fn run(args: &Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let mut wish = super::wish(args)?;
    let shots = *wish.shots.get_or_insert(SHOTS);
    let circuit = CircuitArgs { input: args.input.clone(), ..CircuitArgs::default() };
    let (definition, problem) = wish.definition("local", &circuit, out)?;
    let measured = problem.measured().map_err(|e| failed(&e))?;
    let (work, trips) = work(&definition, &problem, &measured, shots)?;
    let before = before(&definition, &problem, &measured)?;
    let chosen = super::super::devices::find(&args.on)?;
    let list = context.prices()?;
    let read = crate::train::circuit(&measured.text).map_err(|e| failed(&e))?;
    let noise = match &wish.noise_from {
        _ if !chosen.is_local() => Some(chosen),
        Some(name) => Some(super::super::devices::find(name)?),
        None => cheapest_noise(&read, shots, &list),
    };
    let rehearsal = rehearse(&definition, &problem, noise, out)?;
    let queue = super::super::run::duration(&args.queue)?.as_secs_f64();
    let table = Coefficients::embedded();
    let devices = Catalogue::embedded().devices().iter().filter(|d| !d.is_local() && !d.analog);
    let rows: Vec<Row> = devices
        .map(|device| {
            let reasons = shotbook_sim::target::check(&read, device, Some(shots));
            let note = reasons.first().map(|d| d.message.clone());
            let whole = Whole { work, trips, before, queue, measured: &measured, rehearsal: &rehearsal };
            let bills = if note.is_none() {
                whole.bills(device, &list, &table, args.program_set_limit)
            } else {
                None
            };
            let least = list.rate(&device.name).filter(|_| note.is_none());
            let at_least = least.and_then(|rate| by_time(rate, work));
            let note = note.or_else(|| bills.is_none().then(|| priced_by_time(at_least, work)));
            Row { device, bills, note, at_least }
        })
        .collect();
    let classical = baselines(&problem, &definition);
    let seen = Seen {
        definition: &definition,
        problem: &problem,
        work,
        before,
        rows: &rows,
        rehearsal: &rehearsal,
        classical: &classical,
        list: &list,
        table: &table,
        queue,
    };
    if out.is_json() {
        out.json(&seen.document());
    } else {
        seen.print(out);
    }
    Ok(0)
}

/// The device whose shots cost least among those whose noise is known and which take the circuit.
fn cheapest_noise(circuit: &Circuit, shots: u64, list: &PriceList) -> Option<&'static Device> {
    let devices = Catalogue::embedded().devices().iter().filter(|d| !d.is_local() && !d.analog);
    let known = devices.filter(|d| {
        shotbook_sim::noise_model::of_device(d).is_some()
            && shotbook_sim::target::check(circuit, d, Some(shots)).is_empty()
    });
    let priced = known.filter_map(|d| match list.rate(&d.name) {
        Some(Rate::PerShot { shot_fee, .. }) => Some((shot_fee, d)),
        _ => None,
    });
    priced.min_by_key(|p| p.0).map(|p| p.1)
}

/// The least that a device asks that bills time: every circuit is a task with its shortest time.
fn by_time(rate: Rate, work: Work) -> Option<Money> {
    let Rate::PerMinute { minute, minimum_ms } = rate else { return None };
    let tasks = work.iterations.checked_mul(work.circuits)?;
    minute.share_up(tasks.checked_mul(minimum_ms)?, 60_000).ok()
}

fn priced_by_time(at_least: Option<Money>, work: Work) -> String {
    at_least.map_or_else(
        || "no price is known".to_owned(),
        |least| {
            let tasks = work.iterations * work.circuits;
            format!(
                "priced by time, not by shot: at least {least:#} for all, {tasks} tasks of the shortest time"
            )
        },
    )
}

/// Circuits of an iteration, and answers that it waits for one after the other.
fn work(
    definition: &Definition,
    problem: &Problem,
    measured: &Measured,
    shots: u64,
) -> Result<(Work, u64), Failure> {
    let (groups, batch) = (measured.n_groups() as u64, problem.batch_size() as u64);
    let parameters = problem.n_parameters() as u64;
    let (circuits, trips) = match definition.optimizer.kind {
        Kind::Spsa => (2 * groups * batch, 1),
        Kind::Adam | Kind::Sgd | Kind::Adaptive | Kind::Lbfgs => {
            ((1 + measured.n_shifts() as u64) * groups * batch, 1)
        }
        Kind::Rotosolve => (2 * groups * batch, parameters),
        Kind::Cobyla | Kind::Exec(_) => (groups * batch, 1),
    };
    let iterations = u64::from(definition.iterations) * trips;
    if definition.optimizer.kind == Kind::Lbfgs {
        return Err(Failure::new("SB2001", "lbfgs needs exact values; no device gives them")
            .with_help("--optimizer spsa"));
    }
    Ok((Work { iterations, circuits, shots }, trips))
}

/// One iteration by shots; an optimizer that takes exact gradients is counted by parameter shift.
pub fn cycle(definition: &Definition, problem: &Problem) -> Option<Work> {
    let mut own = definition.clone();
    if own.optimizer.kind == Kind::Lbfgs {
        own.optimizer.kind = Kind::Adam;
    }
    let measured = problem.measured().ok()?;
    let (work, trips) = work(&own, problem, &measured, definition.shots.unwrap_or(SHOTS)).ok()?;
    Some(Work { iterations: trips, ..work })
}

/// Circuits before the first iteration, by which SPSA sets its gain; 0 where there are none.
fn before(definition: &Definition, problem: &Problem, measured: &Measured) -> Result<u64, Failure> {
    let state = definition.begin(problem).map_err(|e| failed(&e))?;
    Ok(match (definition.optimizer.kind == Kind::Spsa, state.ask()) {
        (true, Ask::Values(points)) if points.len() > 2 => {
            (points.len() * measured.n_groups() * problem.batch_size()) as u64
        }
        _ => 0,
    })
}

fn rehearse(
    definition: &Definition,
    problem: &Problem,
    device: Option<&'static Device>,
    out: &mut Out,
) -> Result<Rehearsal, Failure> {
    let noise = device.filter(|d| shotbook_sim::noise_model::of_device(d).is_some());
    let mut rehearsal =
        Rehearsal { noise: noise.map(|d| d.name.clone()), ends: Vec::new(), worked: Vec::new() };
    if problem.circuit().n_qubits > REHEARSED_QUBITS {
        return Ok(rehearsal);
    }
    crate::cli::work::watch_signals();
    for number in 0..SEEDS {
        let seed = definition.seed.wrapping_add(number);
        let start = if number == 0 { definition.start.clone() } else { problem.start(seed) };
        let own = Definition { seed, start, ..definition.clone() };
        let state = own.begin(problem).map_err(|e| failed(&e))?;
        let mut local = Local::new(&own, problem, noise).map_err(|e| failed(&e))?;
        local.caps.seconds = Some(REHEARSAL_SECONDS);
        let mut record = Record { id: "rehearsal".to_owned(), definition: own, state, reached: None };
        drive(&Trainings::nowhere(), &mut record, &mut local, false, &interrupted, &mut |_| {})
            .map_err(Failure::from)?;
        if interrupted() {
            out.say("the rehearsal was interrupted");
            break;
        }
        let came = reached(&record, problem);
        rehearsal.ends.push((record.state, came));
    }
    rehearsal.worked = worked(&rehearsal.ends, definition);
    Ok(rehearsal)
}

/// Part of the way from the start to what nothing can beat that a rehearsal must have gone.
const WORKED: f64 = 0.9;

/// Which rehearsals reached something: of one that did not, nobody should pay the iterations.
fn worked(ends: &[(State, Reached)], definition: &Definition) -> Vec<bool> {
    let best = ends.iter().filter_map(|e| e.1.loss).reduce(f64::min);
    let one = |reached: &Reached| {
        if let Some(accuracy) = reached.accuracy {
            return judged(&definition.objective, accuracy).is_none_or(|j| j.is_learned());
        }
        let Some((loss, start)) = reached.loss.zip(reached.start_loss) else { return true };
        let ideal = match &definition.objective {
            Objective::Cut { .. } => reached.ideal.map(|cut| -cut),
            _ => reached.ideal,
        };
        let Some(ideal) = ideal.or(best) else { return true };
        // A start that is there already has no way to go.
        loss - ideal <= (1.0 - WORKED) * (start - ideal).max(0.1 * ideal.abs())
    };
    ends.iter().map(|e| one(&e.1)).collect()
}

impl Rehearsal {
    /// Iterations that were needed: fewest and median of the seeds.
    fn iterations(&self) -> Option<(u64, u64)> {
        // One that was cut says nothing of how many it would have needed.
        let whole = self.ends.iter().zip(&self.worked);
        let whole = whole.filter(|(end, worked)| **worked && !matches!(end.0.end, Some(End::Cap(_))));
        let mut all: Vec<u64> = whole.map(|(end, _)| u64::from(end.0.iteration)).collect();
        all.sort_unstable();
        Some((*all.first()?, all[all.len() / 2]))
    }
}

struct Whole<'a> {
    work: Work,
    trips: u64,
    before: u64,
    queue: f64,
    measured: &'a Measured,
    rehearsal: &'a Rehearsal,
}

impl Whole<'_> {
    fn bills(
        &self,
        device: &'static Device,
        list: &PriceList,
        table: &Coefficients,
        limit: Option<u64>,
    ) -> Option<Bills> {
        let Some(Rate::PerShot { task_fee, shot_fee }) = list.rate(&device.name) else { return None };
        let published = set_limit(device);
        let set = match limit {
            Some(n) => Some((n, published.map_or(u64::MAX, |p| p.1))),
            None => published,
        };
        let of = |work: Work| bill(work, set, task_fee, shot_fee).ok();
        let (low, mid) = self
            .rehearsal
            .iterations()
            .unwrap_or((self.work.iterations / self.trips, self.work.iterations / self.trips));
        let first = of(Work { iterations: u64::from(self.before > 0), circuits: self.before, ..self.work })?;
        let whole = |work: Work| of(work)?.plus(&first).ok();
        let times =
            |n: u64| whole(Work { iterations: (n * self.trips).min(self.work.iterations), ..self.work });
        let groups = self.measured.n_groups() as u64;
        let predictions = Work { iterations: 1, circuits: PREDICTIONS * groups, shots: self.work.shots };
        let (high, used) = (whole(self.work)?, of(predictions)?);
        let shot = table.allocated(&device.technology);
        let time = table.shot_time(&device.technology).map_or(0.0, |t| t.mid);
        Some(Bills {
            before: first,
            cycle: of(Work { iterations: self.trips, ..self.work })?,
            low: times(low)?,
            mid: times(mid)?,
            high,
            used,
            energy: shot.map(|s| s.scaled(high.shots as f64)),
            use_energy: shot.map(|s| s.scaled(used.shots as f64)),
            wall_seconds: high.round_trips as f64 * self.queue + high.shots as f64 * time,
            use_seconds: self.queue + used.shots as f64 * time,
        })
    }
}

struct Seen<'a> {
    definition: &'a Definition,
    problem: &'a Problem,
    work: Work,
    before: u64,
    rows: &'a [Row],
    rehearsal: &'a Rehearsal,
    classical: &'a [Baseline],
    list: &'a PriceList,
    table: &'a Coefficients,
    queue: f64,
}

fn text(money: Result<Money, crate::money::OutOfRange>) -> String {
    money.map_or_else(|_| "out of range".to_owned(), |m| m.to_string())
}

impl Seen<'_> {
    /// The founding formula for these iterations.
    fn proposed(&self) -> String {
        text(PROPOSED.times(u64::from(self.definition.iterations)))
    }

    fn cheapest(&self) -> Option<&Row> {
        let total = |r: &&Row| r.bills.as_ref().and_then(|b| b.high.total().ok());
        self.rows.iter().filter(|r| total(r).is_some()).min_by_key(total)
    }

    fn print(&self, out: &mut Out) {
        let definition = self.definition;
        out.line(&format!(
            "{} · {} · {} iterations · {} circuits an iteration · {} shots each · prices of {}",
            definition.name,
            definition.optimizer.kind.word(),
            definition.iterations,
            self.work.circuits * self.work.iterations / u64::from(definition.iterations),
            self.work.shots,
            self.list.date
        ));
        let mut cells = Vec::new();
        for row in self.rows {
            let Some(bills) = &row.bills else { continue };
            let dollars = |bill: &Bill| bill.total().map_or_else(|_| "-".to_owned(), |m| format!("{m:#}"));
            cells.push(vec![
                row.device.name.clone(),
                dollars(&bills.cycle),
                bills.cycle.tasks.to_string(),
                format!("{:#}", bills.cycle.fees),
                format!("{:#}", bills.cycle.shot_fees),
                dollars(&bills.low),
                dollars(&bills.mid),
                dollars(&bills.high),
                show::seconds(bills.wall_seconds),
                bills.energy.map_or_else(|| "unknown".to_owned(), |e| e.joules()),
            ]);
        }
        let head =
            ["DEVICE", "CYCLE", "TASKS", "FEES", "SHOTS", "RUN LOW", "MID", "HIGH", "WALL", "ENERGY OF HIGH"];
        out.table(&head, &[1, 2, 3, 4, 5, 6, 7, 8], cells);
        for row in self.rows {
            if let (None, Some(note)) = (&row.bills, &row.note) {
                out.line(&format!("{}: {note}", row.device.name));
            }
        }
        if self.before > 0 {
            out.line(&format!(
                "low, mid and high count the {} circuits that set the gain before the first cycle",
                self.before
            ));
        }
        out.line(&format!(
            "proposal: $0.30 a cycle, ${} in all: the fee of one task an iteration with its shots free{}",
            self.proposed(),
            self.times_short()
                .map_or_else(String::new, |x| format!("; the cheapest device asks {x:.1} times as much"))
        ));
        if let Some((row, bills)) = self.cheapest().and_then(|r| Some((r, r.bills.as_ref()?))) {
            out.line(&format!(
                "using it on {}: {} for 1,000 predictions, {}, {} with a queue of {}",
                row.device.name,
                bills.used.total().map_or_else(|_| "out of range".to_owned(), |m| format!("{m:#}")),
                bills.use_energy.map_or_else(|| "energy unknown".to_owned(), |e| e.joules()),
                show::seconds(bills.use_seconds),
                show::seconds(self.queue)
            ));
        }
        self.print_rehearsal(out);
        for way in self.classical {
            out.line(&format!(
                "classical: {} {:.6} in {}, $0.00 here, {}",
                way.name,
                way.value,
                show::seconds(way.seconds),
                self.table.host(1, way.seconds).joules()
            ));
        }
        out.line(if self.rehearsal.iterations().is_some() {
            "nothing was sent; low and mid are the fewest and the median iterations of the rehearsals that learned, high is all of them"
        } else {
            "nothing was sent; no rehearsal learned and ended: low, mid and high are all iterations"
        });
    }

    fn times_short(&self) -> Option<f64> {
        let total = self.cheapest()?.bills.as_ref()?.high.total().ok()?.nanos() as f64;
        let proposed = PROPOSED.times(u64::from(self.definition.iterations)).ok()?.nanos() as f64;
        Some(total / proposed)
    }

    fn print_rehearsal(&self, out: &mut Out) {
        if self.rehearsal.ends.is_empty() {
            out.line(&format!("rehearsal: none above {REHEARSED_QUBITS} qubits"));
            return;
        }
        let noise = self
            .rehearsal
            .noise
            .as_ref()
            .map_or_else(|| "shots without device noise".to_owned(), |n| format!("shots and noise of {n}"));
        for ((state, reached), worked) in self.rehearsal.ends.iter().zip(&self.rehearsal.worked) {
            let value = reached.loss.map_or_else(String::new, |l| show::value(self.problem, l));
            let mut accuracy = reached.accuracy.map_or_else(String::new, |a| format!(", accuracy {a:.3}"));
            if let Some(j) = reached.accuracy.and_then(|a| judged(&self.definition.objective, a)) {
                let _ = write!(accuracy, " of {} points, most common class {:.3}", j.points, j.majority);
            }
            if !worked {
                accuracy.push_str(", not learned");
            }
            out.line(&format!(
                "rehearsal, free, {noise}: {value}{accuracy} after {} iterations ({}), {}",
                state.iteration,
                show::end(state),
                show::seconds(state.used.seconds)
            ));
        }
    }

    fn document(&self) -> Value {
        let bill = |b: &Bill| {
            json!({"circuits": b.circuits, "shots": b.shots, "tasks": b.tasks, "tasks_one_circuit_each": b.single_tasks,
                "round_trips": b.round_trips, "task_fees": b.fees.to_string(),
                "task_fees_one_circuit_each": b.single_fees.to_string(),
                "shot_fees": b.shot_fees.to_string(), "total": text(b.total())})
        };
        let devices: Vec<Value> = self
            .rows
            .iter()
            .map(|row| match &row.bills {
                None => json!({"device": row.device.name, "fits": false, "notes": [row.note],
                    "at_least": row.at_least.map(|m| m.to_string())}),
                Some(b) => json!({"device": row.device.name, "fits": true, "before": bill(&b.before), "cycle": bill(&b.cycle), "low": bill(&b.low),
                    "mid": bill(&b.mid), "high": bill(&b.high), "energy": joules(b.energy),
                    "wall_seconds": b.wall_seconds,
                    "use_per_1000": {"bill": bill(&b.used), "energy": joules(b.use_energy), "seconds": b.use_seconds}}),
            })
            .collect();
        let ends: Vec<Value> = self
            .rehearsal
            .ends
            .iter()
            .zip(&self.rehearsal.worked)
            .map(|((state, reached), worked)| {
                json!({"iterations": state.iteration, "end": show::end(state), "seconds": state.used.seconds,
                    "value": reached.loss.map(|l| self.problem.shown(l)), "accuracy": reached.accuracy, "worked": worked})
            })
            .collect();
        let classical: Vec<Value> = self
            .classical
            .iter()
            .map(|c| {
                json!({"name": c.name, "value": c.value, "seconds": c.seconds, "cost": "0",
                    "energy": joules(Some(self.table.host(1, c.seconds)))})
            })
            .collect();
        json!({"schema": "shotbook.training_plan/1", "name": self.definition.name,
            "optimizer": self.definition.optimizer.kind.word(), "iterations": self.definition.iterations,
            "circuits_per_iteration": self.work.circuits * self.work.iterations / u64::from(self.definition.iterations),
            "circuits_before": self.before, "shots_per_circuit": self.work.shots, "price_list_date": self.list.date, "queue_seconds": self.queue,
            "devices": devices,
            "proposal": {"per_cycle": PROPOSED.to_string(), "total": self.proposed(),
                "why_wrong": "it is the fee of one task an iteration, with every circuit in one task and the shots free"},
            "rehearsal": {"noise_from": self.rehearsal.noise, "runs": ends}, "classical": classical})
    }
}
