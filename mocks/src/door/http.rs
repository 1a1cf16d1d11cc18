//! A small HTTP listener around a world, on a thread of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use crate::faults;
use crate::http::{Delivery, Request, Response};
use crate::meter::Meter;
use crate::time::Now;
use crate::world::{Config, World};

/// Limits of everything that arrives. Source: the reliability contract, section 7.
const BODY_BYTES: usize = 10 << 20;
const HEADER_BYTES: usize = 16 << 10;
const HEADER_TIME: Duration = Duration::from_secs(10);
const CONNECTIONS: usize = 2_048;

/// A running stand-in; stops when dropped.
pub struct Server {
    address: SocketAddr,
    token: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    world: Mutex<World>,
    token: String,
    rate: u32,
    started_ms: i64,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        let wall_ms = jiff::Timestamp::now().as_millisecond();
        let passed = wall_ms - self.started_ms;
        Now { world_ms: self.started_ms + passed * i64::from(self.rate), wall_ms }
    }
}

/// Starts a stand-in on an address; port 0 takes a free one.
///
/// # Errors
/// When the address cannot be listened on.
pub fn serve(address: SocketAddr, config: Config, world_id: &str, token: &str) -> std::io::Result<Server> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let started_ms = jiff::Timestamp::now().as_millisecond();
    let rate = config.clock_rate;
    let world = Mutex::new(World::new(config, world_id));
    let shared = Arc::new(Shared { world, token: token.to_owned(), rate, started_ms });
    let (stop, stopped) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inner = Arc::clone(&shared);
    let thread = std::thread::Builder::new().name("stand-in".into()).spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            tokio::select! {
                () = accept(listener, inner) => {}
                _ = stopped => {}
            }
        });
    })?;
    Ok(Server { address, token: token.to_owned(), shared, stop: Some(stop), thread: Some(thread) })
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

    /// Waits until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
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
        .max_buf_size(HEADER_BYTES.max(8192) * 4)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Breaks a connection off in the middle of a body.
struct Cut(Option<Bytes>);

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(hyper::body::Frame::data(bytes)),
            None => Err(std::io::Error::other("cut")),
        }))
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, std::io::Error>;

async fn answer(
    request: hyper::Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<hyper::Response<Body>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or("").to_owned();
    if !is_local(&host) {
        return build(
            Response::json(421, &serde_json::json!({"message": "this stand-in serves this machine only"})),
            None,
        );
    }
    let body = match Limited::new(body, BODY_BYTES).collect().await {
        Ok(collected) => collected.to_bytes().to_vec(),
        Err(_) => {
            let message = serde_json::json!({"message": "the body is too large or was cut"});
            return build(
                Response::json(413, &message).with("x-amzn-errortype", "ValidationException"),
                None,
            );
        }
    };
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: parts.headers.iter().map(header).collect(),
        body,
    };
    let (response, delivery) = if request.path().starts_with("/_shotbook/") && request.method == "POST" {
        (control(&request, &shared), Delivery::default())
    } else {
        shared.world().handle(shared.now(), &request)
    };
    if delivery.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delivery.delay_ms)).await;
    }
    if delivery.reset {
        return Err(std::io::Error::other("reset"));
    }
    build(response, delivery.cut_after)
}

fn is_local(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]" | "") || name.ends_with(".localhost")
}

/// Writes below `/_shotbook/`: they need the token and JSON.
fn control(request: &Request, shared: &Shared) -> Response {
    let refuse = |status, message: &str| Response::json(status, &serde_json::json!({"message": message}));
    let given = request.header("authorization").and_then(|h| h.strip_prefix("Bearer "));
    if given != Some(shared.token.as_str()) {
        return refuse(403, "this needs the token that the stand-in printed");
    }
    if !request.header("content-type").is_some_and(|t| t.starts_with("application/json")) {
        return refuse(403, "this takes JSON");
    }
    match request.path() {
        "/_shotbook/faults" => match serde_json::from_slice::<faults::Fault>(&request.body) {
            Ok(fault) => {
                shared.world().arm(fault);
                refuse(200, "armed")
            }
            Err(error) => refuse(400, &error.to_string()),
        },
        _ => refuse(404, "there is no such control"),
    }
}

fn build(response: Response, cut_after: Option<usize>) -> Result<hyper::Response<Body>, std::io::Error> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    let body: Body = match cut_after {
        Some(n) => {
            builder = builder.header("content-length", response.body.len());
            Cut(Some(Bytes::from(response.body[..n.min(response.body.len())].to_vec()))).boxed()
        }
        None => Full::new(Bytes::from(response.body)).map_err(|never: Infallible| match never {}).boxed(),
    };
    builder.body(body).map_err(std::io::Error::other)
}
