//! `shots --adaptive`: buys an expectation value in slices under a cap, until its error is small enough.

use serde_json::{Value, json};
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::target::Device;

use super::Args;
use crate::advice::{self, Allocation, Seen};
use crate::app::{Here, Refused};
use crate::cli::circuit::Loaded;
use crate::cli::output::Out;
use crate::cli::verbs::submit;
use crate::cli::verbs::sweep::fit;
use crate::cli::verbs::sweep::step::Steps;
use crate::cli::verbs::sweep::{Planned, export, points::Points};
use crate::cli::work::interrupted;
use crate::cli::{Context, Failure};
use crate::ids::{BlobId, CollectionId, JobId};
use crate::money::Money;
use crate::store::Store;
use crate::train::measured::Measured;
use crate::train::problem::Row;

/// A slice whose tasks failed is bought so often under keys of its own.
const TRIES: u32 = 3;
/// More slices than any honest device needs.
const MOST_SLICES: usize = 100;
/// Shots of a group that say what it spreads; before that a slice is a part of what the bound asks for.
const ENOUGH: u64 = 100;

/// Why no more is bought.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    /// The error is small enough.
    Reached,
    /// The next slice does not fit.
    Cap(String),
}

/// One slice that is over.
struct Slice {
    shots: u64,
    tasks: u64,
    settled: Money,
    value: f64,
    error: f64,
}

/// A purchase under way.
struct Purchase<'a> {
    args: &'a Args,
    steps: Steps<'a>,
    measured: Measured,
    text: BlobId,
    rows: Vec<Vec<f64>>,
    bounds: Vec<f64>,
    /// Variances forecast before anything was bought.
    forecast: Vec<f64>,
    from_state: bool,
    key: String,
    cap: Option<Money>,
    seen: Vec<Seen>,
    spent: Money,
    slices: Vec<Slice>,
}

pub(super) fn run(
    args: &Args,
    (loaded, sum): (&Loaded, &PauliSum),
    (values, forecast): (&[f64], &super::Forecast),
    device: &'static Device,
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let cap = args.max_cost.as_deref().map(submit::amount).transpose()?;
    if cap.is_none() && !device.is_local() {
        let why = "shots that are bought until an error is reached need a cap";
        return Err(Failure::new("SB2001", why).with_help("--max-cost 5.00"));
    }
    let measured = Measured::new(loaded.circuit()?, std::slice::from_ref(sum))
        .map_err(|e| Failure::new("SB2001", e.to_string()))?;
    if measured.n_groups() == 0 {
        let why = "the observable is a constant, which needs no shot";
        return Err(Failure::new("SB2001", why).with_help("name a letter, such as --observable ZI"));
    }
    let store = context.store()?;
    let own = submit::Args {
        on: Some(device.name.clone()),
        shots: Some(1),
        budget: args.budget.clone(),
        project: args.project.clone(),
        tags: args.tags.clone(),
        yes: args.yes,
        ..submit::Args::default()
    };
    let name = loaded.name.trim_end_matches(".qasm");
    let key = args.key.clone().unwrap_or_else(|| Here.collection_id().to_string());
    let mut purchase = Purchase {
        args,
        steps: Steps::new(context, &store, device, (name, &measured.text), own.clone())?,
        text: BlobId::of(measured.text.as_bytes()),
        rows: measured.rows(values),
        bounds: measured.bounds(0),
        forecast: forecast.variances.clone(),
        from_state: forecast.unknown.is_none(),
        key,
        cap,
        seen: vec![Seen::default(); measured.n_groups()],
        spent: Money::ZERO,
        slices: Vec::new(),
        measured,
    };
    purchase.introduce(&own, &store, out)?;
    if args.dry_run {
        return Ok(0);
    }
    let stop = match purchase.buy(out) {
        Ok(stop) => stop,
        Err(failure) => {
            if args.key.is_none() {
                out.say(&format!("what was bought is kept; go on with --key {}", purchase.key));
            }
            return if interrupted() { Ok(130) } else { Err(failure) };
        }
    };
    purchase.show(&stop, out);
    Ok(if stop == Stop::Reached { 0 } else { 3 })
}

impl Purchase<'_> {
    fn slice_key(&self, number: usize, again: u32) -> String {
        let key = format!("{}/slice{number}", self.key);
        if again == 1 { key } else { format!("{key}.{again}") }
    }

    /// Says what is going to be bought, and asks once for all of it.
    fn introduce(&mut self, own: &submit::Args, store: &dyn Store, out: &mut Out) -> Result<(), Failure> {
        let known = self.steps.known(&self.slice_key(0, 1))?.is_some();
        if !known || self.args.dry_run {
            let (shots, planned) = self.first()?;
            let kind = if self.from_state { "the simulated state" } else { "the bound, for want of a state" };
            let words = format!(
                "first slice: {} shots in {} ({:#}), by {kind}; then what is missing for ±{}{}",
                shots.iter().sum::<u64>(),
                tasks(planned.packing.tasks.len() as u64),
                planned.hold,
                self.args.error,
                self.cap.map_or_else(String::new, |cap| format!(", at most {cap:#} in all")),
            );
            if self.args.dry_run {
                if out.is_json() {
                    out.json(&json!({"schema": "shotbook.plan/1", "first_slice": shots,
                        "tasks": planned.packing.tasks.len(), "hold": planned.hold.to_string(),
                        "max_cost": self.cap.map(|c| c.to_string())}));
                } else {
                    out.line(&format!("{words}; nothing was sent"));
                }
                return Ok(());
            }
            out.say(&words);
        }
        let most = self.cap.filter(|_| !self.steps.device.is_local()).unwrap_or(Money::ZERO);
        submit::ask_for(own, most, " at most, slice by slice", store, out)
    }

    /// The first slice: a part of what the forecast asks for, or all of it where the shots that might be
    /// saved cost no more than another task fee.
    fn first(&mut self) -> Result<(Allocation, Planned), Failure> {
        let far =
            || Failure::new("SB2001", format!("{} needs more shots than anybody can buy", self.args.error));
        let all = advice::allocate(&self.forecast, self.args.error).ok_or_else(far)?;
        let part = if self.from_state { 2 } else { 10 };
        let least = |n: &u64| (n / part).max(ENOUGH.min(*n)).max(1);
        let some: Allocation = all.iter().map(least).collect();
        let (whole, slice) = (self.cheapest(&all)?, self.cheapest(&some)?);
        let fee = slice.1.fees.map_or(Money::ZERO, |fees| fees.packed);
        let saved = whole.1.hold.minus(slice.1.hold).unwrap_or(Money::ZERO);
        Ok(if saved <= fee && !self.steps.device.is_local() { whole } else { slice })
    }

    /// The cheaper of buying groups unevenly, or the most of them for each, which one set can hold.
    fn cheapest(&mut self, shots: &[u64]) -> Result<(Allocation, Planned), Failure> {
        let most = shots.iter().copied().max().unwrap_or(1);
        let uneven = self.planned(shots);
        let even = self.planned(&vec![most; shots.len()]);
        match (uneven, even) {
            (Ok(a), Ok(b)) => Ok(if b.1.hold < a.1.hold { b } else { a }),
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (Err(failure), Err(_)) => Err(failure),
        }
    }

    /// Rows of a slice, raised to what the device takes; groups without shots are left out.
    fn slice_rows(&self, shots: &[u64]) -> Vec<Row> {
        let (least, most) = self.steps.device.shots.unwrap_or((1, u64::MAX));
        let some = self.rows.iter().zip(shots).filter(|(_, n)| **n > 0);
        some.map(|(inputs, n)| Row { inputs: inputs.clone(), shots: (*n).clamp(least.max(1), most) })
            .collect()
    }

    fn planned(&mut self, shots: &[u64]) -> Result<(Allocation, Planned), Failure> {
        let rows = self.slice_rows(shots);
        let (_, planned) = self.steps.planned(&self.measured.names, &rows, "forecast")?;
        Ok((shots.to_vec(), planned))
    }

    /// Buys slice after slice; those that are bought already are read from the store.
    fn buy(&mut self, out: &mut Out) -> Result<Stop, Failure> {
        for number in 0..MOST_SLICES {
            let mut bought = false;
            for again in 1..=TRIES {
                let key = self.slice_key(number, again);
                let (collection, ids) = match self.steps.known(&key)? {
                    Some(known) => known,
                    None => match self.next(number, &key)? {
                        Ok(accepted) => accepted,
                        Err(stop) => return Ok(stop),
                    },
                };
                self.steps.finish(&ids)?;
                let settled = self.book(&ids, number)?;
                if self.steps.any_failed(&ids)? {
                    continue;
                }
                self.read(&collection, &ids, settled, out)?;
                bought = true;
                break;
            }
            if !bought {
                let why = format!("slice {number} failed {TRIES} times; FAILED tasks cost nothing");
                return Err(Failure::new("SB6001", why).with_help("shotbook jobs"));
            }
            if advice::standard_error(&self.seen, &self.bounds) <= self.args.error {
                return Ok(Stop::Reached);
            }
        }
        Ok(Stop::Cap(format!("{MOST_SLICES} slices were not enough")))
    }

    /// Holds the next slice, or says why nothing more is bought.
    fn next(
        &mut self,
        number: usize,
        key: &str,
    ) -> Result<Result<(CollectionId, Vec<JobId>), Stop>, Failure> {
        let (shots, planned) = if number == 0 {
            self.first()?
        } else {
            let far = || Failure::new("SB2001", "the error needs more shots than anybody can buy");
            let lacks = advice::missing(&self.seen, &self.bounds, self.args.error).ok_or_else(far)?;
            let before: u64 = self.seen.iter().map(|s| s.shots).sum();
            let few = self.seen.iter().any(|s| s.shots < ENOUGH);
            let mut best = None::<(Allocation, Planned)>;
            for mut wanted in lacks {
                // Little that was seen says little of what is missing.
                if few {
                    wanted.iter_mut().for_each(|n| *n = (*n).min(before.saturating_mul(10)));
                }
                let found = self.cheapest(&wanted)?;
                best = Some(match best {
                    Some(known) if known.1.hold <= found.1.hold => known,
                    _ => found,
                });
            }
            match best {
                Some(best) => best,
                None => return Ok(Err(Stop::Reached)),
            }
        };
        let (shots, _) = match self.within_cap(shots, planned)? {
            Ok(fitting) => fitting,
            Err(stop) => return Ok(Err(stop)),
        };
        let rows = self.slice_rows(&shots);
        let (points, planned): (Points, Planned) = self.steps.planned(&self.measured.names, &rows, key)?;
        match self.steps.accepted(&points, &planned) {
            Ok(accepted) => Ok(Ok(accepted)),
            // What was bought is worth telling.
            Err(refused) if refused.code() == "SB3001" && !self.slices.is_empty() => {
                Ok(Err(Stop::Cap(refused.message().to_owned())))
            }
            Err(other) => Err(other),
        }
    }

    /// The slice, or as much of it as the cap has room for.
    fn within_cap(
        &mut self,
        shots: Allocation,
        planned: Planned,
    ) -> Result<Result<(Allocation, Planned), Stop>, Failure> {
        let Some(cap) = self.cap else { return Ok(Ok((shots, planned))) };
        let left = cap.minus(self.spent).unwrap_or(Money::ZERO);
        if planned.hold <= left {
            return Ok(Ok((shots, planned)));
        }
        let part = |n: u64| -> Allocation {
            let scale = |s: &u64| (u128::from(*s) * u128::from(n) / 1000) as u64;
            shots.iter().map(scale).collect()
        };
        let price = |n: u64| {
            let some = part(n);
            some.iter().any(|s| *s > 0).then(|| self.planned(&some).ok().map(|p| p.1.hold)).flatten()
        };
        let price = std::cell::RefCell::new(price);
        let found = fit::most(999, left, |n| (price.borrow_mut())(n));
        // A group that was never measured leaves the value unknown.
        let usable = |some: &Allocation| some.iter().zip(&self.seen).all(|(n, s)| *n > 0 || s.shots > 0);
        match found.map(|(n, _)| part(n)).filter(usable) {
            Some(some) => Ok(Ok(self.planned(&some)?)),
            None if self.slices.is_empty() => {
                let refused = Refused::OverMaxCost { worst_case: planned.hold, max_cost: cap };
                Err(Failure::from(refused).with_help(format!("--max-cost {}", planned.hold)))
            }
            None => Ok(Err(Stop::Cap(format!(
                "{left:#} are left of {cap:#}, and the next slice costs {:#}",
                planned.hold
            )))),
        }
    }

    /// Counts what the jobs of a slice cost.
    fn book(&mut self, ids: &[JobId], number: usize) -> Result<Money, Failure> {
        let mut settled = Money::ZERO;
        for id in ids {
            let job = self.steps.store.job(id)?;
            if job.terms.circuit != self.text || job.terms.device != self.steps.device.name {
                let key = self.key.clone();
                return Err(Refused::KeyTaken { key, job: id.clone() }.into());
            }
            if !job.is_done() {
                let why = format!("slice {number} waits: {id} is not done");
                return Err(Failure::new("SB7001", why).with_help(format!("shotbook why {id}")));
            }
            settled = settled.plus(job.settled).map_err(Refused::from)?;
        }
        self.spent = self.spent.plus(settled).map_err(Refused::from)?;
        Ok(settled)
    }

    /// Adds the outcomes of a slice.
    fn read(
        &mut self,
        collection: &CollectionId,
        ids: &[JobId],
        settled: Money,
        out: &mut Out,
    ) -> Result<(), Failure> {
        let mut shots = 0;
        for row in export::rows(self.steps.store, collection)? {
            let values: Vec<Option<f64>> =
                self.measured.names.iter().map(|name| row.inputs.get(name).and_then(Value::as_f64)).collect();
            let own = |inputs: &Vec<f64>| inputs.iter().zip(&values).all(|(x, v)| Some(*x) == *v);
            let Some(group) = self.rows.iter().position(own) else {
                return Err(Refused::KeyTaken { key: self.key.clone(), job: row.job.clone() }.into());
            };
            let Some(result) = row.result else { continue };
            let counts = result.counts.iter().map(|(bits, n)| (bits, *n));
            let seen = self.measured.seen(group, counts);
            shots += seen[0].shots;
            self.seen[group].join(&seen[0]);
        }
        let (value, error) = (self.value(), advice::standard_error(&self.seen, &self.bounds));
        let (tasks, number) = (ids.len() as u64, self.slices.len());
        self.slices.push(Slice { shots, tasks, settled, value, error });
        out.say(&format!(
            "slice {number}: {shots} shots in {} · {settled:#} · {value:.6} ± {error:.6} · {:#} so far",
            self::tasks(tasks),
            self.spent
        ));
        if shots == 0 {
            let why = format!("slice {number} was paid and gave no counts");
            return Err(Failure::new("SB6002", why).with_help(format!("shotbook sweep show {collection}")));
        }
        Ok(())
    }

    fn value(&self) -> f64 {
        self.measured.constant(0) + self.seen.iter().map(Seen::mean).sum::<f64>()
    }

    fn show(&self, stop: &Stop, out: &mut Out) {
        let error = advice::standard_error(&self.seen, &self.bounds);
        let value = self.value();
        let (shots, tasks) = self.slices.iter().fold((0, 0), |(s, t), one| (s + one.shots, t + one.tasks));
        let once = self.slices.iter().map(|s| s.tasks).max().unwrap_or(0);
        let (reached, why) = match stop {
            Stop::Reached => (true, None),
            Stop::Cap(why) => (false, Some(why.as_str())),
        };
        if out.is_json() {
            let slices: Vec<Value> = self
                .slices
                .iter()
                .map(|s| {
                    json!({"shots": s.shots, "tasks": s.tasks, "settled": s.settled.to_string(),
                        "value": s.value, "standard_error": s.error})
                })
                .collect();
            let device = &self.steps.device.name;
            out.json(&json!({"schema": "shotbook.shots/1", "shots": shots, "error": self.args.error,
                "devices": [{"device": device, "fits": true, "shots": shots, "tasks": tasks,
                    "total": self.spent.to_string()}],
                "adaptive": {"key": self.key, "value": value, "standard_error": error, "reached": reached,
                    "stopped": why, "settled": self.spent.to_string(), "tasks": tasks,
                    "extra_tasks": tasks - once, "slices": slices}}));
            return;
        }
        out.line(&format!(
            "{value:.6} ± {error:.6} (one standard error; 95 %: {:.6} to {:.6})",
            value - 1.96 * error,
            value + 1.96 * error
        ));
        out.line(&format!(
            "{shots} shots in {} slices, {} · {:#}{}",
            self.slices.len(),
            self::tasks(tasks),
            self.spent,
            if tasks > once {
                format!(" · {} more than at once", self::tasks(tasks - once))
            } else {
                String::new()
            }
        ));
        if let Some(why) = why {
            out.say(&format!(
                "±{} is not reached: {why}; go on: the same command with --key {} and a higher --max-cost",
                self.args.error, self.key
            ));
        }
    }
}

fn tasks(n: u64) -> String {
    if n == 1 { "1 task".to_owned() } else { format!("{n} tasks") }
}
