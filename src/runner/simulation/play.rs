//! One seed from the first job to the last audit.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::books::Books;
use super::plants::Bent;
use super::world::{MINUTE, Network, ProcessClock, SECOND, Sim};
use crate::backend::braket::in_process::InProcess;
use crate::budget::{Budget, Period, Scope};
use crate::ids::{BlobId, BudgetName, DeviceArn, JobId, JobTag, RunnerId};
use crate::job::{Event, Fire, HoldKind, Job, Outcome, Place, RetryPolicy, Stage, Terms, apply};
use crate::money::Money;
use crate::price::Tariff;
use crate::runner::{Compute, Patience, RunError, Runner};
use crate::store::{Acceptance, Accepted, Change, Committed, Filter, NewJob, Store};
use crate::time::Timestamp;

/// After the faults stop: half an hour, the quiet period, and what a jumped clock may add to both.
const ALL_ENDS_WITHIN: i64 = 95 * MINUTE;
const NORTH: &str = "eu-north-1";
const DEVICES: [(&str, &str, &str, i64, i64); 3] = [
    ("garnet", "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet", NORTH, 300_000_000, 1_450_000),
    ("emerald", "arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald", NORTH, 300_000_000, 1_600_000),
    ("forte-1", "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1", "us-east-1", 300_000_000, 80_000_000),
];
const ACTION: &str = r#"{"braketSchemaHeader":{"name":"braket.ir.openqasm.program","version":"1"},"source":"OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];\nb[1] = measure q[1];\n"}"#;

/// Local jobs answer at once.
struct Local;

impl Compute for Local {
    fn compute(&self, _: &Job, _: &[u8], _: &[u8]) -> Result<Vec<u8>, String> {
        Ok(b"{}".to_vec())
    }
}

type Process<'s> = Pin<Box<dyn Future<Output = Result<(), RunError>> + 's>>;

/// What a process is: the shipped runner, asked again and again, on a clock of its own.
async fn process(sim: &Sim, books: &Books<'_>, name: String, ahead: i64) -> Result<(), RunError> {
    let clock = ProcessClock { sim, ahead: Cell::new(ahead) };
    let inner = InProcess { wire: Network { sim, clock: &clock }, account: "123456789012" };
    let braket = Bent { sim, inner, plant: books.plant };
    let runner = Runner::new(books, &braket, &clock, &Local, RunnerId::new(name));
    loop {
        if sim.hits(0.01) {
            sim.count("clock jump");
            clock.ahead.set(sim.chance.between(-30 * MINUTE, 30 * MINUTE));
        }
        let open = books.due(Timestamp::from_micros(i64::MAX), 256, &|_| false)?;
        runner.finish(&open, Patience::OnceOver, &mut |_| {}).await?;
        sim.pause(sim.chance.between(SECOND / 3, 40 * SECOND)).await;
    }
}

/// What a seed came to.
pub struct Report {
    pub trace: u64,
    pub wrong: Option<String>,
    pub story: Vec<String>,
    pub counts: std::collections::BTreeMap<&'static str, u64>,
}

struct Slot<'s> {
    process: Option<Process<'s>>,
    wake: i64,
    born: u64,
}

/// A user's wish with its time.
enum Wish {
    Accept(Box<NewJob>),
    Cancel(JobId),
}

pub struct Play<'s> {
    sim: &'s Sim,
    books: &'s Books<'s>,
    slots: Vec<Slot<'s>>,
    wishes: Vec<(i64, Wish)>,
    accepted: Vec<JobId>,
}

fn terms(sim: &Sim, store: &dyn Store, number: usize) -> Terms {
    let chance = &sim.chance;
    let (name, arn, region, fee, shot) = DEVICES[chance.next() as usize % DEVICES.len()];
    let shots = [100, 10, 30][chance.next() as usize % 3];
    let local = chance.hits(0.1);
    let tariff = Tariff::PerShot { task_fee: Money::from_nanos(fee), shot_fee: Money::from_nanos(shot) };
    let hold = if local { Money::ZERO } else { Money::from_nanos(fee + shot * i64::from(shots)) };
    let at = Timestamp::from_micros(sim.now.get());
    let not_before = chance.hits(0.2).then(|| at.after(Duration::from_secs(chance.next() % 1800)));
    let key = format!("k{number}");
    let place = if local {
        Place::Local { seed: 1 }
    } else {
        let region = Some(region.to_owned());
        Place::Braket { device: DeviceArn::new(arn), region, reservation: None, experimental: false }
    };
    let store_id = store.identity().map(|i| i.store).unwrap_or_else(|_| crate::ids::StoreId::new("s"));
    Terms {
        id: JobId::new(format!("j_{number}")),
        tag: JobTag::of(&store_id, &key),
        key,
        content: BlobId::new(format!("{number}")),
        name: "bell.qasm".to_owned(),
        project: None,
        tags: [("k".to_owned(), "v".to_owned())].into(),
        device: if local { "local".to_owned() } else { name.to_owned() },
        place,
        shots: shots as u64,
        circuit: BlobId::of(ACTION.as_bytes()),
        action: BlobId::of(ACTION.as_bytes()),
        inputs: BlobId::of(ACTION.as_bytes()),
        tariff: if local { Tariff::Free } else { tariff },
        quoted: hold,
        hold,
        hold_kind: HoldKind::Hard,
        budgets: if local { Vec::new() } else { vec![BudgetName::new("b")] },
        max_cost: None,
        retries: RetryPolicy { paid: (chance.next() % 3) as u32 },
        not_before,
        fire: Fire::default(),
        created_at: at,
        collection: None,
        adopted: false,
        user: None,
    }
}

impl<'s> Play<'s> {
    pub fn new(sim: &'s Sim, books: &'s Books<'s>) -> Self {
        let limit = Money::from_nanos(sim.chance.between(500_000_000, 12_000_000_000));
        let budget = Budget {
            name: BudgetName::new("b"),
            limit,
            per: Period::Ever,
            scope: Scope::Named,
            alerts: Vec::new(),
            created_at: Timestamp::from_micros(sim.now.get()),
            removed_at: None,
        };
        if let Err(error) = books.inner.add_budget(&budget) {
            sim.auditor.borrow_mut().accuse(error.to_string());
        }
        let mut play = Self { sim, books, slots: Vec::new(), wishes: Vec::new(), accepted: Vec::new() };
        let start = sim.now.get();
        for number in 0..sim.chance.between(2, 6) as usize {
            let terms = terms(sim, &*books.inner, number);
            let at = start + sim.chance.between(0, 10 * MINUTE);
            if sim.chance.hits(0.4) {
                let when = at + sim.chance.between(0, 3 * MINUTE);
                play.wishes.push((when, Wish::Cancel(terms.id.clone())));
            }
            let hold_now = terms.not_before.is_none();
            let job = Job::accepted(Arc::new(terms), hold_now);
            play.wishes.push((at, Wish::Accept(Box::new(NewJob { job, points: vec![0] }))));
        }
        for slot in 0..sim.chance.between(1, 4) {
            if slot > 0 {
                sim.count("second runner");
            }
            let wake = start + sim.chance.between(0, 5 * MINUTE);
            play.slots.push(Slot { process: None, wake, born: 0 });
        }
        play
    }

    /// Plays until every job has ended, then audits.
    pub fn run(mut self) -> Report {
        let stop = self.sim.now.get() + self.sim.chance.between(20 * MINUTE, 70 * MINUTE);
        self.until(stop, false);
        self.sim.faulty.set(false);
        self.sim.note("faults stop", b"");
        for slot in &mut self.slots {
            (slot.process, slot.wake) = (None, stop);
        }
        let end = stop + ALL_ENDS_WITHIN;
        while self.sim.now.get() < end && !self.is_over() {
            if self.sim.now.get() >= stop + 10 * MINUTE {
                self.cancel_stuck();
            }
            let next = self.sim.now.get() + 5 * MINUTE;
            self.until(next, true);
        }
        self.finale();
        let mut auditor = self.sim.auditor.borrow_mut();
        Report {
            trace: self.sim.trace(),
            wrong: auditor.wrong.take(),
            story: std::mem::take(&mut auditor.story),
            counts: self.sim.counts.borrow().clone(),
        }
    }

    fn is_over(&self) -> bool {
        self.wishes.is_empty()
            && self.books.inner.next_due(Timestamp::from_micros(i64::MIN)).is_ok_and(|due| due.is_none())
    }

    /// Whatever is next, in the order of virtual time, until then.
    fn until(&mut self, end: i64, or_over: bool) {
        loop {
            let slot = (0..self.slots.len()).min_by_key(|&i| self.slots[i].wake).unwrap_or(0);
            let wish = (0..self.wishes.len()).min_by_key(|&i| self.wishes[i].0);
            let copy = {
                let copies = self.sim.copies.borrow();
                (0..copies.len()).min_by_key(|&i| copies[i].0).map(|i| (copies[i].0, i))
            };
            let slot_at = self.slots.get(slot).map_or(i64::MAX, |s| s.wake);
            let wish_at = wish.map_or(i64::MAX, |i| self.wishes[i].0);
            let copy_at = copy.map_or(i64::MAX, |c| c.0);
            let at = slot_at.min(wish_at).min(copy_at);
            if at > end || self.sim.auditor.borrow().wrong.is_some() || (or_over && self.is_over()) {
                self.sim.now.set(self.sim.now.get().max(end));
                return;
            }
            self.sim.now.set(self.sim.now.get().max(at));
            match (copy, wish) {
                (Some((_, i)), _) if at == copy_at => self.copy_arrives(i),
                (_, Some(i)) if at == wish_at => self.wish(i),
                _ => self.poll(slot),
            }
            if let Err(error) = self.books.audit_tasks() {
                self.sim.auditor.borrow_mut().accuse(error.to_string());
            }
        }
    }

    fn copy_arrives(&self, index: usize) {
        let (_, request) = self.sim.copies.borrow_mut().swap_remove(index);
        if self.sim.deliver(&request, None).is_some_and(|r| r.status == 403) {
            self.sim.count("late copy refused");
        }
    }

    fn wish(&mut self, index: usize) {
        let (at, wish) = self.wishes.swap_remove(index);
        let again = at + self.sim.chance.between(SECOND, MINUTE);
        match wish {
            Wish::Accept(new) => {
                let id = new.job.terms.id.clone();
                let acceptance = Acceptance {
                    again: false,
                    worker: None,
                    collection: None,
                    jobs: vec![(*new).clone()],
                    blobs: vec![ACTION.as_bytes().to_vec()],
                    world: Some("w_simulated".to_owned()),
                    at: Timestamp::from_micros(at),
                };
                match self.books.accept(&acceptance) {
                    Ok(Accepted::New | Accepted::Same(_)) => self.accepted.push(id),
                    Ok(Accepted::OverBudget(_)) => {}
                    Ok(other) => self.sim.auditor.borrow_mut().accuse(format!("{other:?}")),
                    // The user who saw a crash submits again under the same key.
                    Err(_) => self.wishes.push((again, Wish::Accept(new))),
                }
            }
            Wish::Cancel(id) => {
                self.sim.count("cancel asked");
                if !self.cancel(&id) {
                    self.wishes.push((again, Wish::Cancel(id)));
                }
            }
        }
    }

    /// Whether the wish was stored, or can mean nothing.
    fn cancel(&self, id: &JobId) -> bool {
        let Ok(before) = self.books.job(id) else { return true };
        let at = Timestamp::from_micros(self.sim.now.get());
        let Ok(after) = apply(&before, &Event::CancelAsked, at) else { return true };
        if after == before {
            return true;
        }
        let change =
            Change { before, after, event: Event::CancelAsked, blobs: Vec::new(), guarded: false, at };
        matches!(self.books.commit(&change), Ok(Committed::Yes(_)))
    }

    fn poll(&mut self, index: usize) {
        let (sim, books) = (self.sim, self.books);
        let slot = &mut self.slots[index];
        let process = slot.process.get_or_insert_with(|| {
            slot.born += 1;
            let ahead = if sim.faulty.get() { sim.chance.between(-2 * MINUTE, 2 * MINUTE) } else { 0 };
            Box::pin(process(sim, books, format!("r{index}-{}", slot.born), ahead))
        });
        sim.wake.set(sim.now.get() + SECOND);
        match process.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending if sim.hits(0.01) => {
                sim.count("crash at a call");
                (slot.process, slot.wake) = (None, sim.now.get() + sim.chance.between(SECOND, 10 * MINUTE));
            }
            Poll::Pending if sim.hits(0.005) => {
                sim.count("frozen");
                slot.wake = sim.wake.get() + sim.chance.between(MINUTE, 40 * MINUTE);
            }
            Poll::Pending => slot.wake = sim.wake.get(),
            Poll::Ready(ended) => {
                sim.note(&format!("process ended: {ended:?}"), b"");
                if let Err(error @ RunError::Illegal(_)) = ended {
                    sim.auditor.borrow_mut().accuse(error.to_string());
                }
                (slot.process, slot.wake) = (None, sim.now.get() + sim.chance.between(SECOND, 5 * MINUTE));
            }
        }
    }

    /// A person cancels what AWS never ends.
    fn cancel_stuck(&self) {
        for job in self.books.inner.jobs(&Filter::default()).unwrap_or_default() {
            if matches!(job.stage, Stage::Running { .. }) && !job.cancel_asked {
                self.cancel(&job.terms.id);
            }
        }
    }

    /// All is over: late copies arrive, and the books are compared with what was seen.
    fn finale(&self) {
        let rest = std::mem::take(&mut *self.sim.copies.borrow_mut());
        for (at, request) in rest {
            self.sim.now.set(self.sim.now.get().max(at));
            self.sim.deliver(&request, None);
        }
        if self.sim.auditor.borrow().wrong.is_some() {
            return;
        }
        if let Some(wrong) = self.compare().unwrap_or_else(|error| Some(error.to_string())) {
            self.sim.auditor.borrow_mut().accuse(wrong);
        }
    }

    fn compare(&self) -> Result<Option<String>, crate::store::StoreError> {
        let (books, auditor) = (&*self.books.inner, self.sim.auditor.borrow());
        books.check()?;
        for id in &self.accepted {
            let Ok(job) = books.job(id) else {
                return Ok(Some(format!("job {id} was accepted and is lost")));
            };
            if !job.is_done() {
                return Ok(Some(format!("job {id} has not ended: {:?}", job.stage)));
            }
            let tag = job.terms.tag.as_str();
            if matches!(job.stage, Stage::Done(Outcome::Refused(_))) && !auditor.refused.contains(tag) {
                return Ok(Some(format!("job {id} ended as refused, and AWS refused nothing")));
            }
            let ran =
                auditor.tasks.values().any(|t| t.job == job.terms.tag.as_str() && t.status == "COMPLETED");
            let told = matches!(job.stage, Stage::Done(Outcome::Completed { .. }));
            if !job.terms.is_local() && ran != told {
                return Ok(Some(format!("job {id} ran: {ran}, and the store says {:?}", job.stage)));
            }
        }
        for arn in auditor.tasks.keys() {
            if !books.knows_task(&crate::ids::QuantumTaskArn::new(arn))? {
                return Ok(Some(format!("task {arn} is unknown to the store")));
            }
        }
        let (creates, known) = (self.sim.world.borrow().meter().creates, auditor.tasks.len() as u64);
        if creates != known {
            return Ok(Some(format!("{creates} tasks were made and {known} came to light")));
        }
        let totals = books.totals()?;
        let metered = self.sim.world.borrow().meter().cost_nano_usd;
        let settled = totals.settled.nanos();
        if totals.held != Money::ZERO || settled != auditor.spent() || i128::from(settled) != metered {
            let (held, seen) = (totals.held, auditor.spent());
            return Ok(Some(format!(
                "held {held}; settled {settled}, the auditor says {seen}, the meter {metered}"
            )));
        }
        Ok(None)
    }
}
