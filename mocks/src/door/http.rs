//! A small HTTP listener around a world, on a thread of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, oneshot};

use super::body::Parts;
use super::clock::Clock;
use super::keep::Keep;
use super::replay::Recording;
use super::{control, guard, keep, scripts};
use crate::faults;
use crate::http::{Delivery, Request, Response};
use crate::meter::Meter;
use crate::run::Worker;
use crate::time::Now;
use crate::world::{Config, World};

/// Limits of everything that arrives. Source: the reliability contract, section 7.
const BODY_BYTES: usize = 10 << 20;
/// Objects come in larger bodies.
const OBJECT_BYTES: usize = 64 << 20;
const HEADER_BYTES: usize = 16 << 10;
const HEADER_TIME: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 2_048;
const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a request waits for a simulation before it hears RUNNING.
const QUICK_WAIT: Duration = Duration::from_secs(2);
const LARGE_WAIT: Duration = Duration::from_millis(50);
/// How long it waits for a result of a past; clients ask again after that.
const RECALL_WAIT: Duration = Duration::from_secs(20);

/// How a stand-in listens.
#[derive(Debug, Default)]
pub struct Listen {
    /// What writes below `/_shotbook/` must present.
    pub token: String,
    /// Host names beside those of this machine.
    pub hosts: Vec<String>,
    /// File that takes each call as a line of JSON.
    pub record: Option<std::fs::File>,
    /// Folder that keeps the world from one process to the next.
    pub data: Option<std::path::PathBuf>,
    /// Answers that are given in place of a world's.
    pub replay: Option<Recording>,
    /// The Python that runs scripts of hybrid jobs.
    pub python: Option<String>,
}

/// A running stand-in; stops when dropped.
pub struct Server {
    address: SocketAddr,
    token: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) token: String,
    hosts: Vec<String>,
    clock: Mutex<Clock>,
    pub(super) record: Option<Mutex<std::fs::File>>,
    pub(super) keep: Option<Keep>,
    replay: Option<Recording>,
    /// Told when work arrives, and when the stand-in ends.
    pub(super) work: Condvar,
    /// Told when a simulation ends.
    done: Notify,
    pub(super) ending: AtomicBool,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> Now {
        let wall_ms = jiff::Timestamp::now().as_millisecond();
        self.clock().now(wall_ms)
    }

    /// Simulates until the stand-in ends.
    fn simulate(&self, worker: Worker) {
        let mut world = self.world();
        while !self.ending.load(Ordering::Relaxed) {
            match world.work(worker) {
                Some(work) => {
                    drop(world);
                    let done = work.run();
                    world = self.world();
                    world.finish(done);
                    self.done.notify_waiters();
                }
                None => world = self.work.wait(world).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Waits for results of a past that a request reads: they are simulated while others are answered.
    async fn recall(&self, request: &Request) -> Result<(), Response> {
        let began = tokio::time::Instant::now();
        loop {
            let told = self.done.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if self.world().recalls(request) {
                return Ok(());
            }
            self.work.notify_all();
            if tokio::time::timeout_at(began + RECALL_WAIT, told).await.is_err() {
                let message = "This result is computed again; ask once more.";
                return Err(crate::access::error_of("S3.", 503, "SlowDown", message));
            }
        }
    }

    /// Waits a little for a simulation that a request asks for, longer for one that is quick.
    async fn settle(&self, request: &Request) {
        let began = tokio::time::Instant::now();
        loop {
            let told = self.done.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            let now = self.now();
            let Some(quick) = self.world().awaits(now, request) else { return };
            let most = if quick { QUICK_WAIT } else { LARGE_WAIT };
            if tokio::time::timeout_at(began + most, told).await.is_err() {
                return;
            }
        }
    }
}

/// Starts a stand-in on an address; port 0 takes a free one.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(address: SocketAddr, config: Config, world_id: &str, token: &str) -> std::io::Result<Server> {
    serve_with(address, config, world_id, Listen { token: token.to_owned(), ..Listen::default() })
}

/// The same with more to choose.
///
/// # Errors
/// When the address cannot be listened on, or the folder cannot be used.
pub fn serve_with(
    address: SocketAddr,
    config: Config,
    world_id: &str,
    listen: Listen,
) -> std::io::Result<Server> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let wall_ms = jiff::Timestamp::now().as_millisecond();
    let rate = config.clock_rate;
    let config = Config { run_jobs: listen.python.is_some(), ..config };
    let (mut world, last, keep) = match &listen.data {
        Some(folder) => {
            let (world, last, keep) = keep::open(folder, config, world_id)?;
            (world, last, Some(keep))
        }
        None => (World::new(config, world_id), None, None),
    };
    let clock = last.map_or_else(|| Clock::new(wall_ms, rate), |last| Clock::resume(wall_ms, rate, last));
    world.share_work();
    let shared = Arc::new(Shared {
        world: Mutex::new(world),
        token: listen.token.clone(),
        hosts: listen.hosts,
        clock: Mutex::new(clock),
        record: listen.record.map(Mutex::new),
        keep,
        replay: listen.replay,
        work: Condvar::new(),
        done: Notify::new(),
        ending: AtomicBool::new(false),
    });
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut threads = Vec::new();
    for (name, worker) in [("quick", Worker::Quick), ("large", Worker::Any)] {
        let inner = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name(format!("simulate-{name}"));
        threads.push(builder.spawn(move || inner.simulate(worker))?);
    }
    if let Some(python) = listen.python {
        let inner = Arc::clone(&shared);
        let builder = std::thread::Builder::new().name("scripts".into());
        threads.push(builder.spawn(move || scripts::run(&inner, &python, address))?);
    }
    let inner = Arc::clone(&shared);
    threads.push(std::thread::Builder::new().name("stand-in".into()).spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            tokio::select! {
                () = accept(listener, inner) => {}
                _ = stopped => {}
            }
        });
    })?);
    Ok(Server { address, token: listen.token, shared, stop: Some(stop), threads })
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What writes below `/_shotbook/` must present.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Name of its world.
    pub fn world_id(&self) -> String {
        self.shared.world().id().to_owned()
    }

    /// What happened so far.
    pub fn meter(&self) -> Meter {
        self.shared.world().meter()
    }

    /// The state as one document.
    pub fn state(&self) -> serde_json::Value {
        self.shared.world().state()
    }

    /// Arms a fault.
    pub fn arm(&self, fault: faults::Fault) {
        self.shared.world().arm(fault);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        self.shared.ending.store(true, Ordering::Relaxed);
        let world = self.shared.world();
        world.stop_all();
        drop(world);
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            connection(stream, shared).await;
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _nodelay = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    // A dropped connection is how faults and impolite clients end; there is nobody to tell.
    let _ended = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Body = http_body_util::combinators::BoxBody<Bytes, std::io::Error>;

/// The body of a request, unless it is too large, cut or late.
async fn body_of(request: &Request, body: Incoming) -> Result<Vec<u8>, Response> {
    let operation = crate::route::operation(request);
    let most = if operation.starts_with("S3.") { OBJECT_BYTES } else { BODY_BYTES };
    let refusal = |status, code, message| crate::access::error_of(operation, status, code, message);
    let large = || {
        let code = if operation.starts_with("S3.") { "EntityTooLarge" } else { "ValidationException" };
        refusal(413, code, "The request body is too large.")
    };
    if body.size_hint().lower() > most as u64 {
        return Err(large());
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes().to_vec()),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(large()),
        Ok(Err(_)) => Err(refusal(400, "IncompleteBody", "The request body terminated unexpectedly.")),
        Err(_) => Err(refusal(408, "RequestTimeout", "The request body took too long.")),
    }
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<hyper::Response<Body>, std::io::Error> {
    let (parts, body) = request.into_parts();
    if let Some(refusal) = guard::refusal(&parts.headers, &shared.hosts) {
        return build(refusal, Delivery::default());
    }
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut request = Request {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: parts.headers.iter().map(header).collect(),
        body: Vec::new(),
    };
    request.body = match body_of(&request, body).await {
        Ok(body) => body,
        Err(refusal) => return build(refusal, Delivery::default()),
    };
    let control = request.path().starts_with("/_shotbook/") && request.method == "POST";
    let own = request.path().starts_with("/_shotbook");
    let (response, delivery) = if let Some(replay) = shared.replay.as_ref().filter(|_| !own) {
        replay.answer(&request)
    } else if control {
        (control::answer(&request, &shared), Delivery::default())
    } else {
        shared.settle(&request).await;
        if let Err(refusal) = shared.recall(&request).await {
            return build(refusal, Delivery::default());
        }
        let now = shared.now();
        let (mut response, delivery, note) = {
            // The order of the file is that of the world.
            let mut world = shared.world();
            let (response, delivery, note) = world.handle_noting(now, &request);
            let kept = match (&shared.keep, note) {
                (Some(keep), Some(note)) => keep.request(now, &request, note),
                _ => Ok(()),
            };
            (response, delivery, kept)
        };
        if let Err(error) = note {
            response = guard::say(500, &format!("this cannot be kept: {error}"));
        }
        shared.work.notify_all();
        (response, delivery)
    };
    shared.note(&request, &response, delivery);
    if delivery.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delivery.delay_ms)).await;
    }
    if delivery.reset {
        return Err(std::io::Error::other("reset"));
    }
    build(response, delivery)
}

fn build(response: Response, delivery: Delivery) -> Result<hyper::Response<Body>, std::io::Error> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        // What an object was given may be no header: that one stays out.
        if let Ok(value) = hyper::header::HeaderValue::from_bytes(value.as_bytes()) {
            builder = builder.header(name, value);
        }
    }
    let whole = response.body.len();
    let odd = delivery.cut_after.is_some() || delivery.pause_ms > 0 || delivery.extra_length > 0;
    let body: Body = if odd {
        builder = builder.header("content-length", whole + delivery.extra_length);
        Parts::new(response.body, delivery).boxed()
    } else {
        Full::new(Bytes::from(response.body)).map_err(|never: Infallible| match never {}).boxed()
    };
    builder.body(body).map_err(std::io::Error::other)
}
