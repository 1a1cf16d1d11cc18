//! `watch`: jobs, stages, queues, money and budgets as they are now, on a terminal.

mod model;
#[cfg(feature = "tui")]
mod screen;

use std::time::Duration;

use self::model::{Moment, TITLES, budget_line};
use crate::cli::output::{Out, clean};
use crate::cli::work::{interrupted, job_json};
use crate::cli::{Context, Failure};
use crate::store::{SqliteStore, Store};
use crate::time;

/// How often the store is read.
const EVERY: Duration = Duration::from_secs(1);

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the moment once, and end
    #[arg(long)]
    once: bool,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    if args.once {
        let moment = model::read(&store, time::now())?;
        if out.is_json() {
            out.json(&json_of(&store, &moment)?)
        } else {
            table(&moment, out)
        }
        return Ok(0);
    }
    if out.is_json() {
        return stream(&store, context, out);
    }
    live(&store, context)
}

fn json_of(store: &SqliteStore, moment: &Moment) -> Result<serde_json::Value, Failure> {
    let jobs = moment.rows.iter().map(|row| job_json(store, &store.job(&row.id)?));
    Ok(model::as_json(moment, jobs.collect::<Result<_, _>>()?))
}

fn table(moment: &Moment, out: &mut Out) {
    out.line(&format!("{} open · held {:#} · settled {:#}", moment.open, moment.held, moment.settled));
    moment.budgets.iter().for_each(|b| out.line(&budget_line(b)));
    moment.notes.iter().for_each(|n| out.line(&clean(&format!("{}: {}", n.place, n.text))));
    out.table(&TITLES, &[], moment.rows.iter().map(|row| row.cells.to_vec()).collect());
}

/// One document a change, until the reader or the person has enough.
fn stream(store: &SqliteStore, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let done = context.block_on(async {
        let mut last = serde_json::Value::Null;
        while !interrupted() && !out.is_closed() {
            let moment = model::read(store, time::now())?;
            let mut value = json_of(store, &moment)?;
            let at = value["at"].take();
            if value != last {
                last = value.clone();
                value["at"] = at;
                out.json(&value);
            }
            tokio::time::sleep(EVERY).await;
        }
        Ok::<(), Failure>(())
    })?;
    done.unwrap_or(Ok(())).map(|()| 0)
}

#[cfg(not(feature = "tui"))]
fn live(_store: &SqliteStore, _context: &Context) -> Result<u8, Failure> {
    let why = "this build has no live view";
    Err(Failure::new("SB2001", why).with_help("shotbook watch --once, or --json"))
}

#[cfg(feature = "tui")]
fn live(store: &SqliteStore, context: &Context) -> Result<u8, Failure> {
    use std::io::IsTerminal;
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        let why = "the live view needs a terminal";
        return Err(Failure::new("SB2001", why).with_help("shotbook watch --once, or --json"));
    }
    let broken = |e: std::io::Error| Failure::new("SB1001", format!("the terminal: {e}"));
    // It gives the terminal back on a panic too.
    let mut terminal = ratatui::try_init().map_err(broken)?;
    let ended = keep_drawing(store, context, &mut terminal);
    ratatui::try_restore().map_err(broken)?;
    ended.map(|()| 0)
}

#[cfg(feature = "tui")]
fn keep_drawing(
    store: &SqliteStore,
    context: &Context,
    terminal: &mut ratatui::DefaultTerminal,
) -> Result<(), Failure> {
    use ratatui::crossterm::event::{self, Event, KeyEventKind};
    use screen::Wish;
    let broken = |e: std::io::Error| Failure::new("SB1001", format!("the terminal: {e}"));
    let mut screen = screen::Screen::default();
    let mut moment = model::read(store, time::now())?;
    let mut read_at = time::ticks();
    loop {
        terminal.draw(|frame| screen.draw(frame, &moment)).map_err(broken)?;
        let left = EVERY.saturating_sub(time::ticks().saturating_sub(read_at));
        let mut again = !event::poll(left).map_err(broken)?;
        if !again && let Event::Key(key) = event::read().map_err(broken)? {
            if key.kind != KeyEventKind::Press {
                continue;
            }
            match screen.key(key, &moment) {
                Wish::Nothing => {}
                Wish::Quit => return Ok(()),
                Wish::Open(id) => {
                    let lines = super::show::lines(store, &store.job(&id)?)?;
                    screen.over = Some((id.to_string(), clean(&lines.join("\n"))));
                }
                Wish::Explain(id) => {
                    let why = super::why::lines(store, &store.job(&id)?, time::now())?;
                    screen.over = Some((format!("why {id}"), clean(&why.join("\n"))));
                }
                Wish::Cancel(id) => {
                    screen.said = Some(format!("{id}: asking to cancel …"));
                    terminal.draw(|frame| screen.draw(frame, &moment)).map_err(broken)?;
                    let job = super::cancel::cancel(context, store, &id)?;
                    screen.said = Some(clean(&crate::cli::work::line(&job)));
                    again = true;
                }
            }
        }
        if again {
            moment = model::read(store, time::now())?;
            read_at = time::ticks();
        }
    }
}
