//! The table of the product's error codes: one row per code, printed by `help CODE` and the docs.

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// `SB3001`.
    pub code: &'static str,
    /// Family, for programs that branch.
    pub kind: &'static str,
    /// Exit code of the process.
    pub exit: u8,
    /// What it means.
    pub why: &'static str,
    /// What to type.
    pub help: &'static str,
}

const fn row(code: &'static str, kind: &'static str, exit: u8, why: &'static str, help: &'static str) -> Row {
    Row { code, kind, exit, why, help }
}

/// All codes, by number.
pub static ROWS: [Row; 34] = [
    row(
        "SB1001",
        "bug",
        1,
        "Something that cannot happen happened.",
        "Please report it with the command you typed.",
    ),
    row(
        "SB1101",
        "store",
        1,
        "The store cannot be read or written: the disk is full, read-only or gone.",
        "Mend the disk, then type the command again; nothing was lost.",
    ),
    row(
        "SB1102",
        "store",
        1,
        "The store is damaged; nothing was written to it.",
        "shotbook store check; restore a backup with a copy of the file.",
    ),
    row(
        "SB1103",
        "store",
        1,
        "A newer Shotbook made the store.",
        "Use the newer program, or another store: --store sqlite:PATH",
    ),
    row(
        "SB1104",
        "store",
        1,
        "The store's file vanished while its marker is still there.",
        "Put the file back, or remove the marker if it is gone for good.",
    ),
    row(
        "SB1105",
        "store",
        1,
        "Another process holds the store.",
        "Wait a moment and type the command again.",
    ),
    row(
        "SB1106",
        "store",
        1,
        "The store would lie on a file system that several machines share.",
        "--store sqlite:PATH on a disk of this machine",
    ),
    row("SB2001", "usage", 2, "The command line cannot be understood.", "shotbook help VERB"),
    row(
        "SB2002",
        "usage",
        2,
        "Money would be spent and nobody was asked.",
        "Add --yes, or answer in a terminal.",
    ),
    row(
        "SB2003",
        "usage",
        2,
        "The key belongs to another job.",
        "Use another --key, or look at that job: shotbook show KEY",
    ),
    row(
        "SB2004",
        "usage",
        2,
        "A store holds real or play money, never both.",
        "Use another store for this endpoint: --store sqlite:PATH",
    ),
    row("SB2005", "usage", 2, "There is no such job, or the prefix means several.", "shotbook jobs"),
    row("SB2006", "usage", 2, "A file cannot be read.", "Check its name and rights."),
    row(
        "SB2007",
        "usage",
        2,
        "Run is free and local; paid devices take submissions.",
        "shotbook submit FILE --on DEVICE --shots N",
    ),
    row(
        "SB2008",
        "usage",
        2,
        "AWS settings are missing: region, credentials or endpoint.",
        "shotbook doctor",
    ),
    row(
        "SB2009",
        "usage",
        2,
        "A price list is refused whole: a row is missing, doubled, foreign, or no price above zero.",
        "shotbook prices show; the older list stays in use.",
    ),
    row(
        "SB2010",
        "usage",
        2,
        "The program that optimises did not keep to its lines of ask and tell.",
        "shotbook help train; it reads and writes one JSON object a line.",
    ),
    row(
        "SB2011",
        "usage",
        2,
        "The parameters of that training mean nothing here.",
        "shotbook models list; start cold, or from a training of the same circuit and kind.",
    ),
    row(
        "SB2012",
        "usage",
        2,
        "The store was made on another machine; used on both, it would buy everything twice.",
        "shotbook store here, once no other machine uses it",
    ),
    row(
        "SB2020",
        "usage",
        2,
        "A bill is refused whole: it is no table, a column is missing, an amount or a date is none, or a line counts twice.",
        "shotbook help reconcile",
    ),
    row(
        "SB3001",
        "budget",
        3,
        "A budget has no room for this.",
        "shotbook budget list; the message says what would fit.",
    ),
    row(
        "SB3002",
        "budget",
        3,
        "It can cost more than --max-cost.",
        "Raise --max-cost, or ask for fewer shots.",
    ),
    row(
        "SB3003",
        "budget",
        3,
        "Circuit, inputs, shots or prices moved since the quote.",
        "shotbook quote FILE --shots N",
    ),
    row("SB3004", "budget", 3, "There is no budget of that name.", "shotbook budget list"),
    row("SB4901", "device", 4, "There is no such device.", "shotbook devices list"),
    row(
        "SB4902",
        "device",
        4,
        "The device cannot run this circuit.",
        "shotbook check FILE --on DEVICE says which line; shotbook quote FILE shows who can.",
    ),
    row("SB4903", "device", 4, "No price is known for the device.", "shotbook prices show"),
    row("SB5000", "input", 5, "The circuit is wrong.", "shotbook check FILE"),
    row(
        "SB5061",
        "internal",
        1,
        "A translation does not do what the original does; nothing was written.",
        "Report it with the circuit.",
    ),
    row(
        "SB5100",
        "input",
        5,
        "The simulator cannot run this circuit.",
        "Use a smaller circuit, more memory, or a managed simulator: --on sv1",
    ),
    row("SB6001", "job", 6, "The job failed, was refused or was cancelled.", "shotbook show JOB"),
    row("SB6002", "job", 6, "The result is not what was expected, or is not there.", "shotbook show JOB"),
    row(
        "SB7001",
        "doubt",
        7,
        "A reply was lost or AWS cannot be reached; money stays held until there is proof.",
        "shotbook resume, later; shotbook why JOB says when.",
    ),
    row("SB8001", "running", 8, "The job still runs.", "shotbook wait JOB"),
];

/// The row of a code.
pub fn find(code: &str) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.code.eq_ignore_ascii_case(code))
}

/// The page of all codes, of the product and of programs.
pub fn page() -> String {
    use std::fmt::Write as _;
    let mut out = String::from("# Error codes\n\nMade from the tables; `shotbook help CODE` prints one.\n");
    out.push_str("\n| code | exit | meaning | what to type |\n|---|---|---|---|\n");
    for row in &ROWS {
        let _ = writeln!(out, "| {} | {} | {} | {} |", row.code, row.exit, row.why, row.help);
    }
    out.push_str("\n## What a device refuses\n\n| code | meaning | what to do |\n|---|---|---|\n");
    for rule in shotbook_sim::target::RULES {
        let _ = writeln!(out, "| {} | {} | {} |", rule.code, rule.title, rule.help);
    }
    out.push_str("\n## What is wrong with a program\n");
    for row in &shotbook_sim::codes::ROWS {
        let _ = writeln!(out, "\n### {}: {}\n\n{} {}", row.code, row.title, row.why, row.help);
        if !row.example.is_empty() {
            let _ = writeln!(out, "\n```qasm\n{}\n```", row.example);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ROWS.windows(2).all(|w| w[0].code < w[1].code));
        let rules = shotbook_sim::target::RULES.iter().map(|r| r.code);
        let programs = shotbook_sim::codes::ROWS.iter().map(|r| r.code);
        let mut all: Vec<&str> = ROWS.iter().map(|r| r.code).chain(rules).chain(programs).collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n, "a code means one thing");
    }

    #[test]
    fn the_page_is_made_from_the_rows() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");
        if std::env::var_os("SHOTBOOK_UPDATE").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(written, page(), "run the tests with SHOTBOOK_UPDATE=1 to make it anew");
    }
}
