//! The state for people: one readable page, and the invoice as CSV.

use crate::http::{Response, escape};
use crate::meter::dollars;
use crate::time::{Now, iso};
use crate::world::World;

/// Rows that the page shows of each kind.
const ROWS: usize = 200;

fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |tag: &str, cells: Vec<String>| -> String {
        cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escape(c))).collect()
    };
    let head = cells("th", head.iter().map(|h| (*h).to_owned()).collect());
    let body: String = rows.iter().map(|r| format!("<tr>{}</tr>", cells("td", r.clone()))).collect();
    format!("<table><tr>{head}</tr>{body}</table>")
}

/// The page.
pub(crate) fn html(world: &World, now: Now) -> Response {
    let tasks: Vec<Vec<String>> = world
        .tasks
        .iter()
        .rev()
        .take(ROWS)
        .map(|t| {
            vec![
                t.arn.clone(),
                t.device.clone(),
                t.status.to_owned(),
                t.shots.to_string(),
                dollars(t.charge),
                iso(t.created_ms),
            ]
        })
        .collect();
    let jobs: Vec<Vec<String>> =
        world.jobs.iter().take(ROWS).map(|(arn, j)| vec![arn.clone(), j.status.to_owned()]).collect();
    let meter = world.meter();
    let state = world.state();
    let objects: Vec<Vec<String>> = state["objects"]
        .as_array()
        .into_iter()
        .flatten()
        .take(ROWS)
        .map(|o| vec![o.as_str().unwrap_or("").to_owned()])
        .collect();
    let faults: Vec<Vec<String>> = state["faults"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|o| vec![o.as_str().unwrap_or("").to_owned()])
        .collect();
    let body = format!(
        "<!doctype html><meta charset=utf-8><title>shotbook stand-in</title><style>body{{font:14px sans-serif;margin:2em}}\
         td,th{{text-align:left;padding:2px 12px 2px 0}}</style><h1>Stand-in {}</h1><p>World time {}. {} creates, {} \
         duplicate tokens, ${}.</p><h2>Tasks</h2>{}<h2>Jobs</h2>{}<h2>Objects</h2>{}<h2>Faults</h2>{}",
        escape(world.id()),
        iso(now.world_ms),
        meter.creates,
        meter.duplicate_tokens,
        meter.cost(),
        table(&["ARN", "device", "status", "shots", "USD", "created"], &tasks),
        table(&["ARN", "status"], &jobs),
        table(&["object"], &objects),
        table(&["fault"], &faults),
    );
    Response {
        status: 200,
        headers: vec![
            ("content-type".into(), "text/html; charset=utf-8".into()),
            (
                "content-security-policy".into(),
                "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'".into(),
            ),
        ],
        body: body.into_bytes(),
    }
}

/// What would be billed, one line a task.
pub(crate) fn invoice(world: &World) -> Response {
    let mut out = String::from("arn,device,status,shots,successful_shots,created,ended,usd\n");
    for t in &world.tasks {
        let ended = t.ended_ms.map(iso).unwrap_or_default();
        out.push_str(&format!(
            "{},{},{},{},{},{},{ended},{}\n",
            t.arn,
            t.device,
            t.status,
            t.shots,
            if t.status == "COMPLETED" { t.successful_shots() } else { 0 },
            iso(t.created_ms),
            dollars(t.charge)
        ));
    }
    Response {
        status: 200,
        headers: vec![("content-type".into(), "text/csv".into())],
        body: out.into_bytes(),
    }
}
