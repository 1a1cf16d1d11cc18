//! The points of a sweep from its flags: ranges, lists and files of numbers.

use crate::cli::Failure;
use crate::cli::circuit::read_text;

/// Most points of one sweep.
const MOST: usize = 100_000;

/// One point: its values in the order of the names, and its shots where a file gives them.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli::verbs) struct Row {
    pub values: Vec<f64>,
    pub shots: Option<u64>,
}

/// Names of the swept inputs and the points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::cli::verbs) struct Points {
    pub names: Vec<String>,
    pub rows: Vec<Row>,
}

impl Points {
    /// The number of every point.
    pub(super) fn all(&self) -> Vec<u32> {
        (0..self.rows.len() as u32).collect()
    }
}

fn wrong(why: impl Into<String>) -> Failure {
    Failure::new("SB2001", why.into()).with_help("--param theta=0:6.28:500, or --points FILE.csv")
}

/// Points of ranges: side by side with `zip`, else every combination, the last name fastest.
pub(super) fn of_params(params: &[String], zip: bool) -> Result<Points, Failure> {
    let mut names: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    for text in params {
        let (name, values) = param(text)?;
        if names.contains(&name) {
            return Err(wrong(format!("{name} is given twice")));
        }
        names.push(name);
        columns.push(values);
    }
    let many = if zip {
        let first = columns.first().map_or(0, Vec::len);
        if let Some(at) = columns.iter().position(|c| c.len() != first) {
            let (name, n) = (&names[at], columns[at].len());
            return Err(wrong(format!(
                "--zip needs as many values of each: {name} has {n}, {} has {first}",
                names[0]
            )));
        }
        first
    } else {
        columns.iter().try_fold(1usize, |n, c| n.checked_mul(c.len())).unwrap_or(usize::MAX)
    };
    check_many(many)?;
    let value = |i: usize, column: usize| {
        let after: usize = if zip { 1 } else { columns[column + 1..].iter().map(Vec::len).product() };
        columns[column][i / after % columns[column].len()]
    };
    let row = |i| Row { values: (0..columns.len()).map(|c| value(i, c)).collect(), shots: None };
    Ok(Points { names, rows: (0..many).map(row).collect() })
}

fn check_many(n: usize) -> Result<(), Failure> {
    match n {
        0 => Err(wrong("the sweep has no point")),
        n if n > MOST => Err(wrong(format!("a sweep has at most {MOST} points"))),
        _ => Ok(()),
    }
}

/// `NAME=FROM:TO:COUNT`, ends included, or `NAME=A,B,C`.
fn param(text: &str) -> Result<(String, Vec<f64>), Failure> {
    let bad = || wrong(format!("{text:?} is not NAME=FROM:TO:COUNT"));
    let (name, range) = text.split_once('=').ok_or_else(bad)?;
    let number = |s: &str| s.trim().parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(bad);
    let values = match range.split(':').collect::<Vec<_>>().as_slice() {
        [from, to, count] => {
            let (from, to) = (number(from)?, number(to)?);
            let count: usize = count.trim().parse().map_err(|_| bad())?;
            check_many(count)?;
            let last = (count - 1).max(1) as f64;
            // A weighted mean hits both ends exactly and cannot overflow.
            (0..count).map(|i| i as f64 / last).map(|t| from * (1.0 - t) + to * t).collect()
        }
        [list] => list.split(',').map(number).collect::<Result<Vec<_>, _>>()?,
        _ => return Err(bad()),
    };
    if name.is_empty() { Err(bad()) } else { Ok((name.to_owned(), values)) }
}

/// Points of a CSV file: a header of names, then numbers; a column `shots` gives shots of each point.
pub(super) fn of_file(file: &str) -> Result<Points, Failure> {
    let text = read_text(file)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let place = |e: csv::Error| wrong(format!("{file}: {e}"));
    let header: Vec<String> = reader.headers().map_err(place)?.iter().map(str::to_owned).collect();
    let shots_at = header.iter().position(|h| h == "shots");
    let names: Vec<String> = header.iter().filter(|h| *h != "shots").cloned().collect();
    if let Some(i) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
        return Err(wrong(format!("{file}: the column {} stands twice", names[i])));
    }
    let mut rows = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(place)?;
        let bad = |cell: &str| wrong(format!("{file}:{}: {cell:?} is no number", number + 2));
        let mut row = Row { values: Vec::new(), shots: None };
        for (at, cell) in record.iter().enumerate() {
            if shots_at == Some(at) {
                row.shots = Some(cell.parse().map_err(|_| bad(cell))?);
            } else {
                row.values.push(cell.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| bad(cell))?);
            }
        }
        rows.push(row);
        check_many(rows.len())?;
    }
    check_many(rows.len())?;
    Ok(Points { names, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(params: &[&str], zip: bool) -> Vec<Vec<f64>> {
        let params: Vec<String> = params.iter().map(|p| (*p).to_owned()).collect();
        of_params(&params, zip).unwrap().rows.into_iter().map(|r| r.values).collect()
    }

    #[test]
    fn ranges_hit_both_ends_and_combine() {
        assert_eq!(values(&["a=0:1:3"], false), [[0.0], [0.5], [1.0]]);
        assert_eq!(values(&["a=0.1:6.3:500"], false)[499], [6.3]);
        assert_eq!(values(&["a=2:9:1"], false), [[2.0]]);
        let grid = values(&["a=0:1:2", "b=5,6,7"], false);
        assert_eq!((grid.len(), &grid[1], &grid[3]), (6, &vec![0.0, 6.0], &vec![1.0, 5.0]));
        assert_eq!(values(&["a=0:1:2", "b=5,6"], true), [[0.0, 5.0], [1.0, 6.0]]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let refused =
            ["a", "a=", "=0:1:2", "a=0:1", "a=0:1:0", "a=0:nan:3", "a=0:inf:3", "a=0:1:999999999999"];
        for text in refused {
            assert!(of_params(&[text.to_owned()], false).is_err(), "{text}");
        }
        let many = ["a=0:1:1000".to_owned(), "b=0:1:1000".to_owned()];
        assert!(of_params(&many, false).is_err() && of_params(&many, true).is_ok());
        assert!(of_params(&[many[0].clone(), many[0].clone()], false).is_err());
    }
}
