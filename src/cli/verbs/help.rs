//! `help`: a verb, or an error code.

use shotbook_sim::circuit::gates;
use shotbook_sim::{codes, target};

use crate::cli::output::Out;
use crate::cli::{Context, Failure, command};
use crate::errors;

/// Arguments of `help`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Verb, error code, or `gates`
    topic: Option<String>,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let Some(topic) = args.topic else {
        out.text(&command().render_long_help().to_string());
        return Ok(0);
    };
    if topic == "gates" {
        let row = |r: &gates::Row| {
            vec![r.name.to_owned(), r.n_qubits.to_string(), r.n_angles.to_string(), r.aliases.join(" ")]
        };
        out.table(&["GATE", "QUBITS", "ANGLES", "ALSO"], &[1, 2], gates::ROWS.iter().map(row).collect());
        return Ok(0);
    }
    if let Some(row) = errors::find(&topic) {
        out.line(&format!("{}: {}\n  exit {}\n  try: {}", row.code, row.why, row.exit, row.help));
    } else if let Some(row) = codes::find(&topic) {
        out.line(&format!("{}: {}\n  {}\n  try: {}", row.code, row.title, row.why, row.help));
        if let Some((_, text)) = target::READING.iter().find(|(code, _)| *code == row.code) {
            out.line(&format!("  the service says: {text}"));
        }
        if !row.example.is_empty() {
            out.line("\nwrong, for example:\n");
            row.example.lines().for_each(|l| out.line(&format!("    {l}")));
        }
    } else if let Some(rule) = target::RULES.iter().find(|r| r.code.eq_ignore_ascii_case(&topic)) {
        out.line(&format!("{}: {}\n  {}\n  try: {}", rule.code, rule.title, rule.why, rule.help));
        if let Some(text) = rule.service {
            out.line(&format!("  the service says: {text}"));
        }
    } else if let Some(verb) = command().find_subcommand_mut(&topic) {
        out.text(&verb.render_long_help().to_string());
    } else {
        return Err(
            Failure::new("SB2001", format!("there is no verb or code {topic:?}")).with_help("shotbook help")
        );
    }
    Ok(0)
}
