//! Everything that a seed drives: time, chance, the network, its faults, and the stand-in behind it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use shotbook_mocks::faults::{Fault, Kind};
use shotbook_mocks::{Advance, Config, Now, Request, Response, World};

use super::auditor::Auditor;
use crate::backend::braket::in_process::Wire;
use crate::runner::Clock;
use crate::time::Timestamp;

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
/// How long AWS takes a signature. Source: the longer text of assumption A2.
const SIGNATURE_LIVES: i64 = 15 * MINUTE;
/// How long AWS remembers a token: as long as any signature may live (A1), both ways.
const TOKEN_LIVES: i64 = 30 * MINUTE;
/// How long a caller waits for a reply.
const PATIENCE: i64 = 30 * SECOND;

/// Every kind of fault; a run in which one never happened proves nothing.
pub const FAULTS: &[&str] = &[
    "request lost",
    "reply lost",
    "duplicate",
    "late copy",
    "late copy refused",
    "error before",
    "error after",
    "garbage",
    "middlebox",
    "redirect",
    "throttle",
    "credentials expired",
    "outage",
    "device offline",
    "not there yet",
    "search lag",
    "token forgotten",
    "task failed",
    "partial",
    "cancel loses",
    "stuck",
    "result missing",
    "result cut",
    "result malformed",
    "crash at a call",
    "crash before a commit",
    "crash after a commit",
    "frozen",
    "clock jump",
    "cancel asked",
    "second runner",
];

/// What may become of any request.
const ANY: [(&str, Kind); 8] = [
    ("reply lost", Kind::LostReply),
    ("duplicate", Kind::Duplicate),
    ("error before", Kind::ErrorBefore),
    ("error after", Kind::ErrorAfter),
    ("garbage", Kind::Garbage),
    ("redirect", Kind::Redirect),
    ("throttle", Kind::Throttle),
    ("not there yet", Kind::NotFound),
];

/// What may become of the task that a create makes.
const FATES: [(&str, Kind); 8] = [
    ("device offline", Kind::Offline),
    ("task failed", Kind::FailTask),
    ("partial", Kind::Partial),
    ("cancel loses", Kind::CancelLoses),
    ("stuck", Kind::Stuck),
    ("result missing", Kind::ResultMissing),
    ("result cut", Kind::ResultCut),
    ("result malformed", Kind::ResultMalformed),
];

/// Chance from one seed. Source: splitmix64, public domain.
pub struct Chance(Cell<u64>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03))
    }

    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn between(&self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low) as u64) as i64
    }

    pub fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn hits(&self, probability: f64) -> bool {
        self.fraction() < probability
    }
}

/// What all processes of one seed share.
pub struct Sim {
    pub now: Cell<i64>,
    /// When the future that was polled last wants to be polled again.
    pub wake: Cell<i64>,
    pub chance: Chance,
    pub world: RefCell<World>,
    pub auditor: RefCell<Auditor>,
    pub faulty: Cell<bool>,
    intensity: f64,
    /// Spans in which nothing is reached, and in which nothing is allowed.
    outage: (i64, i64),
    expired: (i64, i64),
    /// Copies under way: when they arrive, and what they are.
    pub copies: RefCell<Vec<(i64, Request)>>,
    /// When each token was first taken.
    tokens: RefCell<BTreeMap<String, i64>>,
    pub counts: RefCell<BTreeMap<&'static str, u64>>,
    trace: Cell<u64>,
}

/// What the seed drew for one request.
enum Draw {
    Clean,
    Lost,
    Instead(Response),
    World(&'static str, Fault),
    LateCopy(i64),
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        let chance = Chance::new(seed);
        let start = 1_790_000_000 * SECOND;
        let advance = match chance.next() % 3 {
            0 => Advance::FirstAsked,
            _ => Advance::After(chance.between(1_000, 600_000) as u64),
        };
        let config = Config { seed, advance, ..Config::default() };
        let span = |length: i64| {
            let from = start + chance.between(0, 40 * MINUTE);
            (from, from + chance.between(SECOND, length))
        };
        let (outage, expired) = (span(25 * MINUTE), span(10 * MINUTE));
        Self {
            now: Cell::new(start),
            wake: Cell::new(start),
            world: RefCell::new(World::new(config, "w_simulated")),
            auditor: RefCell::default(),
            faulty: Cell::new(true),
            intensity: 0.02 + 0.33 * chance.fraction(),
            outage,
            expired,
            copies: RefCell::default(),
            tokens: RefCell::default(),
            counts: RefCell::default(),
            trace: Cell::new(0xCBF2_9CE4_8422_2325),
            chance,
        }
    }

    /// An event of the run: part of what two runs of a seed must share.
    pub fn note(&self, what: &str, more: &[u8]) {
        let mut hash = self.trace.get();
        for byte in self.now.get().to_le_bytes().iter().chain(what.as_bytes()).chain(more) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3);
        }
        self.trace.set(hash);
        if crate::testing::seed_asked().is_some() {
            tracing::trace!("{what}");
            self.auditor
                .borrow_mut()
                .story
                .push(format!("{} {what}", Timestamp::from_micros(self.now.get())));
        }
    }

    pub fn trace(&self) -> u64 {
        self.trace.get()
    }

    pub fn count(&self, fault: &'static str) {
        debug_assert!(FAULTS.contains(&fault), "{fault} is not in the list");
        *self.counts.borrow_mut().entry(fault).or_default() += 1;
        self.note(fault, b"");
    }

    pub fn hits(&self, probability: f64) -> bool {
        self.faulty.get() && self.chance.hits(probability)
    }

    pub fn pause(&self, micros: i64) -> Pause<'_> {
        Pause { sim: self, until: self.now.get() + micros.max(1) }
    }

    fn draw(&self, request: &Request) -> Draw {
        let now = self.now.get();
        if !self.faulty.get() {
            return Draw::Clean;
        }
        let within = |(from, to): (i64, i64)| (from..to).contains(&now);
        if within(self.outage) {
            self.count("outage");
            return Draw::Lost;
        }
        if within(self.expired) {
            let fault = Fault::new(Kind::Expired, "*", 1, 1);
            return Draw::World("credentials expired", fault);
        }
        let create = is_create(request);
        if create && self.chance.hits(0.25) {
            let (name, kind) = FATES[self.chance.next() as usize % FATES.len()];
            return Draw::World(name, Fault::new(kind, "*", 1, 1));
        }
        if !self.chance.hits(self.intensity) {
            return Draw::Clean;
        }
        let pick = self.chance.next() as usize;
        match self.chance.next() % if create { 5 } else { 4 } {
            0 => {
                self.count("request lost");
                Draw::Lost
            }
            1 => {
                self.count("middlebox");
                Draw::Instead(middlebox(pick, now))
            }
            2 if request.target == "/quantum-tasks" => {
                let delay_ms = self.chance.between(1_000, 300_000) as u64;
                let fault = Fault { delay_ms, ..Fault::new(Kind::SearchLag, "*", 1, 1) };
                Draw::World("search lag", fault)
            }
            4 => Draw::LateCopy(self.chance.between(SECOND, 45 * MINUTE)),
            _ => {
                let (name, kind) = ANY[pick % ANY.len()];
                Draw::World(name, Fault::new(kind, "*", 1, 1))
            }
        }
    }

    /// A request reaches the service; what it answers, or nothing.
    pub fn deliver(&self, request: &Request, fault: Option<Fault>) -> Option<Response> {
        let now = self.now.get();
        self.note(&format!("{} {}", request.method, request.target), &request.body);
        let signed = request.header("x-amz-date").map_or(0, signed_at);
        let taken = self.tokens.borrow().get(&token_of(request)).copied();
        let forgotten = is_create(request) && taken.is_some_and(|at| now - at > TOKEN_LIVES);
        if forgotten {
            self.count("token forgotten");
        }
        if (now - signed).abs() > SIGNATURE_LIVES {
            let body = br#"{"message":"Signature expired"}"#.to_vec();
            let headers = vec![
                ("x-amzn-errortype".to_owned(), "InvalidSignatureException".to_owned()),
                ("x-amzn-requestid".to_owned(), "r".to_owned()),
            ];
            return Some(Response { status: 403, headers, body });
        }
        let mut world = self.world.borrow_mut();
        let mut lost_in_reply = false;
        if let Some(fault) = fault {
            lost_in_reply = fault.kind == Kind::LostReply;
            world.arm(fault);
        }
        if forgotten {
            world.arm(Fault::new(Kind::ForgetTokens, "*", 1, 1));
        }
        let creates = world.meter().creates;
        let (response, delivery) = world.handle(Now::at(now / 1000), request);
        world.disarm();
        if world.meter().creates > creates {
            self.tokens.borrow_mut().insert(token_of(request), now);
        }
        drop(world);
        self.note(&format!("answered {}", response.status), &response.body);
        self.auditor.borrow_mut().saw(request, &response);
        (!delivery.reset && !lost_in_reply).then_some(response)
    }
}

fn is_create(request: &Request) -> bool {
    request.method == "POST" && request.target == "/quantum-task"
}

fn token_of(request: &Request) -> String {
    let text = String::from_utf8_lossy(&request.body);
    let rest = text.split_once("\"clientToken\":\"").map_or("", |(_, rest)| rest);
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn signed_at(date: &str) -> i64 {
    let d = date;
    let text = format!("{}-{}-{}T{}:{}:{}Z", &d[..4], &d[4..6], &d[6..8], &d[9..11], &d[11..13], &d[13..15]);
    text.parse().map_or(0, Timestamp::micros)
}

/// What a proxy or a captive portal answers in AWS's place.
fn middlebox(pick: usize, now: i64) -> Response {
    let status = [200, 302, 400, 403, 404, 407, 503][pick % 7];
    let date = shotbook_mocks::http_date(now / 1000);
    let headers = vec![("content-type".to_owned(), "text/html".to_owned()), ("date".to_owned(), date)];
    Response { status, headers, body: b"<html>please log in</html>".to_vec() }
}

/// The network as one process sees it.
pub struct Network<'s> {
    pub sim: &'s Sim,
    pub clock: &'s ProcessClock<'s>,
}

impl Wire for Network<'_> {
    async fn exchange(&self, request: Request) -> Option<Response> {
        let sim = self.sim;
        let draw = sim.draw(&request);
        sim.pause(sim.chance.between(5_000, 400_000)).await;
        let reply = match draw {
            Draw::Clean => sim.deliver(&request, None),
            Draw::Lost => None,
            Draw::Instead(response) => Some(response),
            Draw::World(name, fault) => {
                sim.count(name);
                sim.deliver(&request, Some(fault))
            }
            Draw::LateCopy(by) => {
                sim.count("late copy");
                let at = sim.now.get() + by;
                sim.copies.borrow_mut().push((at, request.clone()));
                if sim.chance.hits(0.5) { sim.deliver(&request, None) } else { None }
            }
        };
        sim.pause(if reply.is_some() { sim.chance.between(5_000, 400_000) } else { PATIENCE }).await;
        reply
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The wall clock of one process, which may be wrong and may jump.
pub struct ProcessClock<'s> {
    pub sim: &'s Sim,
    pub ahead: Cell<i64>,
}

impl Clock for ProcessClock<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.sim.now.get() + self.ahead.get())
    }

    fn ticks(&self) -> Duration {
        Duration::from_micros(self.sim.now.get().unsigned_abs())
    }

    fn chance(&self) -> f64 {
        self.sim.chance.fraction()
    }

    async fn sleep(&self, how_long: Duration) {
        self.sim.pause(how_long.as_micros() as i64).await;
    }
}

/// Ready once virtual time has come.
pub struct Pause<'s> {
    sim: &'s Sim,
    until: i64,
}

impl Future for Pause<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.sim.now.get() >= self.until {
            return Poll::Ready(());
        }
        self.sim.wake.set(self.until);
        Poll::Pending
    }
}
