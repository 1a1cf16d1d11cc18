//! A program of the user's that optimises, over JSON lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use super::TrainingError;
use crate::train::machine::Definition;
use crate::train::optimizer::External;

/// A program that optimises, as a child of this process.
pub(super) struct Program {
    command: String,
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it and tells it all that it was told before.
    pub(super) fn start(external: &External, definition: &Definition) -> Result<Self, TrainingError> {
        let command = external.command.clone();
        let wrong = |why: String| TrainingError::Program { command: command.clone(), why };
        let mut child = Command::new("sh")
            .args(["-c", &command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| wrong(e.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(to), Some(from)) = pipes else { return Err(wrong("has no pipes".to_owned())) };
        let mut program = Self { command: command.clone(), child, to, from: BufReader::new(from) };
        program.say(&External::hello(&definition.start, definition.seed, definition.iterations))?;
        for values in &external.told {
            program.listen(external.x.len())?;
            program.tell(values)?;
        }
        if let Some(asked) = external.pending()
            && program.listen(external.x.len())?.as_ref() != Some(asked)
        {
            return Err(program.wrong("asked something else than before it was cut; it must repeat itself"));
        }
        Ok(program)
    }

    fn wrong(&self, why: impl Into<String>) -> TrainingError {
        TrainingError::Program { command: self.command.clone(), why: why.into() }
    }

    fn say(&mut self, value: &serde_json::Value) -> Result<(), TrainingError> {
        let line = value.to_string() + "\n";
        self.to
            .write_all(line.as_bytes())
            .and_then(|()| self.to.flush())
            .map_err(|e| self.wrong(e.to_string()))
    }

    pub(super) fn tell(&mut self, values: &[f64]) -> Result<(), TrainingError> {
        self.say(&serde_json::json!({ "tell": values }))
    }

    /// Its next question; nothing when it has ended or says `{"done": true}`.
    pub(super) fn listen(&mut self, parameters: usize) -> Result<Option<Vec<Vec<f64>>>, TrainingError> {
        #[derive(Deserialize)]
        struct Line {
            ask: Option<Vec<Vec<f64>>>,
        }
        let mut line = String::new();
        let read = self.from.read_line(&mut line).map_err(|e| self.wrong(e.to_string()))?;
        if read == 0 {
            let ended = self.child.wait().map_err(|e| self.wrong(e.to_string()))?;
            return if ended.success() { Ok(None) } else { Err(self.wrong(format!("ended with {ended}"))) };
        }
        let said: Line =
            serde_json::from_str(&line).map_err(|e| self.wrong(format!("said {line:?}: {e}")))?;
        let fits = |p: &Vec<f64>| p.len() == parameters && p.iter().all(|x| x.is_finite());
        match said.ask {
            Some(points) if points.is_empty() || points.len() > 10_000 || !points.iter().all(fits) => {
                Err(self.wrong(format!(
                    "asked for points that are not 1 to 10,000 lists of {parameters} numbers"
                )))
            }
            asked => Ok(asked),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It ends with us; one that ended by itself is only collected.
        let _gone = self.child.kill();
        let _collected = self.child.wait();
    }
}
