//! What a program is expected to give, as a small file beside it, and whether a run gave it.
//!
//! Counts are judged by a bound that holds for any number of shots: a right program is called wrong
//! less than once in [`FALSE_ALARM`]`^-1` comparisons. Exact values are judged by a tolerance.

mod compare;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use num_complex::Complex64;
use serde::Deserialize;

use crate::circuit::BitString;

/// Name of the shape that this version reads.
pub const SCHEMA: &str = "shotbook.expect/1";
/// How often a comparison of counts may refuse a right program.
pub const FALSE_ALARM: f64 = 1e-9;
/// How far an exact value may be off, unless the file says otherwise.
pub const TOLERANCE: f64 = 1e-9;

/// What a program is expected to give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// Shots to take; `None` leaves them to the caller.
    pub shots: Option<u64>,
    /// Seed to run with.
    pub seed: Option<u64>,
    /// Values of the free inputs, as the file writes them.
    pub inputs: BTreeMap<String, serde_json::Value>,
    /// Probability of each outcome; an outcome that is not listed must not come.
    pub probabilities: Option<BTreeMap<BitString, f64>>,
    /// Answers to the result pragmas, in their order.
    pub values: Vec<Value>,
    /// How far an exact value may be off.
    pub tolerance: f64,
    /// The device that refuses the program, where only a device does.
    pub device: Option<String>,
    /// The reader that refuses the program as it is written, where only a reader does.
    pub reader: Option<String>,
    /// The diagnostic that the program must give instead of an answer.
    pub refused: Option<Refused>,
}

/// The first diagnostic of a program that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// Its code.
    pub code: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What the help must name, such as the word that was meant.
    pub names: Option<String>,
}

/// The expected answer to one result pragma.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The word of the pragma: `expectation`.
    pub kind: String,
    /// The numbers of it.
    pub answer: Answer,
}

/// The numbers of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// One number.
    Number(f64),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// Amplitudes, or a matrix row by row.
    Complex(Vec<Complex64>),
    /// Amplitudes by basis state.
    States(BTreeMap<BitString, Complex64>),
}

/// Why a file of expectations cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadExpect {
    /// Not the written shape.
    #[error("the expectations are not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// Another version's shape.
    #[error("the expectations have the shape {0:?}, this version reads {SCHEMA:?}")]
    Schema(String),
    /// Something that means nothing.
    #[error("{what} cannot be {found}")]
    Value {
        /// The field.
        what: &'static str,
        /// What stands there.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    shots: Option<u64>,
    seed: Option<u64>,
    #[serde(default)]
    inputs: BTreeMap<String, serde_json::Value>,
    probabilities: Option<BTreeMap<String, f64>>,
    #[serde(default)]
    result_types: Vec<ValueRow>,
    tolerance: Option<f64>,
    device: Option<String>,
    reader: Option<String>,
    refused: Option<Refused>,
}

#[derive(Deserialize)]
struct ValueRow {
    #[serde(rename = "type")]
    kind: String,
    value: serde_json::Value,
}

impl Expect {
    /// Reads a file of expectations.
    ///
    /// # Errors
    /// When it has another shape, or probabilities that are none.
    pub fn from_json(text: &str) -> Result<Self, BadExpect> {
        let file: File = serde_json::from_str(text)?;
        if file.schema != SCHEMA {
            return Err(BadExpect::Schema(file.schema));
        }
        let tolerance = file.tolerance.unwrap_or(TOLERANCE);
        if !(0.0..=1.0).contains(&tolerance) {
            return Err(BadExpect::Value { what: "tolerance", found: tolerance.to_string() });
        }
        Ok(Self {
            shots: file.shots,
            seed: file.seed,
            inputs: file.inputs,
            probabilities: file.probabilities.map(probabilities).transpose()?,
            values: file.result_types.into_iter().map(value).collect::<Result<_, _>>()?,
            tolerance,
            device: file.device,
            reader: file.reader,
            refused: file.refused,
        })
    }
}

fn probabilities(rows: BTreeMap<String, f64>) -> Result<BTreeMap<BitString, f64>, BadExpect> {
    let bad = |found: String| BadExpect::Value { what: "probabilities", found };
    let sum: f64 = rows.values().sum();
    if !rows.values().all(|p| (0.0..=1.0).contains(p)) || (sum - 1.0).abs() > 1e-6 {
        return Err(bad(format!("a sum of {sum}")));
    }
    rows.into_iter().map(|(bits, p)| bits.parse().map(|b: BitString| (b, p)).map_err(|_| bad(bits))).collect()
}

fn value(row: ValueRow) -> Result<Value, BadExpect> {
    let answer =
        answer(&row.value).ok_or_else(|| BadExpect::Value { what: "value", found: row.value.to_string() })?;
    Ok(Value { kind: row.kind, answer })
}

/// The numbers of a JSON value in the form of Braket's results: complex numbers are `[re, im]`.
fn answer(json: &serde_json::Value) -> Option<Answer> {
    use serde_json::Value as Json;
    match json {
        Json::Number(n) => Some(Answer::Number(n.as_f64()?)),
        Json::Object(states) => states
            .iter()
            .map(|(bits, z)| Some((bits.parse().ok()?, complex(z)?)))
            .collect::<Option<_>>()
            .map(Answer::States),
        Json::Array(list) => match list.first() {
            None | Some(Json::Number(_)) => {
                list.iter().map(Json::as_f64).collect::<Option<_>>().map(Answer::Numbers)
            }
            // A pair of numbers is an amplitude; a row of pairs belongs to a matrix.
            Some(Json::Array(first)) if first.first().is_some_and(Json::is_number) => {
                list.iter().map(complex).collect::<Option<_>>().map(Answer::Complex)
            }
            Some(Json::Array(_)) => {
                let rows =
                    list.iter().map(|row| row.as_array()?.iter().map(complex).collect::<Option<Vec<_>>>());
                rows.collect::<Option<Vec<_>>>().map(|rows| Answer::Complex(rows.concat()))
            }
            Some(_) => None,
        },
        _ => None,
    }
}

fn complex(json: &serde_json::Value) -> Option<Complex64> {
    match json.as_array()?.as_slice() {
        [re, im] => Some(Complex64::new(re.as_f64()?, im.as_f64()?)),
        _ => None,
    }
}
