//! Trainings on disk and in motion: one folder each, checkpoints at most once a second, and the loop
//! that answers a training's questions.

mod local;
mod program;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};

pub use local::Local;
use program::Program;
use serde::{Deserialize, Serialize};

use crate::energy::{Band, KWH, two_digits};
use crate::failpoint;
use crate::time;
use crate::train::TrainError;
use crate::train::machine::{Definition, End, State, Used};
use crate::train::optimizer::{Answer, Ask, Optimizer};

/// Between two checkpoints of a local run. Units: microseconds.
const CHECKPOINT_US: u64 = 1_000_000;

/// What a training came to, computed without shots where the circuit is small enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Loss of the best parameters, exactly.
    pub loss: Option<f64>,
    /// Loss of the parameters it started from, exactly.
    pub start_loss: Option<f64>,
    /// Share of the points to judge by that are told right.
    pub accuracy: Option<f64>,
    /// The value that nothing can beat: ground energy, or largest cut.
    pub ideal: Option<f64>,
    /// Wall time of the run. Units: seconds.
    pub wall_seconds: f64,
    /// Energy of the run, where this machine meters it. Units: joules.
    #[serde(default)]
    pub metered_joules: Option<f64>,
    /// Cold trainings beside it.
    #[serde(default)]
    pub controls: Vec<Control>,
}

/// A cold training beside one that started from another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// Iterations until it ended under the same rule.
    pub iterations: u32,
    /// Iterations of a repeat from the trained start, under the same seed.
    #[serde(default)]
    pub warm: Option<u32>,
    /// What it reached, exactly.
    pub loss: Option<f64>,
}

/// A training as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// What makes it.
    pub definition: Definition,
    /// Where it stands.
    pub state: State,
    /// What it came to, once it ended.
    pub reached: Option<Reached>,
}

/// Where trainings are kept.
#[derive(Clone, Debug)]
pub struct Trainings {
    folder: PathBuf,
    /// Whether anything is written.
    keeps: bool,
}

/// Why a training cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// A file of a training.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The circuit, the data or the simulator.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The program that optimises.
    #[error("the optimizer {command:?}: {why}")]
    Program {
        /// Its command.
        command: String,
        /// What it did.
        why: String,
    },
    /// Nothing, or more than one, goes by this name.
    #[error("{0}")]
    Unknown(String),
}

/// Limits of a training besides money.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Caps {
    /// Longest evaluation. Units: seconds.
    pub seconds: Option<f64>,
    /// Most energy, by the high end of its band. Units: joules.
    pub joules: Option<f64>,
}

impl Caps {
    /// The cap that is reached after so much evaluation, with the energy that the next step ends at.
    pub fn reached(&self, seconds: f64, energy: Option<Band>) -> Option<End> {
        if let Some(most) = self.seconds.filter(|most| seconds >= *most) {
            return Some(End::Cap(format!("{most} s of evaluation")));
        }
        let most = self.joules?;
        match energy {
            Some(band) if band.high <= most => None,
            Some(band) => Some(End::Cap(format!(
                "the next step can end at {} kWh, the cap is {} kWh",
                two_digits(band.high / KWH),
                two_digits(most / KWH)
            ))),
            None => Some(End::Cap("the energy of this device is unknown".to_owned())),
        }
    }
}

/// Why the loop stopped.
#[derive(Debug)]
pub enum Halted {
    /// It ended; the state says how.
    Ended,
    /// The person pressed Ctrl-C.
    Interrupted,
}

/// What answers questions: the simulator here, or paid tasks.
pub trait Evaluate {
    /// Why it cannot.
    type Error: From<TrainingError>;

    /// Answers a question of a step; a cap without room for it is an `End`.
    ///
    /// # Errors
    /// What stands in the way; the step is asked again when the training goes on.
    fn answer(&mut self, state: &State, ask: &Ask) -> Result<Result<(Answer, Used), End>, Self::Error>;
}

impl Trainings {
    /// Beside a store: `PATH.trained`.
    pub fn beside(store: &Path) -> Self {
        let mut name = store.file_name().unwrap_or_default().to_os_string();
        name.push(".trained");
        Self { folder: store.with_file_name(name), keeps: true }
    }

    /// A place that forgets everything, for controls.
    pub fn nowhere() -> Self {
        Self { folder: PathBuf::new(), keeps: false }
    }

    fn path(&self, id: &str, file: &str) -> PathBuf {
        self.folder.join(id).join(file)
    }

    /// Keeps a new training.
    ///
    /// # Errors
    /// The disk's.
    pub fn create(&self, id: &str, definition: &Definition, state: &State) -> Result<(), TrainingError> {
        let folder = self.folder.join(id);
        std::fs::create_dir_all(&folder).map_err(|e| broken(&folder, &e))?;
        self.write(id, "definition.json", definition)?;
        self.write(id, "state.json", state)
    }

    /// Keeps where a training stands.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, id: &str, state: &State) -> Result<(), TrainingError> {
        self.write(id, "state.json", state)
    }

    /// Keeps what it came to.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(&self, id: &str, reached: &Reached) -> Result<(), TrainingError> {
        self.write(id, "reached.json", reached)
    }

    /// The old file or the new one is there whatever happens in between, also beside a second process.
    fn write(&self, id: &str, file: &str, value: &impl Serialize) -> Result<(), TrainingError> {
        if !self.keeps {
            return Ok(());
        }
        let own = format!("{file}.{}.part", std::process::id());
        let (path, part) = (self.path(id, file), self.path(id, &own));
        let text = serde_json::to_vec(value).map_err(|e| broken(&path, &e))?;
        let mut out = std::fs::File::create(&part).map_err(|e| broken(&part, &e))?;
        out.write_all(&text).and_then(|()| out.sync_all()).map_err(|e| broken(&part, &e))?;
        std::fs::rename(&part, &path).map_err(|e| broken(&path, &e))
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, id: &str, file: &str) -> Result<T, TrainingError> {
        let path = self.path(id, file);
        let text = std::fs::read(&path).map_err(|e| broken(&path, &e))?;
        serde_json::from_slice(&text).map_err(|e| broken(&path, &e))
    }

    /// A training by its id.
    ///
    /// # Errors
    /// Files that are not there or not readable.
    pub fn load(&self, id: &str) -> Result<Record, TrainingError> {
        let reached = self.path(id, "reached.json").exists().then(|| self.read(id, "reached.json"));
        Ok(Record {
            id: id.to_owned(),
            definition: self.read(id, "definition.json")?,
            state: self.read(id, "state.json")?,
            reached: reached.transpose()?,
        })
    }

    /// Ids, the oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn ids(&self) -> Result<Vec<String>, TrainingError> {
        let mut out = Vec::new();
        if self.folder.exists() {
            for entry in std::fs::read_dir(&self.folder).map_err(|e| broken(&self.folder, &e))? {
                let name =
                    entry.map_err(|e| broken(&self.folder, &e))?.file_name().to_string_lossy().into_owned();
                if self.path(&name, "definition.json").exists() {
                    out.push(name);
                }
            }
        }
        out.sort_unstable();
        Ok(out)
    }

    /// The training that a word means: an id, the beginning of one, a name (the youngest of it), `last`.
    ///
    /// # Errors
    /// None or several.
    pub fn find(&self, word: &str) -> Result<Record, TrainingError> {
        let ids = self.ids()?;
        if matches!(word, "last" | "@last") {
            let none = || TrainingError::Unknown("nothing was trained yet".to_owned());
            return self.load(ids.last().ok_or_else(none)?);
        }
        let mut named = Vec::new();
        for id in ids.iter().rev() {
            let record = self.load(id)?;
            if *id == word || record.definition.name == word {
                return Ok(record);
            }
            if id.starts_with(word) {
                named.push(record);
            }
        }
        match named.len() {
            1 => Ok(named.remove(0)),
            0 => Err(TrainingError::Unknown(format!("there is no training {word}"))),
            n => Err(TrainingError::Unknown(format!("{word} may mean {n} trainings; give more of its id"))),
        }
    }
}

fn broken(path: &Path, why: &impl ToString) -> TrainingError {
    TrainingError::File { path: path.to_path_buf(), why: why.to_string() }
}

/// Answers questions until the training ends, keeping where it stands.
///
/// # Errors
/// The evaluator's, the disk's, or the optimising program's.
pub fn drive<E: Evaluate>(
    trainings: &Trainings,
    record: &mut Record,
    evaluate: &mut E,
    every_step: bool,
    stop: &dyn Fn() -> bool,
    tell: &mut dyn FnMut(&State),
) -> Result<Halted, E::Error> {
    let mut program = match &record.state.optimizer {
        Optimizer::External(external) => Some(Program::start(external, &record.definition)?),
        _ => None,
    };
    let mut kept = time::monotonic_us();
    let halted = loop {
        if let (Some(program), Optimizer::External(external)) = (&mut program, &mut record.state.optimizer)
            && external.is_silent()
            && record.state.end.is_none()
        {
            external.hear(program.listen(external.x.len())?);
            if external.is_silent() || matches!(record.state.optimizer.ask(), Ask::Nothing) {
                record.state.end = Some(End::Converged);
            }
        }
        let ask = record.state.ask();
        if ask == Ask::Nothing {
            record.state.end.get_or_insert(End::Converged);
            break Halted::Ended;
        }
        if stop() {
            break Halted::Interrupted;
        }
        match evaluate.answer(&record.state, &ask)? {
            Ok((answer, used)) => {
                record.state.tell(&record.definition, &answer, used);
                if let Some(program) = &mut program {
                    program.tell(&answer.values)?;
                }
            }
            Err(end) => {
                record.state.end = Some(end);
                break Halted::Ended;
            }
        }
        tell(&record.state);
        let now = time::monotonic_us();
        if every_step || now - kept >= CHECKPOINT_US {
            failpoint::hit("told.before").map_err(|e| broken(Path::new(&record.id), &e))?;
            trainings.keep(&record.id, &record.state)?;
            failpoint::hit("told.after").map_err(|e| broken(Path::new(&record.id), &e))?;
            kept = now;
        }
    };
    trainings.keep(&record.id, &record.state)?;
    Ok(halted)
}
