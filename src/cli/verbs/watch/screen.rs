//! The live view on a terminal: draws a moment, obeys keys.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Cell, Clear, Paragraph, Row, Table, TableState, Wrap};

use super::model::{Moment, TITLES, budget_line};
use crate::cli::views;
use crate::ids::JobId;
use crate::job::State;

/// Budgets shown at most.
const BUDGETS: usize = 5;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Nothing,
    Quit,
    /// Show the job whole.
    Open(JobId),
    /// Say why it waits.
    Explain(JobId),
    /// Cancel it; the person was asked.
    Cancel(JobId),
}

/// What is on the screen beside the moment itself.
#[derive(Default)]
pub struct Screen {
    table: TableState,
    /// A text over the table, with its title.
    pub over: Option<(String, String)>,
    /// The job that a person is asked about.
    asking: Option<JobId>,
    /// The last line, when something is to be said.
    pub said: Option<String>,
}

impl Screen {
    fn selected(&self, moment: &Moment) -> Option<JobId> {
        let at = self.table.selected()?.min(moment.rows.len().checked_sub(1)?);
        Some(moment.rows[at].id.clone())
    }

    /// What a key asks for.
    pub fn key(&mut self, key: KeyEvent, moment: &Moment) -> Wish {
        let held = key.modifiers.contains(KeyModifiers::CONTROL);
        if held && key.code == KeyCode::Char('c') {
            return Wish::Quit;
        }
        if let Some(id) = self.asking.take() {
            self.said = None;
            return if key.code == KeyCode::Char('y') { Wish::Cancel(id) } else { Wish::Nothing };
        }
        if self.over.is_some() {
            self.over = None;
            return if key.code == KeyCode::Char('q') { Wish::Quit } else { Wish::Nothing };
        }
        self.said = None;
        let last = moment.rows.len().saturating_sub(1);
        let at = self.table.selected().unwrap_or(0);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Quit,
            KeyCode::Down | KeyCode::Char('j') => self.table.select(Some((at + 1).min(last))),
            KeyCode::Up | KeyCode::Char('k') => self.table.select(Some(at.saturating_sub(1))),
            KeyCode::Home => self.table.select(Some(0)),
            KeyCode::End => self.table.select(Some(last)),
            KeyCode::Enter | KeyCode::Char('o') => {
                return self.selected(moment).map_or(Wish::Nothing, Wish::Open);
            }
            KeyCode::Char('w') => return self.selected(moment).map_or(Wish::Nothing, Wish::Explain),
            KeyCode::Char('c') => {
                if let Some(id) = self.selected(moment) {
                    self.said = Some(format!("cancel {id}? y ends it, any other key keeps it"));
                    self.asking = Some(id);
                }
            }
            _ => {}
        }
        Wish::Nothing
    }

    /// Draws the moment.
    pub fn draw(&mut self, frame: &mut Frame<'_>, moment: &Moment) {
        if self.table.selected().is_none() && !moment.rows.is_empty() {
            self.table.select(Some(0));
        }
        let budgets = moment.budgets.len().min(BUDGETS) as u16;
        let notes = moment.notes.len().min(3) as u16;
        let [head, caps, seen, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(budgets),
            Constraint::Length(notes),
            Constraint::Min(3),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let title = format!(
            "shotbook · {} open · held ${} · settled ${} · {}",
            moment.open,
            views::fee(moment.held),
            views::fee(moment.settled),
            moment.at.whole_second()
        );
        frame.render_widget(Paragraph::new(title).style(Style::new().add_modifier(Modifier::BOLD)), head);
        let lines: Vec<String> = moment.budgets.iter().take(BUDGETS).map(budget_line).collect();
        frame.render_widget(Paragraph::new(lines.join("\n")), caps);
        let lines: Vec<String> =
            moment.notes.iter().take(3).map(|n| format!("{}: {}", n.place, n.text)).collect();
        frame.render_widget(Paragraph::new(lines.join("\n")).style(Style::new().fg(Color::Yellow)), seen);
        let rows = moment.rows.iter().map(|row| {
            let style = |n| if n == 3 { color(row.state) } else { Style::new() };
            let cells = row.cells.iter().enumerate();
            Row::new(cells.map(|(n, text)| Cell::new(text.as_str()).style(style(n))))
        });
        let widths = [18, 20, 18, 11, 10, 16, 8].map(Constraint::Max);
        let head = Row::new(TITLES).style(Style::new().add_modifier(Modifier::DIM));
        let table = Table::new(rows, widths)
            .header(head)
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
        frame.render_stateful_widget(table, body, &mut self.table);
        if let Some((title, text)) = &self.over {
            frame.render_widget(Clear, body);
            let block = Block::bordered().title(title.as_str());
            frame.render_widget(Paragraph::new(text.as_str()).wrap(Wrap { trim: false }).block(block), body);
        }
        let keys = "↑↓ choose   enter open   w why   c cancel   q quit";
        let last = self.said.clone().unwrap_or_else(|| keys.to_owned());
        frame.render_widget(Paragraph::new(last).style(Style::new().add_modifier(Modifier::DIM)), foot);
    }
}

fn color(state: State) -> Style {
    Style::new().fg(match state {
        State::Completed => Color::Green,
        State::Failed | State::Refused => Color::Red,
        State::Unsure => Color::Magenta,
        State::Queued | State::Running | State::Submitting => Color::Cyan,
        State::Waiting => Color::Yellow,
        State::Cancelled => Color::DarkGray,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::model::Row;
    use super::*;
    use crate::money::Money;
    use crate::time::Timestamp;

    fn moment(jobs: &[(&str, State)]) -> Moment {
        let row = |(id, state): &(&str, State)| Row {
            id: JobId::new(*id),
            cells: [id, "bell.qasm", "garnet", state.word(), "5", "held $0.445", "3 s"].map(str::to_owned),
            state: *state,
        };
        Moment {
            at: Timestamp::from_seconds(1_795_000_000),
            rows: jobs.iter().map(row).collect(),
            open: 7,
            held: "0.445".parse().unwrap_or(Money::ZERO),
            settled: Money::ZERO,
            budgets: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn drawn(screen: &mut Screen, moment: &Moment) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(100, 9)).unwrap();
        terminal.draw(|frame| screen.draw(frame, moment)).unwrap();
        let buffer = terminal.backend().buffer().clone();
        let line = |y| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..9).map(line).collect()
    }

    fn press(screen: &mut Screen, code: KeyCode, moment: &Moment) -> Wish {
        screen.key(KeyEvent::new(code, KeyModifiers::NONE), moment)
    }

    #[test]
    fn a_frame_shows_money_jobs_and_keys() {
        let (mut screen, moment) = (Screen::default(), moment(&[("j_a", State::Queued)]));
        let lines = drawn(&mut screen, &moment);
        assert!(lines[0].starts_with("shotbook · 7 open · held $0.445 · settled $0.00"), "{lines:?}");
        assert!(lines[1].starts_with("JOB ") && lines[2].contains("j_a"), "{lines:?}");
        assert!(lines[2].contains("QUEUED") && lines[2].contains("held $0.445"), "{lines:?}");
        assert!(lines[8].contains("q quit"), "{lines:?}");
    }

    #[test]
    fn a_cancel_is_asked_for_and_only_y_takes_it() {
        let moment = moment(&[("j_a", State::Queued), ("j_b", State::Running)]);
        let mut screen = Screen::default();
        drawn(&mut screen, &moment);
        assert_eq!(press(&mut screen, KeyCode::Down, &moment), Wish::Nothing);
        assert_eq!(press(&mut screen, KeyCode::Char('w'), &moment), Wish::Explain(JobId::new("j_b")));
        assert_eq!(press(&mut screen, KeyCode::Char('c'), &moment), Wish::Nothing);
        assert!(drawn(&mut screen, &moment)[8].contains("cancel j_b?"));
        assert_eq!(press(&mut screen, KeyCode::Char('q'), &moment), Wish::Nothing, "no is no");
        press(&mut screen, KeyCode::Char('c'), &moment);
        assert_eq!(press(&mut screen, KeyCode::Char('y'), &moment), Wish::Cancel(JobId::new("j_b")));
        assert_eq!(press(&mut screen, KeyCode::Char('y'), &moment), Wish::Nothing, "once");
        screen.over = Some(("why".into(), "it is due".into()));
        assert!(drawn(&mut screen, &moment).iter().any(|l| l.contains("it is due")));
        assert_eq!(press(&mut screen, KeyCode::Esc, &moment), Wish::Nothing, "closes the text");
        assert_eq!(press(&mut screen, KeyCode::Esc, &moment), Wish::Quit);
    }

    #[test]
    fn an_empty_store_draws() {
        let (mut screen, moment) = (Screen::default(), moment(&[]));
        drawn(&mut screen, &moment);
        assert_eq!(press(&mut screen, KeyCode::Enter, &moment), Wish::Nothing);
        assert_eq!(press(&mut screen, KeyCode::Down, &moment), Wish::Nothing);
    }
}
