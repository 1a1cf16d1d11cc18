//! The state of the stand-in, and the one function that moves it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shotbook_sim::target::{Catalogue, DeviceState};

use crate::braket::{self, Job, Limit, Past, Task, tasks};
use crate::faults::{Fault, Faults, Kind};
use crate::http::{Delivery, Request, Response, decode};
use crate::meter::{self, Meter};
use crate::policy::Policy;
use crate::rates::Rates;
use crate::route::operation;
use crate::run::{Done, Outcome, Work, Worker, part, parts};
use crate::s3::{Objects, Store};
use crate::time::{Now, http_date, iso};
use crate::{access, neighbours, offers, page, sts};

/// When a task moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Completed the first time it is asked for.
    FirstAsked,
    /// Completed so long after its creation. Units: milliseconds of the world's clock.
    After(u64),
}

/// What a world is like.
#[derive(Clone, Debug)]
pub struct Config {
    /// Seed of results and names.
    pub seed: u64,
    /// Account of callers whose access key is not one.
    pub account: String,
    /// When tasks move on.
    pub advance: Advance,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How much faster than the wall the world's clock runs; 0 stands still until it is moved.
    pub clock_rate: u32,
    /// Whether the published quotas hold: tasks and jobs at once, requests a second.
    pub quotas: bool,
    /// Whether signatures are checked, their age included.
    pub verify_signatures: bool,
    /// What callers may do; everything when there is none.
    pub policy: Option<Policy>,
    /// Whether QPUs make the mistakes that their published fidelities tell of.
    pub noise: bool,
    /// Whether QPUs work inside their published windows alone.
    pub windows: bool,
    /// Whether results of program sets come in many files.
    pub split_results: bool,
    /// Whether scripts of hybrid jobs are left to processes, see [`crate::Listen`].
    pub run_jobs: bool,
    /// States of devices, other than the catalogue's. Names as in the catalogue, or ARNs.
    pub devices: Vec<(String, DeviceState)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            account: "123456789012".to_owned(),
            advance: Advance::FirstAsked,
            faults: Vec::new(),
            clock_rate: 1,
            quotas: false,
            verify_signatures: false,
            policy: None,
            noise: false,
            windows: false,
            split_results: false,
            run_jobs: false,
            devices: Vec::new(),
        }
    }
}

/// Everything there is.
pub struct World {
    pub(crate) config: Config,
    pub(crate) id: String,
    pub(crate) tasks: Vec<Task>,
    pub(crate) by_arn: HashMap<String, usize>,
    pub(crate) by_token: HashMap<(String, String), usize>,
    pub(crate) jobs: BTreeMap<String, Job>,
    pub(crate) limits: BTreeMap<String, Limit>,
    pub(crate) device_states: BTreeMap<String, DeviceState>,
    pub(crate) objects: Objects,
    pub(crate) meter: Meter,
    /// Jobs whose scripts wait for a process.
    pub(crate) scripts: VecDeque<String>,
    pub(crate) log_queries: VecDeque<crate::logs::Query>,
    counter: u64,
    epoch: u64,
    faults: Faults,
    rates: Rates,
    /// Tasks that ended since somebody asked.
    ended: Vec<usize>,
    /// While a past is lived again: the tasks that end with the request at hand.
    only: Option<Vec<usize>>,
    /// Tasks to simulate elsewhere, quick and large ones; `None` simulates when asked.
    queues: Option<[VecDeque<usize>; 2]>,
    /// Tasks of a past that were handed out again.
    recalled: HashSet<usize>,
}

/// What it takes to live through a request again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// How many names were drawn before it.
    pub counter: u64,
    /// The fault that met it.
    pub fault: Option<Fault>,
    /// Tasks that ended with it.
    pub ended: Vec<usize>,
    /// What came of each of them; absent in files of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pasts: Vec<Option<Past>>,
}

/// Whether an operation that succeeds changes anything by itself.
fn writes(request: &Request, operation: &str) -> bool {
    !matches!(request.method.as_str(), "GET" | "HEAD")
        && !operation.starts_with("Search")
        && !matches!(operation, "GetCallerIdentity" | "ListRoles" | "Logs" | "Ecr" | "Pricing")
}

/// A file of a task's result.
fn rendered(tasks: &[Task], (split, seed): (bool, u64), at: usize, name: &str) -> Option<Vec<u8>> {
    let task = tasks.get(at)?;
    let outcome = match task.outcome.get() {
        None if task.is_remembered() => task.outcome.get_or_init(|| work_of(task, at, 0, seed).run().outcome),
        given => given?,
    };
    let Outcome::Ran { programs, .. } = outcome else { return None };
    part(&task.action, programs, &task.facts(split), name).map(String::into_bytes)
}

/// What it takes to simulate a task; its seed is drawn from the world's and its place.
fn work_of(task: &Task, at: usize, epoch: u64, seed: u64) -> Work {
    Work {
        task: at,
        epoch,
        action: Arc::clone(&task.action),
        shots: task.shots,
        seed: tasks::seed(seed, at),
        stop: Arc::clone(&task.stop),
    }
}

/// Who asks, and where.
pub(crate) struct Caller {
    pub account: String,
    pub region: String,
    pub request_id: String,
}

impl Caller {
    /// What the names of all their own things begin with.
    pub(crate) fn prefix(&self, kind: &str) -> String {
        format!("arn:aws:braket:{}:{}:{kind}", self.region, self.account)
    }
}

impl World {
    /// A fresh world; `id` names it in every reply.
    pub fn new(config: Config, id: impl Into<String>) -> Self {
        let faults = Faults::new(config.faults.clone());
        let mut world = Self {
            id: id.into(),
            tasks: Vec::new(),
            by_arn: HashMap::new(),
            by_token: HashMap::new(),
            jobs: BTreeMap::new(),
            limits: BTreeMap::new(),
            device_states: BTreeMap::new(),
            objects: Objects::default(),
            meter: Meter::default(),
            scripts: VecDeque::new(),
            log_queries: VecDeque::new(),
            counter: 0,
            epoch: 0,
            faults,
            rates: Rates::default(),
            ended: Vec::new(),
            only: None,
            queues: None,
            recalled: HashSet::new(),
            config,
        };
        for (name, state) in world.config.devices.clone() {
            let _unknown_is_refused_by_the_caller = world.set_device(&name, state);
        }
        world
    }

    /// Forgets everything but its name and how it was set up.
    pub fn reset(&mut self) {
        self.stop_all();
        let epoch = self.epoch + 1;
        let queues = self.queues.is_some();
        *self = Self::new(self.config.clone(), self.id.clone());
        self.epoch = epoch;
        self.queues = queues.then(Default::default);
    }

    /// Sets the state of a device by name or ARN; whether there is such a device.
    pub fn set_device(&mut self, name: &str, state: DeviceState) -> bool {
        let mut known = Catalogue::embedded().devices().iter().filter(|d| !d.is_local());
        let found = known.find(|d| d.arn == name || d.name == name || d.device_name == name);
        if let Some(device) = found {
            self.device_states.insert(device.arn.clone(), state);
        }
        found.is_some()
    }

    /// Leaves simulation to others, who take it with [`Self::work`].
    pub(crate) fn share_work(&mut self) {
        let mut queues: [VecDeque<usize>; 2] = Default::default();
        for (index, task) in self.tasks.iter().enumerate().filter(|(_, t)| !t.is_over()) {
            queues[usize::from(!task.action.is_quick(task.shots))].push_back(index);
        }
        self.queues = Some(queues);
    }

    /// Which life it lives: each reset begins another one.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened so far.
    pub fn meter(&self) -> Meter {
        self.meter
    }

    /// Arms a fault.
    pub fn arm(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Disarms all faults.
    pub fn disarm(&mut self) {
        self.faults = Faults::default();
    }

    /// The state as one document.
    pub fn state(&self) -> Value {
        let tasks: Vec<Value> = self
            .tasks
            .iter()
            .map(|t| {
                json!({"arn": t.arn, "status": t.status, "shots": t.shots, "device": t.device,
                    "cost": meter::dollars(t.charge)})
            })
            .collect();
        let jobs: Vec<Value> =
            self.jobs.iter().map(|(arn, j)| json!({"arn": arn, "status": j.status})).collect();
        json!({"schema": "shotbook.mock/1", "world": self.id, "tasks": tasks, "jobs": jobs,
            "spendingLimits": self.limits.len(), "objects": self.objects.names(),
            "meter": self.meter.json(), "faults": self.faults.names()})
    }

    /// Answers a request. The only way anything changes.
    pub fn handle(&mut self, now: Now, request: &Request) -> (Response, Delivery) {
        let (response, delivery, _) = self.handle_noting(now, request);
        (response, delivery)
    }

    /// The same, with what it takes to live through it again when it changed anything.
    pub(crate) fn handle_noting(
        &mut self,
        now: Now,
        request: &Request,
    ) -> (Response, Delivery, Option<Note>) {
        let counter = self.counter;
        self.ended.clear();
        let caller = self.caller(request);
        let operation = operation(request);
        let draw = self.draw("fault")[0];
        let fault = self.faults.meets(operation.trim_start_matches("S3."), request, draw);
        let mut changed = false;
        let (response, delivery) = match fault.as_ref().and_then(|f| f.instead(operation)) {
            Some(instead) => instead,
            None => {
                let mut response = self.serve(now, request, operation, &caller, fault.as_ref());
                changed = response.status < 300 && writes(request, operation) || !self.ended.is_empty();
                if fault.as_ref().is_some_and(|f| f.kind == Kind::Duplicate) {
                    response = self.serve(now, request, operation, &caller, fault.as_ref());
                }
                match &fault {
                    Some(fault) => fault.after(operation, response),
                    None => (response, Delivery::default()),
                }
            }
        };
        let note = changed.then(|| {
            let pasts = self.ended.iter().map(|&i| self.tasks[i].to_remember()).collect();
            Note { counter, fault: fault.clone(), ended: self.ended.clone(), pasts }
        });
        let skew = fault.filter(|f| f.kind == Kind::ClockSkew).map_or(0, |f| f.delay_ms);
        let date = now.wall_ms.saturating_add(i64::try_from(skew).unwrap_or(i64::MAX));
        let response = response
            .with("x-shotbook-world", self.id.clone())
            .with("x-amzn-requestid", caller.request_id)
            .with("date", http_date(date));
        (response, delivery, note)
    }

    /// Lives through a noted request again: the same names, the same ends.
    pub(crate) fn live_again(&mut self, now: Now, request: &Request, note: Note) {
        self.counter = note.counter;
        for (&index, past) in note.ended.iter().zip(note.pasts) {
            match (self.tasks.get_mut(index), past) {
                (Some(task), Some(Past::Failed(why))) => {
                    let _once = task.outcome.set(Outcome::Failed(why));
                }
                (Some(task), past) => task.past = past,
                (None, _) => {}
            }
        }
        self.only = Some(note.ended);
        let caller = self.caller(request);
        let operation = operation(request);
        let _fault_draw = self.draw("fault");
        let twice = note.fault.as_ref().is_some_and(|f| f.kind == Kind::Duplicate);
        for _ in 0..1 + usize::from(twice) {
            let _answered_long_ago = self.carry_out(now, request, operation, &caller, note.fault.as_ref());
        }
        self.only = None;
    }

    /// Whether a task may end with the request at hand.
    pub(crate) fn may_end(&self, index: usize) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&index))
    }

    fn serve(
        &mut self,
        now: Now,
        request: &Request,
        operation: &'static str,
        caller: &Caller,
        fault: Option<&Fault>,
    ) -> Response {
        if let Some(refusal) = access::refusal(request, operation, now, &self.config, caller) {
            return refusal;
        }
        let counted = self.config.quotas && braket::is_operation(operation);
        if counted && !self.rates.takes(&caller.account, &caller.region, operation, now) {
            return braket::error(429, "ThrottlingException", "Rate exceeded");
        }
        self.carry_out(now, request, operation, caller, fault)
    }

    fn carry_out(
        &mut self,
        now: Now,
        request: &Request,
        operation: &'static str,
        caller: &Caller,
        fault: Option<&Fault>,
    ) -> Response {
        let dearer = fault.is_some_and(|f| f.kind == Kind::PriceChange);
        match operation {
            "Page" => page::html(self, now),
            "Invoice" => page::invoice(self),
            "Offers" => offers::csv(dearer),
            "Calibrations" => braket::calibrations(request.path()),
            "Pricing" => offers::query(request, dearer),
            "OffersJson" => offers::json(dearer),
            "State" => {
                let mut state = self.state();
                state["time"] = json!(iso(now.world_ms));
                Response::json(200, &state)
            }
            "GetCallerIdentity" => {
                let key = request.scope().map(|(key, ..)| key).unwrap_or_default();
                sts::handle(request, (&caller.account, &key, access::SECRET), &caller.request_id, now)
            }
            "ListRoles" | "Logs" | "Ecr" => neighbours::handle(self, request, operation, caller, now),
            _ if operation.starts_with("S3.") => self.store(now, request, &operation[3..], caller),
            _ => braket::handle(self, now, request, caller, fault),
        }
    }

    /// The bytes of an object.
    pub(crate) fn object(&self, bucket: &str, key: &str, now: Now) -> Option<Vec<u8>> {
        let (tasks, how) = (&self.tasks, (self.config.split_results, self.config.seed));
        let render = |task: usize, name: &str| rendered(tasks, how, task, name);
        self.objects.bytes(bucket, key, &Store { region: "", now, again: false, render: &render })
    }

    fn store(&mut self, now: Now, request: &Request, operation: &'static str, caller: &Caller) -> Response {
        let (tasks, how) = (&self.tasks, (self.config.split_results, self.config.seed));
        let render = |task: usize, name: &str| rendered(tasks, how, task, name);
        let store = Store { region: &caller.region, now, again: self.only.is_some(), render: &render };
        self.objects.handle(request, operation, &store)
    }

    /// A digest of seed and counter: names without randomness of their own.
    pub(crate) fn draw(&mut self, what: &str) -> [u8; 16] {
        self.counter += 1;
        let digest = Sha256::digest(format!("{}|{}|{what}|{}", self.config.seed, self.id, self.counter));
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        out
    }

    pub(crate) fn uuid(&mut self, what: &str) -> String {
        let d: String = self.draw(what).iter().map(|b| format!("{b:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..])
    }

    fn caller(&mut self, request: &Request) -> Caller {
        let (key, region, _) = request.scope().unwrap_or_default();
        let is_account = key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit());
        let account = if is_account { key } else { self.config.account.clone() };
        let region = if region.is_empty() { "us-east-1".to_owned() } else { region };
        Caller { account, region, request_id: self.uuid("request") }
    }

    /// Takes a new task in.
    pub(crate) fn admit(&mut self, task: Task, key: (String, String)) {
        let index = self.tasks.len();
        self.by_arn.insert(task.arn.clone(), index);
        self.by_token.insert(key, index);
        self.meter.creates += 1;
        if let Some(queues) = &mut self.queues {
            queues[usize::from(!task.action.is_quick(task.shots))].push_back(index);
        }
        self.tasks.push(task);
    }

    /// Whether the results that a request reads are there; those that a past alone remembers are
    /// handed to the threads, once, before new work: somebody waits for them.
    pub(crate) fn recalls(&mut self, request: &Request) -> bool {
        let Some(queues) = self.queues.as_mut().filter(|_| operation(request).starts_with("S3.")) else {
            return true;
        };
        let mut there = true;
        for index in self.objects.results(request) {
            let Some(task) = self.tasks.get(index).filter(|t| t.is_remembered()) else { continue };
            there = false;
            if self.recalled.insert(index) {
                queues[usize::from(!task.action.is_quick(task.shots))].push_front(index);
            }
        }
        there
    }

    /// The next simulation that a thread may take.
    pub(crate) fn work(&mut self, worker: Worker) -> Option<Work> {
        loop {
            let [quick, large] = self.queues.as_mut()?;
            let next =
                quick.pop_front().or_else(|| (worker == Worker::Any).then(|| large.pop_front()).flatten());
            let index = next?;
            let task = &self.tasks[index];
            if (!task.is_over() || task.past.is_some()) && task.outcome.get().is_none() {
                return Some(work_of(task, index, self.epoch, self.config.seed));
            }
        }
    }

    /// Takes a simulation's outcome in; one that was stopped or belongs to a forgotten world is dropped.
    pub(crate) fn finish(&mut self, done: Done) {
        if done.epoch == self.epoch
            && let Some(task) = self.tasks.get_mut(done.task)
            && !task.stop.load(std::sync::atomic::Ordering::Relaxed)
        {
            let _once = task.outcome.set(done.outcome);
        }
    }

    /// Stops every simulation that runs.
    pub(crate) fn stop_all(&self) {
        let tasks = self.tasks.iter().map(|t| &t.stop);
        let jobs: Vec<_> = self.jobs.values().map(braket::Job::stop_flag).collect();
        for stop in tasks.chain(&jobs) {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Simulates now, unless threads do it.
    pub(crate) fn simulate_here(&mut self, index: usize) {
        let task = &self.tasks[index];
        if self.queues.is_none() && task.outcome.get().is_none() && task.past.is_none() {
            let done = work_of(task, index, self.epoch, self.config.seed).run();
            self.finish(done);
        }
    }

    /// Whether a request asks for a task that waits for its simulation alone, and whether that is quick.
    pub(crate) fn awaits(&self, now: Now, request: &Request) -> Option<bool> {
        let subject = request.path().strip_prefix("/quantum-task/").filter(|_| request.method == "GET")?;
        let task = self.tasks.get(*self.by_arn.get(&decode(subject))?)?;
        let fated = matches!(task.fate, Some(Kind::Stuck | Kind::FailTask));
        let waits = task.outcome.get().is_none()
            && !task.is_over()
            && !fated
            && task.status != "CANCELLING"
            && tasks::is_due(self, task, now);
        waits.then(|| task.action.is_quick(task.shots))
    }

    /// Whether the device of a task works now.
    pub(crate) fn is_open(&self, task: &Task, now: Now) -> bool {
        if !self.config.windows {
            return true;
        }
        let device = Catalogue::embedded().devices().iter().find(|d| d.arn == task.device);
        let days = now.world_ms.div_euclid(86_400_000);
        // The epoch began on a Thursday.
        let weekday = (days + 3).rem_euclid(7) as u8;
        let second = (now.world_ms.rem_euclid(86_400_000) / 1000) as u32;
        device.is_none_or(|d| d.windows.is_empty() || d.opens_in_s(weekday, second) == Some(0))
    }

    /// Ends a task: files, bill and the columns of a spending limit.
    pub(crate) fn end(&mut self, index: usize, now: Now, status: &'static str, failure: Option<String>) {
        let split = self.config.split_results;
        self.ended.push(index);
        let task = &mut self.tasks[index];
        (task.status, task.failure, task.ended_ms) = (status, failure, Some(now.world_ms));
        let all_failed = status == "COMPLETED" && task.successful_shots() == 0 && task.shots > 0;
        if all_failed {
            task.status = "FAILED";
            task.failure = Some("All executables failed.".to_owned());
        }
        if status == "COMPLETED" {
            for name in parts(&task.action, &task.facts(split)) {
                if task.fate != Some(Kind::ResultMissing) {
                    let key = format!("{}/{name}", task.directory);
                    let late = if task.fate == Some(Kind::ResultLate) { task.fate_ms } else { 0 };
                    let from_ms = now.world_ms.saturating_add(late);
                    self.objects.put_result(&task.bucket, &key, index, &name, from_ms, task.fate);
                }
            }
            if !task.is_reserved() && !all_failed {
                task.charge = meter::charge(&task.device, task.successful_shots(), task.duration_ms());
                if task.fate == Some(Kind::PriceChange) {
                    task.charge *= 2;
                }
                self.meter.cost_nano_usd += task.charge;
            }
        } else {
            task.outcome = OnceLock::new();
        }
        if let Some((arn, estimate)) = &task.limit
            && let Some(limit) = self.limits.get_mut(arn)
        {
            limit.settle(*estimate, task.charge);
        }
    }
}
