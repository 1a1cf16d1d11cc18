//! Tables of points with classes: read whole, or refused with the place and what to write instead.

use crate::cli::Failure;
use crate::cli::circuit::read_text;
use crate::train::TrainError;
use crate::train::layers::Data;

/// Part of the points that is learned from.
const SHARE: f64 = 0.8;

/// A table with a header; the classes are the last column unless told.
///
/// # Errors
/// Names the file, the line and the column.
pub(super) fn read(file: &str, label: Option<&str>, seed: u64) -> Result<Data, Failure> {
    let text = read_text(file)?;
    let text = text.trim_start_matches('\u{feff}');
    let wrong = |why: String, help: &str| Failure::new("SB2006", format!("{file}{why}")).with_help(help);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let broken = |e: csv::Error| wrong(format!(": {e}"), SHAPE);
    let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    if header.is_empty() {
        return Err(wrong(": it is empty".to_owned(), SHAPE));
    }
    // Columns may be named 0, 1, 2; nobody names one 0.25.
    let is_number = |name: &&String| name.contains('.') && name.parse::<f64>().is_ok();
    if let Some(number) = header.iter().find(is_number) {
        return Err(wrong(format!(":1: {number} where the name of a column is wanted"), SHAPE));
    }
    if let Some(name) = label.filter(|name| !header.iter().any(|h| h == name)) {
        let why = format!(":1: there is no column {name}; there are {}", header.join(", "));
        return Err(wrong(why, &format!("--label {}", header.last().map_or("NAME", String::as_str))));
    }
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, |at| line_of(text, at));
        if record.len() != header.len() {
            let why = format!(":{line}: {} cells, and the header has {}", record.len(), header.len());
            return Err(wrong(why, "one cell for each column, with commas between them"));
        }
        rows.push(record.iter().map(str::to_owned).collect::<Vec<String>>());
        lines.push(line);
    }
    let class = label.map_or(header.len() - 1, |name| header.iter().position(|h| h == name).unwrap_or(0));
    Data::from_rows(&header, &rows, label, SHARE, seed).map_err(|error| match error {
        TrainError::Cell { row, column, .. } if column == class => {
            let why = format!(":{}: column {}: no class stands there", lines[row], header[column]);
            wrong(why, "write a class there, or take the line away")
        }
        TrainError::Cell { row, column, text } => {
            let why = format!(":{}: column {}: {text:?} is no number", lines[row], header[column]);
            let help =
                format!("write a number there, such as 0.25; if it is the class: --label {}", header[column]);
            wrong(why, &help)
        }
        other => wrong(format!(": {other}"), SHAPE),
    })
}

/// The line on which a record begins; the reader's own is that of the blank lines before it.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|byte| text.get(byte..)).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\n', '\r']).len();
    at.line() + rest[..blank].bytes().filter(|b| *b == b'\n').count() as u64
}

const SHAPE: &str = "a header such as x0,x1,label, then a line for each point: 0.25,-1,a";
