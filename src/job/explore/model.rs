//! The world around one job, small enough to be visited whole.
//!
//! One tick is ten minutes: within a tick a request may be sent again; after one tick it may not,
//! while its signature still lives; after two the signature is dead and absence can be proved.

use std::sync::Arc;
use std::time::Duration;

use super::variants::Rules;
use crate::ids::{BlobId, DeviceArn, JobId, JobTag, QuantumTaskArn, StoreId, Token};
use crate::job::*;
use crate::money::Money;
use crate::price::{Metering, Tariff};
use crate::time::Timestamp;

const TICK: Duration = Duration::from_secs(600);
const MAX_SENDS: u32 = 2;
const MAX_ATTEMPTS: u32 = 2;
const MAX_IN_FLIGHT: usize = 1;
const COST: Money = Money::from_nanos(1);

/// What happened between two worlds: words, and which runner or task.
pub type Step = (&'static str, u8);

/// A task at AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Task {
    token: u8,
    attempt: u8,
    born: u8,
    status: u8,
}

const LIVE: u8 = 0;
const CANCELLING: u8 = 1;
const COMPLETED: u8 = 2;
const FAILED: u8 = 3;
const CANCELLED: u8 = 4;

/// A request that left and did not arrive yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packet {
    token: u8,
    attempt: u8,
    send: u8,
    signed: u8,
}

/// What a runner holds in memory; a crash empties it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Runner {
    Idle,
    Loaded(Job),
    Sending { job: Job, packet: Packet, send: u32 },
    Knows { job: Job, event: Event },
}

/// Everything.
#[derive(Clone, Debug)]
pub struct World {
    now: u8,
    last_tick: u8,
    stored: Job,
    tasks: Vec<Task>,
    in_flight: Vec<Packet>,
    /// Requests that AWS refused; a copy of a refused request is refused too (A4).
    refused: Vec<Packet>,
    runners: Vec<Runner>,
    refusals_left: u8,
    cancels_left: u8,
    adopted: u8,
}

fn instant(tick: u8) -> Timestamp {
    Timestamp::from_seconds(1_000_000).after(TICK * u32::from(tick))
}

fn tick_of(at: Timestamp) -> u8 {
    (at.since(instant(0)).as_secs() / TICK.as_secs()) as u8
}

fn arn(index: usize) -> QuantumTaskArn {
    QuantumTaskArn::new(format!("t{index}"))
}

fn index_of(task: &QuantumTaskArn) -> usize {
    task.as_str()[1..].parse().expect("the model's own name")
}

pub fn terms() -> Arc<Terms> {
    let blob = BlobId::new("b");
    Arc::new(Terms {
        id: JobId::new("j"),
        key: "k".into(),
        tag: JobTag::of(&StoreId::new("s"), "k"),
        content: blob.clone(),
        name: String::new(),
        project: None,
        tags: Default::default(),
        device: "garnet".into(),
        place: Place::Braket {
            device: DeviceArn::new("d"),
            region: None,
            reservation: None,
            experimental: false,
        },
        shots: 1,
        circuit: blob.clone(),
        action: blob.clone(),
        inputs: blob,
        tariff: Tariff::PerShot { task_fee: COST, shot_fee: Money::ZERO },
        quoted: COST,
        hold: COST,
        hold_kind: HoldKind::Hard,
        budgets: Vec::new(),
        max_cost: None,
        retries: RetryPolicy { paid: 1 },
        not_before: None,
        fire: Fire::default(),
        created_at: instant(0),
        collection: None,
        adopted: false,
        user: None,
    })
}

impl World {
    pub fn new(n_runners: usize, last_tick: u8) -> Self {
        Self {
            now: 0,
            last_tick,
            stored: Job::accepted(terms(), true),
            tasks: Vec::new(),
            in_flight: Vec::new(),
            refused: Vec::new(),
            runners: vec![Runner::Idle; n_runners],
            refusals_left: 1,
            cancels_left: 1,
            adopted: 0,
        }
    }

    fn clock(&self) -> Timestamp {
        instant(self.now)
    }

    /// What must never be, or `None`.
    pub fn wrong(&self) -> Option<&'static str> {
        let billable =
            self.tasks.iter().filter(|t| t.status != FAILED && t.status != CANCELLED).count() as i64;
        let job = &self.stored;
        let covered = job.held.nanos() + job.settled.nanos() + i64::from(self.adopted);
        if billable > 1 {
            return Some("two tasks that AWS may bill");
        }
        if billable > covered {
            return Some("AWS may bill what nothing covers");
        }
        if job.held.nanos() + job.settled.nanos() > COST.nanos() {
            return Some("held and settled exceed the cap");
        }
        if job.is_done() && !job.held.is_zero() {
            return Some("an open hold after the end");
        }
        if job.held.is_negative() {
            return Some("a negative hold");
        }
        if matches!(job.stage, Stage::Done(Outcome::Absent | Outcome::Refused(_))) && billable > 0 {
            return Some("a job ended without its task");
        }
        None
    }

    /// Every next world with the step that leads there.
    pub fn successors(&self, rules: &Rules) -> Vec<(Step, Self)> {
        let mut out = Vec::new();
        self.aws_steps(&mut out);
        if self.now < self.last_tick {
            let mut next = self.clone();
            next.now += 1;
            out.push((("ten minutes pass", 0), next));
        }
        for i in 0..self.in_flight.len() {
            let mut next = self.clone();
            let packet = next.in_flight.remove(i);
            for (_, mut world) in next.receive(packet, rules) {
                world.in_flight.sort_by_key(|p| (p.token, p.signed));
                out.push((("a late packet arrives", packet.send), world));
            }
        }
        if self.cancels_left > 0 {
            self.cancel_step(rules, &mut out);
        }
        for r in 0..self.runners.len() {
            self.runner_steps(r, rules, &mut out);
        }
        out
    }

    fn aws_steps(&self, out: &mut Vec<(Step, Self)>) {
        for (i, task) in self.tasks.iter().enumerate() {
            let ends: &[(u8, &'static str)] = match task.status {
                LIVE => &[(COMPLETED, "task completes"), (FAILED, "task fails")],
                CANCELLING => {
                    &[(COMPLETED, "task completes although cancelled"), (CANCELLED, "task is cancelled")]
                }
                _ => &[],
            };
            for &(status, word) in ends {
                let mut next = self.clone();
                next.tasks[i].status = status;
                out.push(((word, i as u8), next));
            }
        }
    }

    fn cancel_step(&self, rules: &Rules, out: &mut Vec<(Step, Self)>) {
        let mut next = self.clone();
        next.cancels_left -= 1;
        let Ok(mut after) = apply(&self.stored, &Event::CancelAsked, self.clock()) else { return };
        if !rules.cancel_waits && matches!(after.stage, Stage::Submitting { .. }) {
            after.held = Money::ZERO;
            after.stage = Stage::Done(Outcome::Cancelled);
        }
        next.store(after);
        out.push((("a person cancels", 0), next));
    }

    fn store(&mut self, mut after: Job) {
        after.version = self.stored.version + 1;
        self.stored = after;
    }

    /// AWS takes a request: each answer with the world after it.
    fn receive(&self, packet: Packet, rules: &Rules) -> Vec<(Option<Event>, Self)> {
        let age = self.now - packet.signed;
        if age >= 2 {
            return vec![(None, self.clone())];
        }
        let attempt = u32::from(packet.attempt);
        if self.refused.contains(&packet) {
            return vec![(None, self.clone())];
        }
        let memory = |t: &Task| if rules.aws_remembers { self.now - t.born < 2 } else { self.now == t.born };
        if let Some(i) = self.tasks.iter().position(|t| t.token == packet.token && memory(t)) {
            return vec![(Some(Event::Created { attempt, task: arn(i) }), self.clone())];
        }
        let mut created = self.clone();
        created.tasks.push(Task {
            token: packet.token,
            attempt: packet.attempt,
            born: self.now,
            status: LIVE,
        });
        let mut answers =
            vec![(Some(Event::Created { attempt, task: arn(created.tasks.len() - 1) }), created)];
        if self.refusals_left > 0 {
            for deferrable in [false, true] {
                let mut refused = self.clone();
                refused.refusals_left -= 1;
                refused.refused.push(packet);
                let refusal = Refusal { code: "r".into(), message: String::new(), deferrable };
                answers.push((Some(Event::Refused { attempt, send: 0, refusal }), refused));
            }
        }
        answers
    }

    fn runner_steps(&self, r: usize, rules: &Rules, out: &mut Vec<(Step, Self)>) {
        let to = |world: &Self, runner: Runner| {
            let mut next = world.clone();
            next.runners[r] = runner;
            next
        };
        if self.runners[r] != Runner::Idle {
            out.push((("runner: crashes", r as u8), to(self, Runner::Idle)));
        }
        match &self.runners[r] {
            Runner::Idle if !self.stored.is_done() => {
                out.push((("runner: loads", r as u8), to(self, Runner::Loaded(self.stored.clone()))));
            }
            Runner::Idle => {}
            Runner::Loaded(job) => self.act(r, job, rules, out),
            Runner::Sending { job, packet, send } => self.send(r, job, *packet, *send, rules, out),
            Runner::Knows { job, event } => {
                let mut next = to(self, Runner::Idle);
                next.learn(job, event, rules);
                out.push(((event.name(), r as u8), next));
            }
        }
    }

    fn act(&self, r: usize, job: &Job, rules: &Rules, out: &mut Vec<(Step, Self)>) {
        let mut next = self.clone();
        next.runners[r] = Runner::Idle;
        let mut duty = duty(job, &Sight::default(), self.clock());
        let in_doubt = matches!(job.stage, Stage::Submitting { .. });
        if in_doubt && !rules.quiet_period {
            duty = Duty::Prove;
        }
        if in_doubt
            && !rules.resend_window
            && self.now >= 2
            && matches!(duty, Duty::Prove | Duty::Wait { .. })
        {
            duty = Duty::Send;
        }
        match duty {
            Duty::Open if job.attempt <= MAX_ATTEMPTS => {
                let lane = Lane {
                    endpoint: None,
                    account: String::new(),
                    region: String::new(),
                    bucket: String::new(),
                    world: None,
                };
                let sealed =
                    Sealed { token: Token::new("t"), signed_at: self.clock(), lane, body: BlobId::new("b") };
                self.commit_and_send(r, job, &Event::Opened { sealed }, rules, next, out);
            }
            Duty::Send => {
                if matches!(job.stage, Stage::Submitting { sends, .. } if sends < MAX_SENDS) {
                    self.commit_and_send(r, job, &Event::Resending, rules, next, out);
                }
            }
            Duty::Prove => {
                let event = self.search(job, rules);
                next.runners[r] = Runner::Knows { job: job.clone(), event };
                out.push((("runner: searches", r as u8), next));
            }
            Duty::Poll => {
                let Some(task) = job.task() else { return };
                let status = self.tasks[index_of(task)].status;
                if status >= COMPLETED {
                    let event = Event::Seen { task: task.clone(), report: report(status) };
                    next.runners[r] = Runner::Knows { job: job.clone(), event };
                    out.push((("runner: polls", r as u8), next));
                }
            }
            Duty::Cancel => {
                let Some(task) = job.task() else { return };
                let status = &mut next.tasks[index_of(task)].status;
                if *status == LIVE {
                    *status = CANCELLING;
                }
                next.runners[r] = Runner::Knows { job: job.clone(), event: Event::CancelTaken };
                out.push((("runner: cancels", r as u8), next));
            }
            Duty::Fetch => {
                let event = Event::Fetched { result: BlobId::new("r"), metering: Metering::default() };
                next.runners[r] = Runner::Knows { job: job.clone(), event };
                out.push((("runner: fetches", r as u8), next));
            }
            Duty::Wait { .. }
            | Duty::Nothing
            | Duty::Open
            | Duty::Compute
            | Duty::Withdraw { .. }
            | Duty::Reprice { .. } => {
                out.push((("runner: waits", r as u8), next));
            }
        }
    }

    fn commit_and_send(
        &self,
        r: usize,
        job: &Job,
        event: &Event,
        rules: &Rules,
        mut next: Self,
        out: &mut Vec<(Step, Self)>,
    ) {
        let Ok(after) = apply(job, event, self.clock()) else { return };
        let Stage::Submitting { sealed, sends, .. } = &after.stage else { return };
        let send = *sends;
        let attempt = after.attempt as u8;
        let packet = Packet {
            token: if rules.stored_token { attempt } else { attempt * 16 + send as u8 },
            attempt,
            send: send as u8,
            signed: tick_of(sealed.signed_at),
        };
        if next.commit(job, after, rules) {
            next.runners[r] = Runner::Sending { job: next.stored.clone(), packet, send };
        }
        out.push(((event.name(), r as u8), next));
    }

    fn commit(&mut self, before: &Job, after: Job, rules: &Rules) -> bool {
        let fits = before.version == self.stored.version || !rules.compare_version;
        if fits {
            self.store(after);
        }
        fits
    }

    fn send(
        &self,
        r: usize,
        job: &Job,
        packet: Packet,
        send: u32,
        rules: &Rules,
        out: &mut Vec<(Step, Self)>,
    ) {
        let mut idle = self.clone();
        idle.runners[r] = Runner::Idle;
        // A process may sleep between its commit and its send; only a stored time does not age with it.
        let packet = Packet { signed: if rules.stored_time { packet.signed } else { self.now }, ..packet };
        if !rules.keep_hold_in_doubt {
            let mut released = job.clone();
            released.held = Money::ZERO;
            released.stage = Stage::Waiting { not_before: None };
            released.attempt += 1;
            let mut next = idle.clone();
            if next.commit(job, released, rules) {
                for (_, world) in next.receive(packet, rules) {
                    out.push((("runner: times out and releases", r as u8), world));
                }
            }
        }
        out.push((("runner: its packet is lost", r as u8), idle.clone()));
        if self.in_flight.len() < MAX_IN_FLIGHT {
            let mut next = idle.clone();
            next.in_flight.push(packet);
            out.push((("runner: its packet is late", r as u8), next));
        }
        for (answer, world) in idle.receive(packet, rules) {
            out.push((("runner: AWS takes it, the reply is lost", r as u8), world.clone()));
            let Some(mut event) = answer else { continue };
            if let Event::Refused { send: number, .. } = &mut event {
                *number = send;
            }
            let mut next = world;
            next.runners[r] = Runner::Knows { job: job.clone(), event };
            if self.in_flight.len() < MAX_IN_FLIGHT {
                let mut twice = next.clone();
                twice.in_flight.push(packet);
                out.push((("runner: AWS answers, and a copy of the packet is late", r as u8), twice));
            }
            out.push((("runner: AWS answers", r as u8), next));
        }
    }

    fn search(&self, job: &Job, rules: &Rules) -> Event {
        let attempt = job.attempt;
        // The lag is shorter than a tick: what was born before this one shows.
        let shown = |t: &Task| u32::from(t.attempt) == attempt && (t.born < self.now || rules.quiet_period);
        match self.tasks.iter().position(shown) {
            Some(i) => Event::Created { attempt, task: arn(i) },
            None => Event::NotFound { attempt, server_now: self.clock() },
        }
    }

    fn learn(&mut self, job: &Job, event: &Event, rules: &Rules) {
        let mut event = event.clone();
        if let (Event::Refused { send, .. }, false) = (&mut event, rules.first_refusal_only) {
            *send = 1;
        }
        let fresh = self.stored.clone();
        // A named task is never dropped: it is applied to what is stored now.
        let base = if matches!(event, Event::Created { .. }) { &fresh } else { job };
        let base = self.loosened(base, &event, rules);
        match apply(&base, &event, self.clock()) {
            Ok(after) => {
                let _whether = self.commit(&base, after, rules);
            }
            Err(Illegal::Stray(task)) => {
                self.adopted += 1;
                let status = &mut self.tasks[index_of(&task)].status;
                if *status == LIVE {
                    *status = CANCELLING;
                }
            }
            Err(Illegal::Event { .. } | Illegal::Range(_)) => {}
        }
    }

    /// The job as a variant without a rule would take it.
    fn loosened(&self, base: &Job, event: &Event, rules: &Rules) -> Job {
        let mut base = base.clone();
        if let Stage::Submitting { sends, sealed, absent_at, .. } = &mut base.stage {
            if !rules.first_refusal_only && matches!(event, Event::Refused { .. }) {
                *sends = 1;
            }
            if !rules.quiet_period && matches!(event, Event::NotFound { .. }) {
                sealed.signed_at = self.clock().before(TICK * 3);
                *absent_at = Some(self.clock().before(TICK));
            }
        }
        base
    }

    /// A key that is equal exactly for worlds with the same futures.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend([self.now, self.refusals_left, self.cancels_left, self.adopted]);
        encode_job(&self.stored, out);
        for t in &self.tasks {
            out.extend([1, t.token, t.attempt, t.born, t.status]);
        }
        for p in &self.in_flight {
            out.extend([2, p.token, p.attempt, p.send, p.signed]);
        }
        for p in &self.refused {
            out.extend([4, p.token, p.send]);
        }
        let mut runners: Vec<Vec<u8>> = self.runners.iter().map(|r| self.encode_runner(r)).collect();
        // Runners are alike: their order does not matter.
        runners.sort();
        runners.iter().for_each(|r| out.extend(r));
    }

    fn encode_runner(&self, runner: &Runner) -> Vec<u8> {
        let mut out = vec![3];
        let (tag, job) = match runner {
            Runner::Idle => return out,
            Runner::Loaded(job) => (1, job),
            Runner::Sending { job, packet, send } => {
                out.extend([packet.token, packet.attempt, packet.signed, *send as u8]);
                (2, job)
            }
            Runner::Knows { job, event } => {
                encode_event(event, &mut out);
                (3, job)
            }
        };
        // Versions only matter by being the stored one or not.
        out.extend([tag, u8::from(job.version == self.stored.version)]);
        if job.version != self.stored.version {
            encode_job(job, &mut out);
        }
        out
    }
}

fn report(status: u8) -> StatusReport {
    StatusReport {
        status: match status {
            COMPLETED => TaskStatus::Completed,
            FAILED => TaskStatus::Failed,
            _ => TaskStatus::Cancelled,
        },
        queue: None,
        failure: None,
        metering: Metering::default(),
        output: Output { bucket: String::new(), directory: String::new() },
    }
}

fn encode_job(job: &Job, out: &mut Vec<u8>) {
    out.extend([
        job.attempt as u8,
        job.retries_used as u8,
        job.held.nanos() as u8,
        job.settled.nanos() as u8,
        u8::from(job.cancel_asked),
        job.past.len() as u8,
    ]);
    match &job.stage {
        Stage::Waiting { not_before } => out.extend([1, not_before.map_or(0, tick_of)]),
        Stage::Submitting { sealed, sends, absent_at, .. } => {
            out.extend([2, tick_of(sealed.signed_at), *sends as u8, absent_at.map_or(99, tick_of)]);
        }
        Stage::Running { task, cancel_sent, .. } => {
            out.extend([3, index_of(task) as u8, u8::from(*cancel_sent)]);
        }
        Stage::Settling { task, .. } => out.extend([4, index_of(task) as u8]),
        Stage::Done(outcome) => out.extend([
            5,
            match outcome {
                Outcome::Completed { .. } => 1,
                Outcome::Failed { .. } => 2,
                Outcome::Cancelled => 3,
                Outcome::Refused(_) => 4,
                Outcome::OverBudget { .. } => 5,
                Outcome::Absent => 6,
                Outcome::Withdrawn { .. } => 7,
            },
        ]),
    }
}

fn encode_event(event: &Event, out: &mut Vec<u8>) {
    out.extend(event.name().bytes().take(4));
    match event {
        Event::Created { attempt, task } => out.extend([*attempt as u8, index_of(task) as u8]),
        Event::Refused { attempt, send, refusal } => {
            out.extend([*attempt as u8, *send as u8, u8::from(refusal.deferrable)]);
        }
        Event::NotFound { attempt, server_now } => out.extend([*attempt as u8, tick_of(*server_now)]),
        Event::Seen { task, report } => {
            out.extend([index_of(task) as u8, u8::from(report.status == TaskStatus::Completed)]);
            out.push(u8::from(report.status == TaskStatus::Failed));
        }
        _ => {}
    }
}
