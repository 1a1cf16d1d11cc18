//! `budget`: caps on spending.

mod mirror;

use serde_json::{Value, json};

use crate::budget::ledger::Posting;
use crate::budget::{Alert, AlertError, Budget, Period, Scope};
use crate::cli::output::Out;
use crate::cli::views::{self, fee};
use crate::cli::{Context, Failure};
use crate::ids::BudgetName;
use crate::store::{BudgetStatus, SqliteStore, Store};
use crate::time;

/// Arguments of `budget`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Add a cap
    Add {
        /// Its name
        name: String,
        /// Dollars in each period
        #[arg(long, value_name = "USD")]
        limit: String,
        /// Start anew each: day, week, month
        #[arg(long, value_name = "PERIOD")]
        per: Option<String>,
        /// First day, with --until
        #[arg(long, requires = "until", conflicts_with = "per")]
        from: Option<String>,
        /// Last day
        #[arg(long, requires = "from")]
        until: Option<String>,
        /// Bind every job that matches: project=P, user=U, tag=K=V, device=D, account=A
        #[arg(long = "for", value_name = "WHOM")]
        whom: Option<String>,
        /// At a share of the cap: warn whoever submits; stop new work; cancel what is open (best effort, once
        /// so much is paid). May be given again
        #[arg(long, num_args = 2, value_names = ["SHARE", "warn|stop|cancel"])]
        at: Vec<String>,
        /// Make AWS's own spending limits of each QPU follow it, as a backstop
        #[arg(long)]
        mirror_aws: bool,
    },
    /// All caps with their figures
    List,
    /// One cap
    Show {
        /// Its name
        name: String,
    },
    /// Change a cap
    Set {
        /// Its name
        name: String,
        /// Dollars in each period
        #[arg(long, value_name = "USD", required_unless_present_any = ["at", "no_at", "mirror_aws"])]
        limit: Option<String>,
        /// What it does at shares of the cap, in place of what it did
        #[arg(long, num_args = 2, value_names = ["SHARE", "warn|stop|cancel"])]
        at: Vec<String>,
        /// It does nothing before the cap
        #[arg(long, conflicts_with = "at")]
        no_at: bool,
        /// Make AWS's own spending limits of each QPU follow it, as a backstop
        #[arg(long)]
        mirror_aws: bool,
    },
    /// Remove a cap; its journal stays
    Remove {
        /// Its name
        name: String,
        /// Take AWS's spending limits away that followed it
        #[arg(long)]
        mirror_aws: bool,
    },
    /// Make AWS's spending limits follow a cap again, after a new month or new spending
    Mirror {
        /// Its name
        name: String,
    },
    /// Its postings
    Journal {
        /// Its name
        name: String,
    },
}

fn usage(why: String) -> Failure {
    Failure::new("SB2001", why)
}

fn period(per: Option<&str>, from: Option<&str>, until: Option<&str>) -> Result<Period, Failure> {
    if let (Some(from), Some(until)) = (from, until) {
        let date = |text: &str| {
            text.parse().map_err(|_| usage(format!("{text:?} is no date")).with_help("2026-11-24"))
        };
        let (from, until): (jiff::civil::Date, jiff::civil::Date) = (date(from)?, date(until)?);
        if from > until {
            return Err(usage(format!("{from} is after {until}")));
        }
        return Ok(Period::Between(from, until));
    }
    match per {
        None | Some("ever") => Ok(Period::Ever),
        Some("day") => Ok(Period::Day),
        Some("week") => Ok(Period::Week),
        Some("month") => Ok(Period::Month),
        Some(other) => Err(usage(format!("{other:?} is no period")).with_help("day, week or month")),
    }
}

fn scope(whom: Option<&str>) -> Result<Scope, Failure> {
    let Some(whom) = whom else { return Ok(Scope::Named) };
    let help = "project=P, user=U, tag=K=V, device=D or account=A";
    let wrong = || usage(format!("{whom:?} binds nobody")).with_help(help);
    let (kind, value) = whom.split_once('=').filter(|(_, v)| !v.is_empty()).ok_or_else(wrong)?;
    Ok(match kind {
        "project" => Scope::Project(value.to_owned()),
        "user" => Scope::User(value.to_owned()),
        "tag" => {
            let (k, v) = value.split_once('=').ok_or_else(wrong)?;
            Scope::Tag(k.to_owned(), v.to_owned())
        }
        "device" => Scope::Device(super::devices::find(value)?.name.clone()),
        "account" => Scope::Account(value.to_owned()),
        _ => return Err(wrong()),
    })
}

/// Alerts of a flag that gives a share and a deed each time.
fn alerts(words: &[String]) -> Result<Vec<Alert>, Failure> {
    let wrong = |e: AlertError| usage(e.to_string()).with_help("--at 80% warn --at 100% stop");
    let mut out: Vec<Alert> =
        words.chunks_exact(2).map(|w| Alert::of(&w[0], &w[1])).collect::<Result<_, _>>().map_err(wrong)?;
    out.sort();
    out.dedup();
    Ok(out)
}

/// What a budget says of itself beside its figures.
fn remarks(status: &BudgetStatus) -> String {
    let (balance, budget) = (&status.balance, &status.budget);
    let mut out = Vec::new();
    if balance.is_frozen(budget.limit) {
        out.push("frozen".to_owned());
    }
    let reached = budget.reached(balance);
    for alert in &budget.alerts {
        let mark = if reached.contains(alert) { " (reached)" } else { "" };
        out.push(format!("{alert}{mark}"));
    }
    out.join(", ")
}

fn find(store: &dyn Store, name: &str) -> Result<BudgetStatus, Failure> {
    let found = store.budgets(time::now())?.into_iter().find(|b| b.budget.name.as_str() == name);
    found.ok_or_else(|| Failure::new("SB3004", format!("there is no budget {name}")))
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    match args.what.unwrap_or(What::List) {
        What::Add { name, limit, per, from, until, whom, at, mirror_aws } => {
            let legal = |c: char| c.is_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
                return Err(usage(format!("{name:?} is no name")).with_help("letters, digits, - _ ."));
            }
            store.add_budget(&Budget {
                name: BudgetName::new(&name),
                limit: super::submit::amount(&limit)?,
                per: period(per.as_deref(), from.as_deref(), until.as_deref())?,
                scope: scope(whom.as_deref())?,
                alerts: alerts(&at)?,
                created_at: time::now(),
                removed_at: None,
            })?;
            return after(&name, mirror_aws, context, &store, out);
        }
        What::List => list(&store.budgets(time::now())?, out),
        What::Show { name } => one(&find(&store, &name)?, out),
        What::Set { name, limit, at, no_at, mirror_aws } => {
            let (budget, alerts) = (BudgetName::new(&name), alerts(&at)?);
            if let Some(limit) = limit {
                store.set_limit(&budget, super::submit::amount(&limit)?, time::now())?;
            }
            if no_at || !alerts.is_empty() {
                store.set_alerts(&budget, &alerts, time::now())?;
            }
            return after(&name, mirror_aws, context, &store, out);
        }
        What::Mirror { name } => return mirror::run(&find(&store, &name)?, false, context, &store, out),
        What::Remove { name, mirror_aws } => {
            let status = find(&store, &name)?;
            if mirror_aws {
                let code = mirror::run(&status, true, context, &store, out)?;
                if code == 130 || mirror::is_made(&store, &name)? {
                    out.say(&format!("{name} still binds: some of AWS's limits could not be taken away"));
                    return Ok(code.max(7));
                }
            } else if mirror::is_made(&store, &name)? {
                let why = format!("AWS's spending limits follow {name} and would stay behind");
                let help = format!("shotbook budget remove {name} --mirror-aws");
                return Err(usage(why).with_help(help));
            }
            store.remove_budget(&BudgetName::new(&name), time::now())?;
            out.say(&format!("{name} binds nobody any more"));
        }
        What::Journal { name } => {
            // A budget that was removed keeps its journal.
            let postings = store.journal(Some(&BudgetName::new(&name)))?;
            if postings.is_empty() {
                find(&store, &name)?;
            }
            journal(&postings, &name, out);
        }
    }
    Ok(0)
}

/// What is shown of a budget that was added or changed, with AWS's limits made to follow it if asked for.
fn after(
    name: &str,
    mirror: bool,
    context: &Context,
    store: &SqliteStore,
    out: &mut Out,
) -> Result<u8, Failure> {
    let status = find(store, name)?;
    if !mirror || !out.is_json() {
        one(&status, out);
    }
    if mirror {
        return mirror::run(&status, false, context, store, out);
    }
    if mirror::is_made(store, name)? {
        out.say(&format!("AWS's spending limits do not follow by themselves: shotbook budget mirror {name}"));
    }
    Ok(0)
}

fn row(status: &BudgetStatus) -> Vec<String> {
    let (balance, budget) = (&status.balance, &status.budget);
    let whom = views::scope(&budget.scope);
    vec![
        budget.name.to_string(),
        format!("${}", fee(budget.limit)),
        status.period.as_ref().map_or_else(|| "outside its days".to_owned(), ToString::to_string),
        format!("${}", fee(balance.settled)),
        format!("${}", fee(balance.held)),
        format!("${}", fee(budget.free(balance))),
        whom.as_str().unwrap_or("--budget").to_owned(),
        remarks(status),
    ]
}

const HEAD: [&str; 8] = ["BUDGET", "LIMIT", "PERIOD", "SETTLED", "HELD", "FREE", "FOR", ""];

fn list(all: &[BudgetStatus], out: &mut Out) {
    if out.is_json() {
        let budgets: Vec<Value> = all.iter().map(views::budget).collect();
        out.json(&json!({"schema": "shotbook.budgets/1", "budgets": budgets}));
    } else {
        out.table(&HEAD, &[1, 3, 4, 5], all.iter().map(row).collect());
    }
}

fn one(status: &BudgetStatus, out: &mut Out) {
    if out.is_json() {
        out.json(&views::budget(status));
    } else {
        out.table(&HEAD, &[1, 3, 4, 5], vec![row(status)]);
    }
}

fn journal(postings: &[Posting], name: &str, out: &mut Out) {
    if out.is_json() {
        let rows: Vec<Value> = postings
            .iter()
            .map(|p| {
                let (from, to) = p.movement.verb.accounts();
                json!({"sequence": p.sequence, "at": p.at.to_string(), "job_id": p.job.as_str(),
                    "verb": p.movement.verb.word(), "from": from, "to": to,
                    "amount": p.movement.amount.to_string(), "hash": p.hash})
            })
            .collect();
        out.json(&json!({"schema": "shotbook.journal/1", "budget": name, "postings": rows}));
        return;
    }
    let rows = postings
        .iter()
        .map(|p| {
            let (from, to) = p.movement.verb.accounts();
            vec![
                p.sequence.to_string(),
                p.at.to_string(),
                p.job.to_string(),
                p.movement.verb.word().to_owned(),
                format!("{from} -> {to}"),
                format!("{:#}", p.movement.amount),
            ]
        })
        .collect();
    out.table(&["#", "AT", "JOB", "VERB", "ACCOUNTS", "AMOUNT"], &[0, 5], rows);
}
