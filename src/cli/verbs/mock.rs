//! `mock`: the stand-in for AWS.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use serde_json::json;
use shotbook_mocks::{
    Advance, Config, DeviceState, Listen, Policy, Recording, Server, environment, faults, profile,
    serve_with, state_of,
};

use crate::cli::circuit::read_text;
use crate::cli::output::{Out, quoted};
use crate::cli::{Context, Failure};
use crate::money::Money;

/// Arguments of `mock`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Serve until interrupted
    Serve {
        /// Address
        #[arg(long, default_value = "127.0.0.1:4599")]
        listen: SocketAddr,
        #[command(flatten)]
        world: WorldArgs,
    },
    /// Run a command against a stand-in of its own
    Exec {
        #[command(flatten)]
        world: WorldArgs,
        #[command(flatten)]
        limits: Limits,
        /// Set the global endpoint too
        #[arg(long)]
        all_aws: bool,
        /// The command
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Check what a running stand-in was asked to do
    Assert {
        /// Address that `mock serve` printed
        #[arg(long, value_name = "URL")]
        endpoint: String,
        #[command(flatten)]
        limits: Limits,
    },
    /// Kinds of faults, each with an example
    Faults {
        /// All of them
        #[command(subcommand)]
        list: Option<List>,
    },
}

#[derive(Debug, clap::Subcommand)]
enum List {
    /// List all kinds
    List,
}

#[derive(Debug, clap::Args)]
struct WorldArgs {
    /// Seed of results
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Account of callers
    #[arg(long, default_value = "123456789012")]
    account: String,
    /// Time from creation to completion, such as 5s; at the first look unless told
    #[arg(long, value_name = "T")]
    latency: Option<String>,
    /// Speed of the clock: real, 600x, manual
    #[arg(long, default_value = "real")]
    clock: String,
    /// What goes wrong
    #[arg(long, value_name = "FILE.toml")]
    faults: Option<String>,
    /// State of a device: Garnet=OFFLINE
    #[arg(long = "device", value_name = "NAME=STATE")]
    devices: Vec<String>,
    /// Hold to the published quotas: tasks and jobs at once, requests a second
    #[arg(long)]
    quotas: bool,
    /// Check signatures and their age
    #[arg(long)]
    verify_signatures: bool,
    /// Allow what this IAM policy allows, and nothing else
    #[arg(long, value_name = "FILE.json")]
    iam_policy: Option<String>,
    /// Mistakes of QPUs: on (their published fidelities) or off (exact)
    #[arg(long, value_name = "on|off", default_value = "on", value_parser = ["on", "off"])]
    noise: String,
    /// Let QPUs work inside their published windows alone
    #[arg(long)]
    windows: bool,
    /// Write results of program sets as many files
    #[arg(long)]
    split_results: bool,
    /// Keep the world in this folder from one start to the next
    #[arg(long, value_name = "DIR")]
    data: Option<std::path::PathBuf>,
    /// Write each call down as a line of JSON
    #[arg(long, value_name = "FILE.jsonl")]
    record: Option<std::path::PathBuf>,
    /// Answer with what --record wrote, in its order, in place of a world
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["data", "record"])]
    replay: Option<String>,
    /// Run the scripts of hybrid jobs as processes of this machine, with this Python (python3)
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, require_equals = true, default_missing_value = "python3")]
    run_jobs: Option<String>,
    /// Another host name to answer to
    #[arg(long = "allow-host", value_name = "NAME")]
    hosts: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Limits {
    /// Exit 6 when it would have cost more
    #[arg(long, value_name = "USD")]
    max_cost: Option<String>,
    /// Exit 6 when more tasks were made
    #[arg(long, value_name = "N")]
    max_creates: Option<u64>,
    /// Exit 6 when a token came twice
    #[arg(long)]
    no_duplicates: bool,
}

/// How a stand-in listens, by its flags.
fn door(args: &WorldArgs) -> Result<Listen, Failure> {
    let usage = |why: String| Failure::new("SB2001", why);
    let replay = match &args.replay {
        Some(file) => {
            Some(Recording::parse(&read_text(file)?).map_err(|why| usage(format!("{file}: {why}")))?)
        }
        None => None,
    };
    let record = match &args.record {
        None => None,
        Some(path) => {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
            Some(opened.map_err(|e| usage(format!("{}: {e}", path.display())))?)
        }
    };
    Ok(Listen {
        token: format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()),
        hosts: args.hosts.clone(),
        record,
        data: args.data.clone(),
        replay,
        python: args.run_jobs.clone(),
    })
}

fn start(args: &WorldArgs, listen: SocketAddr) -> Result<Server, Failure> {
    let usage = |why: String| Failure::new("SB2001", why);
    let advance = match args.latency.as_deref().map(super::run::duration).transpose()? {
        Some(long) => Advance::After(u64::try_from(long.as_millis()).unwrap_or(u64::MAX)),
        None => Advance::FirstAsked,
    };
    let clock_rate = match args.clock.as_str() {
        "real" => 1,
        "manual" => 0,
        other => other
            .strip_suffix('x')
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..=1_000_000).contains(n))
            .ok_or_else(|| usage(format!("{other:?} is no clock")).with_help("real, 600x or manual"))?,
    };
    let faults = match &args.faults {
        Some(file) => faults::parse(&read_text(file)?).map_err(|why| usage(format!("{file}: {why}")))?,
        None => Vec::new(),
    };
    if args.account.len() != 12 || !args.account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(usage(format!("{:?} is no account", args.account)).with_help("twelve digits"));
    }
    let mut devices = Vec::new();
    for pair in &args.devices {
        let (name, word) = pair.split_once('=').unwrap_or((pair, ""));
        let states = [DeviceState::Online, DeviceState::Offline, DeviceState::Retired];
        let state = states.into_iter().find(|s| s.word().eq_ignore_ascii_case(word));
        let state = state
            .ok_or_else(|| usage(format!("{pair:?} is no state")).with_help("--device Garnet=OFFLINE"))?;
        let known = shotbook_sim::target::Catalogue::embedded().devices().iter();
        if !known.into_iter().any(|d| d.arn == name || d.name == name || d.device_name == name) {
            return Err(usage(format!("{name:?} is no device")).with_help("shotbook devices"));
        }
        devices.push((name.to_owned(), state));
    }
    let policy = match &args.iam_policy {
        Some(file) => Some(Policy::parse(&read_text(file)?).map_err(|why| {
            usage(format!("{file}: {why}")).with_help("deploy/iam-policy.json is an example")
        })?),
        None => None,
    };
    let config = Config {
        seed: args.seed,
        account: args.account.clone(),
        advance,
        faults,
        clock_rate,
        quotas: args.quotas,
        verify_signatures: args.verify_signatures,
        policy,
        noise: args.noise == "on",
        windows: args.windows,
        split_results: args.split_results,
        devices,
        ..Config::default()
    };
    let world = format!("w_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let door = door(args)?;
    serve_with(listen, config, &world, door).map_err(|e| {
        let (why, help) = match e.kind() {
            std::io::ErrorKind::AddrInUse | std::io::ErrorKind::AddrNotAvailable => {
                (format!("{listen} cannot be listened on: {e}"), "--listen 127.0.0.1:0")
            }
            _ => (e.to_string(), "--data with another folder, or none"),
        };
        Failure::new("SB2001", why).with_help(help)
    })
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    match args.what {
        What::Serve { listen, world } => {
            if !listen.ip().is_loopback() {
                return Err(Failure::new("SB2001", format!("{listen} is not on this machine"))
                    .with_help("--listen 127.0.0.1:4599"));
            }
            let server = start(&world, listen)?;
            // From here on a signal ends it in order, so that the profile goes with it.
            let ending = Ending::new()?;
            let profile = Profile::new()?;
            out.line(&format!("listening http://{}", server.address()));
            for (name, value) in environment(server.address()).into_iter().chain(profile.variables()) {
                out.line(&format!("export {name}={}", quoted(&value)));
            }
            out.line(&format!("export SHOTBOOK_MOCK_TOKEN={}", server.token()));
            Ok(ending.wait())
        }
        What::Exec { world, limits, all_aws, command } => {
            exec(&world, &limits, all_aws, &command, context, out)
        }
        What::Assert { endpoint, limits } => assert_limits(&endpoint, &limits, out),
        What::Faults { list: _ } => {
            if out.is_json() {
                let rows: Vec<_> = faults::ROWS
                    .iter()
                    .map(|r| json!({"kind": r.name, "what": r.what, "example": r.example}))
                    .collect();
                out.json(&json!({"schema": "shotbook.faults/1", "faults": rows}));
            } else {
                for row in faults::ROWS {
                    out.line(&format!("# {}: {}\n{}", row.name, row.what, row.example));
                }
            }
            Ok(0)
        }
    }
}

fn exec(
    world: &WorldArgs,
    limits: &Limits,
    all_aws: bool,
    command: &[String],
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let max_cost = limits.max_cost.as_deref().map(super::submit::amount).transpose()?;
    let server = start(world, SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let mut child = Command::new(&command[0]);
    child.args(&command[1..]).envs(environment(server.address())).env("SHOTBOOK_MOCK_TOKEN", server.token());
    let profile = Profile::new()?;
    child.envs(profile.variables()).env_remove("AWS_SESSION_TOKEN");
    if all_aws {
        child.env("AWS_ENDPOINT_URL", format!("http://{}", server.address()));
    }
    // A store holds real or play money, never both: the command gets one of its own.
    let home = std::env::temp_dir().join(format!("shotbook-mock-{}", uuid::Uuid::new_v4().simple()));
    let own = context.config.store.is_none() && context.config.home.is_none();
    if own {
        child.env("SHOTBOOK_HOME", &home);
    }
    let status = attended(child);
    if own {
        let _gone = std::fs::remove_dir_all(&home);
    }
    let status = status.map_err(|e| Failure::new("SB2001", format!("{} cannot be run: {e}", command[0])))?;
    let meter = server.meter();
    out.say(&format!(
        "mock: {} creates, {} duplicate tokens, would have cost ${}",
        meter.creates,
        meter.duplicate_tokens,
        meter.cost()
    ));
    if broken(&limits_of(&meter.cost(), meter.creates, meter.duplicate_tokens), limits, max_cost, out) {
        return Ok(6);
    }
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s));
    Ok(code.and_then(|c| u8::try_from(c).ok()).unwrap_or(1))
}

/// A profile of AWS clients in a folder of its own: theirs at home may lead to the real thing.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("shotbook-mock-{}", uuid::Uuid::new_v4().simple()));
        let made = std::fs::create_dir(&folder).and_then(|()| std::fs::write(folder.join("aws"), profile()));
        made.map_err(|e| {
            Failure::new("SB2001", format!("{}: {e}", folder.display()))
                .with_help("TMPDIR=DIR shotbook mock …")
        })?;
        Ok(Self(folder))
    }

    fn variables(&self) -> [(String, String); 3] {
        let file = self.0.join("aws").display().to_string();
        [
            ("AWS_PROFILE".to_owned(), "default".to_owned()),
            ("AWS_CONFIG_FILE".to_owned(), file.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), file),
        ]
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The signals that end a stand-in.
struct Ending {
    runtime: tokio::runtime::Runtime,
    terminated: tokio::signal::unix::Signal,
    interrupted: tokio::signal::unix::Signal,
    hung_up: tokio::signal::unix::Signal,
}

impl Ending {
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let make = || -> std::io::Result<Self> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (terminated, interrupted, hung_up) = runtime.block_on(async {
                let [term, int, hup] =
                    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
                Ok::<_, std::io::Error>((term?, int?, hup?))
            })?;
            Ok(Self { runtime, terminated, interrupted, hung_up })
        };
        make().map_err(|e| Failure::new("SB2001", format!("signals cannot be awaited: {e}")))
    }

    /// Waits for one, and gives the exit code that a shell would show. The next one ends at once what still ends in
    /// order: scripts that are told to stop, simulations, files of `--data`, which are whole after any end.
    fn wait(mut self) -> u8 {
        let code = self.next();
        std::thread::spawn(move || std::process::exit(self.next().into()));
        code
    }

    fn next(&mut self) -> u8 {
        let Self { runtime, terminated, interrupted, hung_up } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = terminated.recv() => 143,
                _ = interrupted.recv() => 130,
                _ = hung_up.recv() => 129,
            }
        })
    }
}

/// What a stand-in was asked to do: dollars, creates, repeated tokens.
struct Spent {
    cost: Money,
    creates: u64,
    duplicates: u64,
}

fn limits_of(cost: &str, creates: u64, duplicates: u64) -> Spent {
    Spent { cost: cost.parse().unwrap_or(Money::from_nanos(i64::MAX)), creates, duplicates }
}

fn broken(spent: &Spent, limits: &Limits, max_cost: Option<Money>, out: &mut Out) -> bool {
    let mut over = Vec::new();
    if max_cost.is_some_and(|max| spent.cost > max) {
        over.push("--max-cost");
    }
    if limits.max_creates.is_some_and(|max| spent.creates > max) {
        over.push("--max-creates");
    }
    if limits.no_duplicates && spent.duplicates > 0 {
        over.push("--no-duplicates");
    }
    if !over.is_empty() {
        out.say(&format!("mock: over {}", over.join(", ")));
    }
    !over.is_empty()
}

fn assert_limits(endpoint: &str, limits: &Limits, out: &mut Out) -> Result<u8, Failure> {
    let max_cost = limits.max_cost.as_deref().map(super::submit::amount).transpose()?;
    let state = state_of(endpoint).map_err(|e| {
        Failure::new("SB2001", format!("{endpoint}: {e}")).with_help("--endpoint http://127.0.0.1:4599")
    })?;
    let meter = &state["meter"];
    let number = |name: &str| meter[name].as_u64().unwrap_or(u64::MAX);
    let cost = meter["cost"].as_str().unwrap_or("");
    let spent = limits_of(cost, number("creates"), number("duplicate_tokens"));
    out.say(&format!(
        "mock: {} creates, {} duplicate tokens, would have cost ${cost}",
        spent.creates, spent.duplicates
    ));
    Ok(if broken(&spent, limits, max_cost, out) { 6 } else { 0 })
}

/// Runs the command to its end and passes signals on: its answer is ours, and what it left is cleaned up.
fn attended(command: Command) -> std::io::Result<ExitStatus> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut hung_up = signal(SignalKind::hangup())?;
        let mut child = tokio::process::Command::from(command).spawn()?;
        loop {
            let name = tokio::select! {
                status = child.wait() => return status,
                _ = terminated.recv() => "-TERM",
                _ = interrupted.recv() => "-INT",
                _ = hung_up.recv() => "-HUP",
            };
            // A terminal sends Ctrl-C to the whole group: the command has it already.
            if name == "-INT" && std::io::stdin().is_terminal() {
                continue;
            }
            if let Some(id) = child.id() {
                tokio::process::Command::new("kill").args([name, &id.to_string()]).status().await?;
            }
        }
    })
}
