//! `budget … --mirror-aws`: AWS's own spending limits as a backstop of a budget.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shotbook_sim::target::{Catalogue, Device, DeviceKind};

use crate::backend::Braket;
use crate::backend::braket::SdkBraket;
use crate::backend::braket::spending::{Span, SpendingLimit};
use crate::budget::{Period, Scope};
use crate::cli::output::Out;
use crate::cli::work::at_home;
use crate::cli::{Context, Failure};
use crate::ids::DeviceArn;
use crate::job::{Stage, State};
use crate::money::{Money, OutOfRange};
use crate::store::{BudgetStatus, Filter, Kind, Note, Store};
use crate::time;

const CENT: i64 = 10_000_000;

/// What became of the limit of one QPU.
struct Row {
    device: String,
    region: String,
    /// What the limit is now, and what it leaves.
    limit: Option<(Money, Money)>,
    deed: &'static str,
    note: Option<String>,
}

/// Dollars and cents, rounded down: AWS takes no finer ones.
fn cents(amount: Money) -> String {
    let cents = amount.nanos().max(0) / CENT;
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// The limit that leaves `free` beside what AWS counts already and what is on its way there: whole cents,
/// rounded down, but never below what AWS counts, which it would refuse.
fn wanted(counted: Money, on_its_way: Money, free: Money) -> Result<Money, OutOfRange> {
    let exact = counted.plus(on_its_way)?.plus(free)?.nanos();
    let down = exact - exact.rem_euclid(CENT);
    let least = counted.nanos() + (-counted.nanos()).rem_euclid(CENT);
    Ok(Money::from_nanos(down.max(least)))
}

/// QPUs that a budget can bind.
fn devices(scope: &Scope) -> Result<Vec<&'static Device>, Failure> {
    let qpus = Catalogue::embedded().devices().iter().filter(|d| d.kind == DeviceKind::Qpu);
    let found: Vec<&Device> = match scope {
        Scope::Device(name) => qpus.filter(|d| d.name == *name).collect(),
        _ => qpus.collect(),
    };
    if found.is_empty() {
        let why = "AWS has spending limits for QPUs alone";
        return Err(Failure::new("SB2001", why).with_help("the budget binds all the same"));
    }
    Ok(found)
}

fn span(per: Period) -> Option<Span> {
    let Period::Between(from, until) = per else { return None };
    let at = |date: jiff::civil::Date| format!("{date}T00:00:00Z").parse().ok();
    Some((at(from)?, at(until.tomorrow().ok()?)?))
}

/// Holds of a budget by device whose task AWS does not know yet.
fn on_their_way(store: &dyn Store, status: &BudgetStatus) -> Result<BTreeMap<String, Money>, Failure> {
    let filter =
        Filter { states: vec![State::Waiting, State::Submitting, State::Unsure], ..Filter::default() };
    let mut out = BTreeMap::<String, Money>::new();
    for job in store.jobs(&filter)? {
        let unsent = matches!(job.stage, Stage::Waiting { .. } | Stage::Submitting { .. });
        if unsent && job.terms.budgets.contains(&status.budget.name) {
            let sum = out.entry(job.terms.device.clone()).or_default();
            *sum = sum.plus(job.held).map_err(crate::app::Refused::from)?;
        }
    }
    Ok(out)
}

/// Makes AWS's limits follow a budget, or takes them away; tells what they are and what they are not.
pub(super) fn run(
    status: &BudgetStatus,
    remove: bool,
    context: &Context,
    store: &dyn Store,
    out: &mut Out,
) -> Result<u8, Failure> {
    at_home(store)?;
    let waiting = on_their_way(store, status)?;
    let identity = store.identity()?.store;
    let braket = context.braket_without_buckets();
    let mut by_region = BTreeMap::<&str, Vec<&Device>>::new();
    for device in devices(&status.budget.scope)? {
        by_region.entry(device.region().unwrap_or_default()).or_default().push(device);
    }
    let (mut rows, mut stopped) = (Vec::new(), false);
    'regions: for (region, devices) in by_region {
        let plan = Plan { status, remove, store: identity.as_str(), waiting: &waiting, region };
        let asked = context.block_on(async {
            let report = braket.lane(region).await?;
            let world = report.lane.world.is_some();
            Ok::<_, crate::backend::RemoteError>((world, braket.spending_limits(region).await?))
        })?;
        let Some(found) = asked else {
            stopped = true;
            break;
        };
        let (play, limits) = match found {
            Ok(found) => found,
            Err(error) => {
                rows.extend(devices.iter().map(|d| plan.row(d, "not reached", Some(error.to_string()))));
                continue;
            }
        };
        store.bind(if play { Kind::Play } else { Kind::Real })?;
        for device in devices {
            let own = limits.iter().find(|l| l.device.as_str() == device.arn);
            let Some(row) = context.block_on(plan.apply(device, own, &braket))? else {
                stopped = true;
                break 'regions;
            };
            rows.push(row?);
        }
    }
    remember(store, status, &rows, stopped)?;
    if stopped {
        return Ok(130);
    }
    show(status, remove, &rows, out);
    let reached = rows.iter().any(|r| !matches!(r.deed, "not reached" | "refused" | "left alone"));
    Ok(if reached { 0 } else { 7 })
}

fn place(budget: &str) -> String {
    format!("mirror/{budget}")
}

/// Whether limits at AWS follow a budget, as far as this store knows.
pub(super) fn is_made(store: &dyn Store, budget: &str) -> Result<bool, Failure> {
    Ok(store.notes()?.iter().any(|note| note.place == place(budget)))
}

/// Keeps in mind whether limits are left at AWS, so that nobody forgets them.
fn remember(store: &dyn Store, status: &BudgetStatus, rows: &[Row], stopped: bool) -> Result<(), Failure> {
    let place = place(status.budget.name.as_str());
    let unknown = stopped || rows.iter().any(|r| matches!(r.deed, "not reached" | "refused"));
    if rows.iter().any(|r| r.limit.is_some()) {
        let name = &status.budget.name;
        let text =
            format!("AWS's spending limits were set from it; shotbook budget mirror {name} moves them");
        store.put_note(&Note { place, text, until: None, at: time::now() })?;
    } else if !unknown {
        store.remove_note(&place)?;
    }
    Ok(())
}

/// What is to become of the limits of a region.
struct Plan<'a> {
    status: &'a BudgetStatus,
    remove: bool,
    store: &'a str,
    waiting: &'a BTreeMap<String, Money>,
    region: &'a str,
}

impl Plan<'_> {
    fn row(&self, device: &Device, deed: &'static str, note: Option<String>) -> Row {
        Row { device: device.name.clone(), region: self.region.to_owned(), limit: None, deed, note }
    }

    async fn apply(
        &self,
        device: &Device,
        own: Option<&SpendingLimit>,
        braket: &SdkBraket,
    ) -> Result<Row, Failure> {
        let name = self.status.budget.name.as_str();
        if let Some(limit) = own
            && (limit.store.as_deref() != Some(self.store) || limit.budget.as_deref() != Some(name))
        {
            let whose =
                limit.budget.as_ref().map_or("somebody set by hand".to_owned(), |b| format!("mirrors {b}"));
            let note = format!("a limit of {:#} is here that {whose}; a QPU has one", limit.amount);
            return Ok(self.row(device, "left alone", Some(note)));
        }
        let free = self
            .status
            .period
            .as_ref()
            .map_or(Money::ZERO, |_| self.status.budget.free(&self.status.balance));
        let counted = match own {
            Some(limit) => limit.queued.plus(limit.spent).map_err(crate::app::Refused::from)?,
            None => Money::ZERO,
        };
        let waiting = self.waiting.get(&device.name).copied().unwrap_or(Money::ZERO);
        let amount = wanted(counted, waiting, free).map_err(crate::app::Refused::from)?;
        let (arn, text) = (DeviceArn::new(&device.arn), cents(amount));
        let span = span(self.status.budget.per);
        let (deed, answer) = match own {
            None if self.remove => return Ok(self.row(device, "none", None)),
            Some(limit) if self.remove => {
                ("removed", braket.delete_spending_limit(self.region, &limit.arn).await)
            }
            Some(limit) if limit.amount == amount => ("kept", Ok(())),
            Some(limit) => {
                ("changed", braket.update_spending_limit(self.region, &limit.arn, &text, span).await)
            }
            None => {
                let tags = (self.store, name);
                ("made", braket.create_spending_limit((self.region, &arn), &text, span, tags).await)
            }
        };
        Ok(match answer {
            Err(error) => self.row(device, "refused", Some(error.to_string())),
            Ok(()) => {
                let left = amount.minus(counted).unwrap_or(Money::ZERO);
                Row { limit: (!self.remove).then_some((amount, left)), ..self.row(device, deed, None) }
            }
        })
    }
}

fn show(status: &BudgetStatus, remove: bool, rows: &[Row], out: &mut Out) {
    let budget = &status.budget;
    if out.is_json() {
        let all: Vec<Value> = rows
            .iter()
            .map(|r| {
                json!({"device": r.device, "region": r.region, "deed": r.deed, "note": r.note,
                    "limit": r.limit.map(|l| l.0.to_string()), "left": r.limit.map(|l| l.1.to_string())})
            })
            .collect();
        out.json(&json!({"schema": "shotbook.mirror/1", "budget": budget.name.as_str(),
            "free": budget.free(&status.balance).to_string(), "limits": all}));
        return;
    }
    let cell = |m: Option<Money>| m.map_or_else(|| "-".to_owned(), |m| format!("{m:#}"));
    let cells = rows.iter().map(|r| {
        let note = r.note.clone().unwrap_or_default();
        let (limit, left) = (cell(r.limit.map(|l| l.0)), cell(r.limit.map(|l| l.1)));
        vec![r.device.clone(), r.region.clone(), limit, left, r.deed.to_owned(), note]
    });
    out.table(&["DEVICE", "REGION", "AWS LIMIT", "LEFT", "DONE", ""], &[2, 3], cells.collect());
    if remove {
        return;
    }
    let many = rows.iter().filter(|r| r.limit.is_some()).count();
    let free = budget.free(&status.balance);
    if many > 1 {
        out.say(&format!(
            "AWS's limits are one a QPU: past Shotbook, {many} of them let {many} times {free:#} through, not once"
        ));
    }
    out.say(
        "they know no project, user, tag, simulator, hybrid job or reservation; whole cents, rounded down",
    );
    if matches!(budget.per, Period::Day | Period::Week | Period::Month) {
        let (name, per) = (&budget.name, budget.per.word());
        out.say(&format!(
            "they do not begin anew each {per}; let a timer run: shotbook budget mirror {name}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_are_rounded_down_and_never_below_what_aws_counts() {
        let usd = |text: &str| text.parse::<Money>().unwrap();
        let limit = |counted, waiting, free| cents(wanted(usd(counted), usd(waiting), usd(free)).unwrap());
        assert_eq!(limit("0", "0", "25"), "25.00");
        assert_eq!(limit("0", "0", "0.001"), "0.00", "a tenth of a cent is no cent");
        assert_eq!(limit("1.205", "0.445", "3.359"), "5.00");
        assert_eq!(limit("1.205", "0", "0"), "1.21", "AWS refuses a limit below what it counts");
        assert_eq!(limit("0", "0", "999999999.999"), "999999999.99");
        assert!(wanted(Money::from_nanos(i64::MAX), usd("1"), usd("0")).is_err());
    }
}
