//! A circuit file as a command takes it: read, hash, parse, inputs filled in.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use shotbook_sim::circuit::{Circuit, Op};
use shotbook_sim::diagnostic::Severity;
use shotbook_sim::limits;
use shotbook_sim::qasm::{self, Dialect, Files, InputValue, Inputs, ParseOptions, Reading};

use super::diagnostics;
use super::failure::Failure;
use super::output::Out;
use crate::app;
use crate::ids::hex;

/// Flags of every verb that takes a circuit.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CircuitArgs {
    /// Value of an input
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// Values of inputs, one JSON object
    #[arg(long, value_name = "FILE.json")]
    pub inputs: Option<PathBuf>,
    /// Dialect: openqasm3, openqasm2, json; by content unless told
    #[arg(long, value_name = "DIALECT")]
    pub from: Option<String>,
}

/// A circuit that was read.
pub struct Loaded {
    /// File name.
    pub name: String,
    /// Text.
    pub text: Arc<str>,
    /// SHA-256 of the text.
    pub sha256: String,
    /// Everything that reading gave.
    pub reading: Reading,
    /// Values of inputs.
    pub inputs: Inputs,
}

/// Files below the program's folder.
struct Below(PathBuf);

impl Files for Below {
    fn read(&self, path: &str) -> Result<String, String> {
        let whole = self.0.join(path);
        let outside = || format!("{path:?} is outside the program's folder");
        let root = self.0.canonicalize().map_err(|e| e.to_string())?;
        let real = whole.canonicalize().map_err(|e| format!("{path:?} cannot be read: {e}"))?;
        if !real.starts_with(&root) || !real.is_file() {
            return Err(outside());
        }
        read_bounded(&real).map_err(|e| format!("{path:?} cannot be read: {e}"))
    }
}

/// Why a file gave no text.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("it is no file")]
    NoFile,
    #[error("it is not UTF-8 text at line {line}, column {column}")]
    NoText { line: usize, column: usize },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Unread {
    fn of(self, file: &str) -> Failure {
        let failure = Failure::new("SB2006", format!("{file} cannot be read: {self}"));
        match self {
            Self::NoFile => failure.with_help("name a file, or - for standard input"),
            Self::NoText { .. } => failure.with_help("is it the right file? Text is read as UTF-8"),
            Self::Io(_) => failure,
        }
    }
}

fn read_bounded(path: &Path) -> Result<String, Unread> {
    let file = std::fs::File::open(path)?;
    if !file.metadata().is_ok_and(|m| m.is_file()) {
        return Err(Unread::NoFile);
    }
    text_of(file)
}

fn text_of(reader: impl Read) -> Result<String, Unread> {
    let mut bytes = Vec::new();
    reader.take(limits::SOURCE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        let start = good.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        Unread::NoText { line, column: String::from_utf8_lossy(&good[start..]).chars().count() + 1 }
    })
}

fn read(file: &str) -> Result<String, Unread> {
    if file == "-" { text_of(std::io::stdin().lock()) } else { read_bounded(Path::new(file)) }
}

/// Reads a file, or standard input for `-`.
pub fn read_text(file: &str) -> Result<String, Failure> {
    read(file).map_err(|why| why.of(file))
}

/// The same of a circuit: text in another encoding is a wrong circuit.
fn read_circuit(file: &str) -> Result<String, Failure> {
    read(file).map_err(|why| match why {
        Unread::NoText { .. } => Failure::new("SB5000", format!("{file} cannot be read: {why}"))
            .with_help("save it as UTF-8: `iconv -f latin1 -t utf-8 FILE`, or name the right file"),
        why => why.of(file),
    })
}

impl CircuitArgs {
    fn dialect(&self) -> Result<Dialect, Failure> {
        Ok(match self.from.as_deref() {
            None | Some("auto") => Dialect::Auto,
            Some("openqasm3" | "braket" | "qasm3") => Dialect::OpenQasm3,
            Some("openqasm2" | "qasm2") => Dialect::OpenQasm2,
            Some("json") => Dialect::Json,
            Some(other) => {
                let help = "openqasm3, openqasm2 or json";
                return Err(Failure::new("SB2001", format!("{other:?} is no dialect")).with_help(help));
            }
        })
    }

    /// Values of inputs from the flags.
    pub fn values(&self) -> Result<Inputs, Failure> {
        let wrong = |why: String| Failure::new("SB2001", why).with_help("--input theta=0.5");
        let mut out = Inputs::new();
        if let Some(path) = &self.inputs {
            let text = read_text(&path.to_string_lossy())?;
            out = app::inputs_from_json(text.as_bytes()).map_err(wrong)?;
        }
        for pair in &self.input {
            let (name, value) =
                pair.split_once('=').ok_or_else(|| wrong(format!("{pair:?} is not NAME=VALUE")))?;
            // `0010` is four bits, not ten: a number has no zeros in front.
            let digits =
                value.len() > 1 && value.starts_with('0') && value.bytes().all(|b| b"01".contains(&b));
            let value = if digits {
                InputValue::Bits(value.to_owned())
            } else if let Ok(n) = value.parse::<i64>() {
                InputValue::Int(n)
            } else if let Ok(x) = value.parse::<f64>() {
                InputValue::Number(x)
            } else {
                let bits = value.trim_matches('"');
                if bits.is_empty() || !bits.bytes().all(|b| b == b'0' || b == b'1') {
                    return Err(wrong(format!("{value:?} is no number and no bits")));
                }
                InputValue::Bits(bits.to_owned())
            };
            out.insert(name.to_owned(), value);
        }
        Ok(out)
    }

    /// Reads a circuit; nothing is shown yet.
    pub fn load(&self, file: &str) -> Result<Loaded, Failure> {
        self.of_text(file, read_circuit(file)?)
    }

    /// Reads a text as if it stood in a file.
    pub fn of_text(&self, file: &str, text: String) -> Result<Loaded, Failure> {
        let (inputs, text) = (self.values()?, Arc::<str>::from(text));
        let path = Path::new(file);
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let below = Below(folder.to_owned());
        let options = ParseOptions { dialect: self.dialect()?, files: &below };
        let shown = if file == "-" { "<stdin>" } else { file };
        let reading = qasm::read(shown, Arc::clone(&text), &options, &inputs);
        let name = path.file_name().map_or_else(|| shown.to_owned(), |n| n.to_string_lossy().into_owned());
        let sha256 = hex(&Sha256::digest(text.as_bytes()));
        let mut all = reading.program.inputs.clone();
        all.extend(inputs);
        Ok(Loaded { name, text, sha256, reading, inputs: all })
    }

    /// Reads a circuit that must be right; what is wrong is shown.
    pub fn load_right(&self, file: &str, out: &mut Out) -> Result<Loaded, Failure> {
        let loaded = self.load(file)?;
        let wrong = loaded.reading.diagnostics.iter().any(|d| d.severity == Severity::Error);
        if !out.is_json() || wrong {
            diagnostics::show(out, &loaded.reading.sources, &loaded.reading.diagnostics);
        }
        if loaded.reading.circuit.is_some() {
            return Ok(loaded);
        }
        let first = loaded.reading.diagnostics.iter().find(|d| d.severity == Severity::Error);
        let message = first.map_or_else(
            || format!("{file} is wrong"),
            |d| {
                let place = loaded.reading.sources.place(d.span.start);
                format!("{}:{}:{}: {} ({})", place.file, place.line, place.column, d.message, d.code)
            },
        );
        Err(Failure::new("SB5000", message).with_help(format!("shotbook check {file}")))
    }
}

impl Loaded {
    /// The circuit.
    pub fn circuit(&self) -> Result<&Circuit, Failure> {
        self.reading.circuit.as_ref().ok_or_else(|| Failure::new("SB5000", format!("{} is wrong", self.name)))
    }

    /// Values of the free inputs in the circuit's order.
    pub fn bound(&self, out: &mut Out) -> Result<Vec<f64>, Failure> {
        qasm::bind(self.circuit()?, &self.inputs).map_err(|wrong| {
            diagnostics::show(out, &self.reading.sources, &wrong);
            let message = wrong.first().map_or_else(String::new, |d| d.message.clone());
            Failure::new("SB5000", message).with_help("--input NAME=VALUE")
        })
    }
}

/// Gates and depth of a circuit, bodies included.
pub fn size_of(circuit: &Circuit) -> (u64, u64) {
    let mut gates = 0u64;
    let mut level = vec![0u64; circuit.n_qubits as usize];
    circuit.walk(&mut |op, _| {
        let qubits: &[u32] = match op {
            Op::Gate(gate) => circuit.gate_qubits(gate),
            Op::Unitary { qubits, .. } => circuit.qubit_range(*qubits),
            _ => return,
        };
        gates += 1;
        let next = qubits.iter().map(|&q| level[q as usize]).max().unwrap_or(0) + 1;
        qubits.iter().for_each(|&q| level[q as usize] = next);
    });
    (gates, level.into_iter().max().unwrap_or(0))
}
