//! `submit --batch --pack`: lines of a batch in the cheapest program sets that their devices take.

use std::collections::{BTreeMap, HashMap};

use super::batch::Planned;
use crate::app::{self, Lot, Part, Refused};
use crate::cli::Failure;
use crate::cli::verbs::devices;
use crate::cli::verbs::sweep::export;
use crate::cli::verbs::sweep::proof::Proof;
use crate::ids::JobId;
use crate::money::Money;
use crate::pack::{self, Body, Fees, Limits, Packing, Point, Task};
use crate::price::Tariff;
use crate::store::Store;

/// Tasks of a batch, and what packing saved.
pub(super) struct Packed {
    pub(super) tasks: Vec<Planned>,
    packing: Packing,
    fees: Option<Fees>,
    hold: Money,
}

impl Packed {
    pub(super) fn proof(&self) -> Proof<'_> {
        Proof { packing: &self.packing, fees: self.fees, hold: self.hold }
    }
}

/// Packs lines by device, project and tags. Each task's key is `KEY/n` with its first line, or what its
/// only line says.
pub(super) fn pack_all(lines: &[Planned], key: Option<&str>) -> Result<Packed, Failure> {
    let name = |first: u64| key.map(|key| format!("{key}/{first}"));
    pack_as(lines, &|first, own| own.cloned().or_else(|| name(first)))
}

fn pack_as(
    lines: &[Planned],
    key: &dyn Fn(u64, Option<&String>) -> Option<String>,
) -> Result<Packed, Failure> {
    let mut groups: BTreeMap<_, Vec<&Planned>> = BTreeMap::new();
    lines.iter().for_each(|line| groups.entry(line.plan.kin()).or_default().push(line));
    let mut packed = Packed { tasks: Vec::new(), packing: Packing::default(), fees: None, hold: Money::ZERO };
    for ((device, ..), group) in groups {
        let packing = packing(device, &group)?;
        if let Some(Tariff::PerShot { task_fee, shot_fee }) = group.first().map(|p| &p.plan.price.tariff) {
            let own = packing.fees(*task_fee, *shot_fee).map_err(Refused::from)?;
            packed.fees = Some(match packed.fees {
                None => own,
                Some(sum) => sum.plus(&own).map_err(Refused::from)?,
            });
        }
        packed.packing.single_tasks += packing.single_tasks;
        for task in packing.tasks {
            let members: Vec<&Planned> = task.points.iter().map(|&at| group[at as usize]).collect();
            packed.tasks.push(task_of(&members, key)?);
            packed.packing.tasks.push(task);
        }
    }
    let mut order: Vec<usize> = (0..packed.tasks.len()).collect();
    order.sort_by_key(|&at| packed.tasks[at].points[0]);
    packed.tasks = order.iter().map(|&at| packed.tasks[at].clone()).collect();
    for task in &packed.tasks {
        packed.hold = packed.hold.plus(task.plan.hold).map_err(Refused::from)?;
    }
    Ok(packed)
}

/// Which lines of a group share a task, by their place in it.
fn packing(device: &str, group: &[&Planned]) -> Result<Packing, Failure> {
    let device = devices::find(device)?;
    let single = |at: usize| Task { points: vec![at as u32], shots_each: group[at].plan.shots() };
    if !group.iter().all(|line| line.plan.may_share()) {
        let tasks = (0..group.len()).map(single).collect();
        return Ok(Packing { tasks, single_tasks: group.len() as u64 });
    }
    let (mut bodies, mut points) = (Vec::new(), Vec::with_capacity(group.len()));
    let mut known: HashMap<String, u32> = HashMap::new();
    for line in group {
        let (source, inputs) = line.plan.program()?;
        let bytes = |text: String| text.len() as u64;
        let body =
            Body { bytes: bytes(serde_json::Value::from(source.as_str()).to_string()), alone: line.alone };
        let next = bodies.len() as u32;
        // Without inputs there is nothing to tell executables apart by: each brings its own text.
        let shares = !inputs.is_empty() && !line.alone;
        let circuit = if shares { *known.entry(source).or_insert(next) } else { next };
        if circuit == next {
            bodies.push(body);
        }
        let values = bytes(serde_json::Value::Object(inputs).to_string());
        points.push(Point { circuit, shots: line.plan.shots(), bytes: values });
    }
    pack::pack(&points, &bodies, &Limits::of(device)).map_err(|e| Failure::new("SB4902", e.to_string()))
}

fn task_of(
    members: &[&Planned],
    key: &dyn Fn(u64, Option<&String>) -> Option<String>,
) -> Result<Planned, Failure> {
    let first = members[0];
    let own = first.args.key.as_ref().filter(|_| members.len() == 1);
    let mut args = first.args.clone();
    args.key = key(first.points[0], own);
    let plan = match members {
        [only] => only.plan.clone(),
        _ => {
            let part = |p: &&Planned| (p.plan.clone(), p.points[0], p.args.key.clone());
            let parts: Vec<_> = members.iter().map(part).collect();
            let parts: Vec<Part<'_>> = parts
                .iter()
                .map(|(plan, point, key)| Part { plan, point: *point, key: key.as_deref() })
                .collect();
            app::mixed_plan(&parts)?
        }
    };
    let points = members.iter().map(|p| p.points[0]).collect();
    Ok(Planned { args, plan, points, alone: first.alone })
}

/// What of a packed batch is made again: the lines that failed, those of one task together, also single
/// ones of a program set whose other lines are done and paid.
pub(super) fn failed(store: &dyn Store, lot: &Lot, lines: &[Planned]) -> Result<(usize, Packed), Failure> {
    let by_point: HashMap<u64, &Planned> = lines.iter().map(|p| (p.points[0], p)).collect();
    let mut jobs: BTreeMap<JobId, Vec<(u64, bool)>> = BTreeMap::new();
    for row in export::rows(store, &lot.id)? {
        jobs.entry(row.job.clone()).or_default().push((row.point, row.has_failed));
    }
    let (mut many, mut again) = (0, None::<Packed>);
    for (id, rows) in jobs {
        if rows.iter().all(|(_, failed)| !failed) {
            continue;
        }
        let job = store.job(&id)?;
        let taken = || Refused::KeyTaken { key: job.terms.key.clone(), job: id.clone() };
        let order = export::order(store, &job)?.unwrap_or_else(|| rows.iter().map(|r| r.0).collect());
        let plans: Option<Vec<_>> = order.iter().map(|p| Some(&by_point.get(p)?.plan)).collect();
        let plans = plans.ok_or_else(taken)?;
        if app::contents(plans.into_iter()) != job.terms.content {
            return Err(taken().into());
        }
        let key = app::next_key(&job.terms.key);
        let wanted: Vec<Planned> =
            rows.iter().filter(|r| r.1).filter_map(|r| Some((*by_point.get(&r.0)?).clone())).collect();
        many += wanted.len();
        let whole = wanted.len() == rows.len();
        let part =
            pack_as(&wanted, &|first, _| Some(if whole { key.clone() } else { format!("{key}.{first}") }))?;
        again = Some(match again {
            None => part,
            Some(sum) => sum.plus(part)?,
        });
    }
    let none = Packed { tasks: Vec::new(), packing: Packing::default(), fees: None, hold: Money::ZERO };
    Ok((many, again.unwrap_or(none)))
}

impl Packed {
    fn plus(mut self, other: Self) -> Result<Self, Failure> {
        self.tasks.extend(other.tasks);
        self.packing.single_tasks += other.packing.single_tasks;
        self.packing.tasks.extend(other.packing.tasks);
        self.hold = self.hold.plus(other.hold).map_err(Refused::from)?;
        self.fees = match (self.fees, other.fees) {
            (Some(a), Some(b)) => Some(a.plus(&b).map_err(Refused::from)?),
            (a, b) => a.or(b),
        };
        Ok(self)
    }
}
