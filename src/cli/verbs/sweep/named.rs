//! Sweeps that a `shotbook.toml` names: `[sweep.NAME]`, with the words of the flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Sweep;
use crate::cli::Failure;
use crate::cli::circuit::{CircuitArgs, read_text};

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    file: String,
    param: Option<Texts>,
    #[serde(default)]
    zip: bool,
    points: Option<String>,
    #[serde(default)]
    input: BTreeMap<String, toml::Value>,
    shots: Option<u64>,
    device: Option<String>,
    budget: Option<Texts>,
    project: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    max_cost: Option<String>,
    /// False: single tasks, also where the device takes program sets.
    pack: Option<bool>,
}

/// What holds for everything beside the file, and its sweeps; models are `train`'s.
#[derive(Deserialize)]
struct File {
    project: Option<String>,
    device: Option<String>,
    budget: Option<Texts>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    sweep: BTreeMap<String, Row>,
}

impl Texts {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// The `shotbook.toml` of this folder or the nearest one above.
pub fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join("shotbook.toml")).find(|file| file.is_file())
}

/// All sweeps of a file by name. Paths in it are below its folder.
///
/// # Errors
/// A file that cannot be read, or a row with a word that no sweep knows.
pub fn all(path: &Path) -> Result<BTreeMap<String, Sweep>, Failure> {
    let shown = path.display().to_string();
    let text = read_text(&shown)?;
    let wrong = |e: toml::de::Error| {
        Failure::new("SB2006", format!("{shown}: {}", e.to_string().trim_end()))
            .with_help("mend that line; [sweep.NAME] takes file, param, shots, device and more")
    };
    let file: File = toml::from_str(&text).map_err(wrong)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let below = |name: String| if name == "-" { name } else { folder.join(name).display().to_string() };
    let common = (file.project, file.device, file.budget, file.tags);
    let one = |row: Row| {
        let (project, device, budget, tags) = common.clone();
        let tags: BTreeMap<String, String> = tags.into_iter().chain(row.tags).collect();
        let input = row.input.iter().map(|(name, value)| match value {
            toml::Value::String(bits) => format!("{name}={bits}"),
            other => format!("{name}={other}"),
        });
        Sweep {
            file: Some(below(row.file)),
            params: row.param.map(Texts::list).unwrap_or_default(),
            zip: row.zip,
            points: row.points.map(below),
            on: row.device.or(device),
            shots: row.shots,
            budget: row.budget.or(budget).map(Texts::list).unwrap_or_default(),
            project: row.project.or(project),
            tags: tags.iter().map(|(k, v)| format!("{k}={v}")).collect(),
            max_cost: row.max_cost,
            tasks: row.pack == Some(false),
            circuit: CircuitArgs { input: input.collect(), ..CircuitArgs::default() },
            ..Sweep::default()
        }
    };
    Ok(file.sweep.into_iter().map(|(name, row)| (name, one(row))).collect())
}

/// The sweep that FILE means: one that the nearest `shotbook.toml` names, unless there is such a file;
/// flags stand before its words.
pub fn meant(flags: &Sweep) -> Result<Sweep, Failure> {
    let name = flags.file.as_deref().unwrap_or_default();
    let path = nearest().filter(|_| name != "-" && !Path::new(name).exists());
    let Some(path) = path else { return Ok(flags.clone()) };
    let mut named = all(&path)?;
    let Some(row) = named.remove(name) else {
        let known: Vec<String> = named.into_keys().collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let why = format!("there is no file {name}, and {} names no such sweep: {known}", path.display());
        return Err(Failure::new("SB2006", why).with_help("name a circuit file, or one of those sweeps"));
    };
    Ok(over(flags.clone(), row))
}

fn over(flags: Sweep, row: Sweep) -> Sweep {
    let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
    let own_points = !flags.params.is_empty() || flags.points.is_some();
    let (params, points, zip) =
        if own_points { (flags.params, flags.points, flags.zip) } else { (row.params, row.points, row.zip) };
    let mut circuit = flags.circuit;
    // Of one name the last value counts, so a flag's comes after the file's.
    circuit.input.splice(0..0, row.circuit.input);
    Sweep {
        file: row.file,
        params,
        points,
        zip,
        on: flags.on.or(row.on),
        shots: flags.shots.or(row.shots),
        budget: list(flags.budget, row.budget),
        project: flags.project.or(row.project),
        tags: row.tags.into_iter().chain(flags.tags).collect(),
        max_cost: flags.max_cost.or(row.max_cost),
        tasks: flags.tasks || row.tasks,
        circuit,
        ..flags
    }
}
