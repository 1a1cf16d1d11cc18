//! The thin edge: parse, do, show. Nothing here decides.

mod circuit;
mod diagnostics;
mod failure;
mod filter;
mod output;
mod progress;
mod simulate;
mod verbs;
mod views;
mod work;

use std::ffi::OsString;

use clap::{FromArgMatches, Parser, Subcommand};

pub use failure::Failure;
use output::Out;

use crate::config::Config;

/// Keeps the books on quantum shots.
#[derive(Debug, Parser)]
#[command(name = "shotbook", version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags that every verb knows.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Print one JSON document instead of a table
    #[arg(long, global = true)]
    json: bool,
    /// The store: sqlite:PATH
    #[arg(long, global = true, value_name = "URL")]
    store: Option<String>,
    /// Profile of the AWS configuration
    #[arg(long, global = true)]
    profile: Option<String>,
    /// AWS region for devices that name none
    #[arg(long, global = true)]
    region: Option<String>,
    /// One endpoint for all AWS services
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Colours: auto, always, never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", value_parser = ["auto", "always", "never"])]
    color: String,
    /// Say less on stderr
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more on stderr; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Form of the log on stderr: text, json
    #[arg(long, global = true, value_name = "FORM", default_value = "text", value_parser = ["text", "json"])]
    log: String,
}

macro_rules! verbs {
    ($($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $variant:ident => $module:ident $(or $alias:literal)?,)*) => {
        #[derive(Debug, Subcommand)]
        enum Verb {
            $($(#[doc = $doc])* $(#[cfg($cfg)])? $(#[command(alias = $alias)])? $variant(Box<verbs::$module::Args>),)*
        }

        impl Verb {
            fn run(self, context: &Context, out: &mut Out) -> Result<u8, Failure> {
                match self {
                    $($(#[cfg($cfg)])? Self::$variant(args) => verbs::$module::run(*args, context, out),)*
                }
            }
        }
    };
}

verbs! {
    /// Simulate a circuit here and now; no account, no store, no money
    Run => run,
    /// Say what is wrong with circuits, for everybody or for a device
    Check => check,
    /// Write a circuit in another dialect
    Translate => translate,
    /// Draw a circuit as text or SVG
    Draw => draw,
    /// Say what a circuit costs on each device
    Quote => quote,
    /// Say how many shots an error needs, and where they are cheapest
    Shots => shots,
    /// Quote, hold, send, wait
    Submit => submit,
    /// One circuit at many points, in the fewest paid tasks
    Sweep => sweep or "sweeps",
    /// List jobs
    Jobs => jobs or "job",
    /// Show one job
    Show => show,
    /// Give jobs a project or tags, also old and imported ones
    Tag => tag or "tags",
    /// Say why a job waits
    Why => why,
    /// Jobs, money and budgets as they are now
    Watch => watch,
    /// Wait for jobs
    Wait => wait,
    /// Ask for a job to end
    Cancel => cancel,
    /// Carry on what is owed
    Resume => resume,
    /// Work on all jobs of the store
    Worker => worker,
    /// Tell a program or a web address what becomes of jobs
    On => on,
    /// Show a result
    Result => result,
    /// Say how far two results are apart
    Diff => diff,
    /// Make the angles of a circuit better, here or by paid tasks under a cap
    Train => train,
    /// Train once for many devices: shared angles, and the best circuit for each
    Specialize => specialize or "specialise",
    /// What was trained: its parameters, quality and cost
    Models => models or "model",
    /// A page about a training, or about the founding proposal
    Report => report,
    /// Where a simulator stops taking less energy than a device
    Energy => energy,
    /// Compute published trainings again
    Reproduce => reproduce,
    /// End a doubt by a person's word
    Resolve => resolve,
    /// Caps on spending
    Budget => budget or "budgets",
    /// Say what was spent, is held, or is unsure
    Cost => cost,
    /// Adopt tasks that other tools made
    Import => import,
    /// Compare the ledger with a bill, and explain every difference
    Reconcile => reconcile,
    /// Rates of the price list
    Prices => prices or "price",
    /// The catalogue of devices
    Devices => devices or "device",
    /// Check or copy the store
    Store => store,
    /// The stand-in for AWS
    #[cfg(feature = "mock")]
    Mock => mock or "mocks",
    /// Check the set-up and say what mends it
    Doctor => doctor,
    /// Explain a verb or an error code
    Help => help,
    /// Completions for a shell
    Completions => completions,
    /// The manual page
    Man => man,
}

/// What every verb is given.
pub(crate) struct Context {
    pub global: Global,
    pub config: Config,
}

/// Runs the command line and gives the exit code.
pub fn main() -> u8 {
    let config = Config::read();
    let arguments = arguments(std::env::args_os());
    let parsed = command().try_get_matches_from(&arguments);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return misused(&error, &arguments),
    };
    match cli.global.color.as_str() {
        "always" => anstream::ColorChoice::Always.write_global(),
        "never" => anstream::ColorChoice::Never.write_global(),
        _ => {}
    }
    start_log(&cli.global);
    let mut out = Out::new(cli.global.json, cli.global.quiet);
    if let Some(spec) = &config.failpoint
        && let Err(error) = crate::failpoint::arm(spec)
    {
        return Failure::new("SB2001", error.to_string()).report(&mut out);
    }
    let context = Context { global: cli.global, config };
    let code = match cli.verb.run(&context, &mut out) {
        Ok(code) => code,
        Err(failure) => failure.report(&mut out),
    };
    out.finish(code)
}

/// The command line with `--format json` written as `--json`, which is the same thing.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let (mut out, mut ours) = (Vec::new(), true);
    for argument in given {
        ours &= argument != "--";
        if ours
            && (argument == "--format=json"
                || (argument == "json" && out.last().is_some_and(|a| a == "--format")))
        {
            if argument == "json" {
                out.pop();
            }
            out.push("--json".into());
        } else {
            out.push(argument);
        }
    }
    out
}

/// Help and versions as clap writes them; a wrong command line in the form that was asked for.
fn misused(error: &clap::Error, arguments: &[OsString]) -> u8 {
    if error.use_stderr() && arguments.iter().take_while(|a| *a != "--").any(|a| a == "--json") {
        let text = error.to_string();
        let cause = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        return Failure::new("SB2001", cause).with_help("shotbook --help").report(&mut Out::new(true, false));
    }
    // A closed pipe is no reason to complain about complaining.
    let _printed = error.print();
    if error.use_stderr() { 2 } else { 0 }
}

/// The command as clap knows it, for completions, the manual and help.
pub(crate) fn command() -> clap::Command {
    numbers_below_zero(<Cli as clap::CommandFactory>::command())
}

/// Options whose value may begin with a minus and a word: `-1*ZZ - 0.5*XI`.
const OBSERVABLES: [&str; 3] = ["observable", "hamiltonian", "expval"];

/// Lets `--shots -1` reach the rule that refuses it, with its reason, on every verb.
fn numbers_below_zero(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| match arg.get_action().takes_values() {
            true if OBSERVABLES.contains(&arg.get_id().as_str()) => arg.allow_hyphen_values(true),
            true => arg.allow_negative_numbers(true),
            false => arg,
        })
        .mut_subcommands(numbers_below_zero)
}

fn start_log(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        // Whoever asks for JSON reads it with a program, and wants to know what moved.
        (false, 0) if global.log == "json" => "shotbook=info",
        (true, _) | (false, 0) => return,
        (false, 1) => "shotbook=info",
        (false, _) => "shotbook=trace,debug",
    };
    let builder = tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr);
    if global.log == "json" { builder.json().init() } else { builder.init() }
}
