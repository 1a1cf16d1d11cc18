//! `on`: tell a program or a web address what becomes of jobs.

use serde_json::json;

use crate::backend::braket::post;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::job::News;
use crate::store::{Hook, Outbox as _, SqliteStore, Target};
use crate::time;

/// Arguments of `on`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A program gets its arguments, then the event, the job and the notice's id, and the notice as \
JSON on its input; a web address gets the JSON as a POST. A notice comes at least once, each time with the same id. \
A receiver with a certificate of your own authority: SHOTBOOK_CA_FILE=FILE.pem, beside what the system trusts."
)]
pub struct Args {
    /// done, failed, refused or unsure; or list, remove, deliver
    #[arg(value_name = "EVENT", value_parser = ["done", "failed", "refused", "unsure", "list", "remove", "deliver"])]
    what: String,
    /// Hook to remove: its id, as `on list` shows it
    #[arg(required_if_eq("what", "remove"))]
    hook: Option<String>,
    /// Program to run; its own arguments follow after --
    #[arg(long, value_name = "CMD", conflicts_with = "webhook")]
    exec: Option<String>,
    /// Address to post to: https and public
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Arguments of the program
    #[arg(last = true)]
    words: Vec<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    match args.what.as_str() {
        "list" => list(&store, out),
        "remove" => remove(&store, args.hook.as_deref().unwrap_or_default(), out),
        "deliver" => {
            let runner = crate::runner::this_process();
            let n = crate::app::deliver(&store, &runner, &crate::cli::work::interrupted)?;
            out.say(&format!("{n} delivered"));
            list(&store, out)
        }
        _ => add(&args, &store, out),
    }
}

fn add(args: &Args, store: &SqliteStore, out: &mut Out) -> Result<u8, Failure> {
    let usage = |why: String, help: &str| Failure::new("SB2001", why).with_help(help.to_owned());
    let target = match (&args.exec, &args.webhook) {
        (Some(program), None) => {
            let mut words = vec![program.clone()];
            words.extend(args.words.iter().cloned());
            Target::Exec(words)
        }
        (None, Some(url)) => match post::refused(url) {
            Some(why) => {
                return Err(usage(format!("{url}: {why}"), "--webhook https://HOST/PATH of a public host"));
            }
            None => Target::Webhook(url.clone()),
        },
        _ => return Err(usage("who shall be told?".to_owned(), "--exec CMD or --webhook URL")),
    };
    let Some(news) = News::named(&args.what) else {
        return Err(usage(format!("{:?} is no event", args.what), "done, failed, refused or unsure"));
    };
    let id = format!("h_{}", &uuid::Uuid::now_v7().simple().to_string()[16..28]);
    let hook = Hook { id: id.clone(), news, target, created_at: time::now() };
    store.add_hook(&hook)?;
    if out.is_json() {
        let mut value = row(&hook);
        value["schema"] = json!("shotbook.hook/1");
        out.json(&value);
    } else {
        out.line(&format!("{id} {} → {}", news.word(), words(&hook.target)));
    }
    Ok(0)
}

fn words(target: &Target) -> String {
    match target {
        Target::Exec(words) => words.join(" "),
        Target::Webhook(url) => url.clone(),
    }
}

fn row(hook: &Hook) -> serde_json::Value {
    let mut out = json!({"schema": null, "id": hook.id, "event": hook.news.word(),
        "created_at": hook.created_at.to_string()});
    match &hook.target {
        Target::Exec(words) => out["exec"] = json!(words),
        Target::Webhook(url) => out["webhook"] = json!(url),
    }
    out
}

fn list(store: &SqliteStore, out: &mut Out) -> Result<u8, Failure> {
    let (hooks, waiting) = (store.hooks()?, store.waiting()?);
    if out.is_json() {
        let rows: Vec<_> = hooks
            .iter()
            .map(|hook| {
                let mut value = row(hook);
                value.as_object_mut().map(|o| o.remove("schema"));
                value
            })
            .collect();
        out.json(&json!({"schema": "shotbook.hooks/1", "hooks": rows, "waiting": waiting.open,
            "given_up": waiting.lost, "problem": waiting.problem}));
        return Ok(0);
    }
    let rows = hooks.iter().map(|h| vec![h.id.clone(), h.news.word().to_owned(), words(&h.target)]);
    out.table(&["HOOK", "EVENT", "TOLD"], &[], rows.collect());
    if waiting.open + waiting.lost > 0 {
        out.say(&format!("{} notices wait, {} were given up", waiting.open, waiting.lost));
    }
    if let Some(problem) = waiting.problem {
        out.say(&format!("the last delivery that failed: {problem}"));
    }
    Ok(0)
}

fn remove(store: &SqliteStore, id: &str, out: &mut Out) -> Result<u8, Failure> {
    if !store.remove_hook(id)? {
        return Err(Failure::new("SB2005", format!("there is no hook {id}")).with_help("shotbook on list"));
    }
    out.say(&format!("{id} is told nothing more"));
    Ok(0)
}
