//! What a failed command says: a code for programs, a sentence and the next command for people.

use serde_json::json;

use super::output::{Out, clean};
use crate::app::{ListsError, Refused};
use crate::backend::RemoteError;
use crate::errors::{self, Row};
use crate::runner::RunError;
use crate::store::StoreError;

/// A failure of a command.
#[derive(Debug)]
pub struct Failure {
    row: &'static Row,
    message: String,
    help: String,
}

impl Failure {
    /// A failure of a code of the table.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        let row = errors::find(code).unwrap_or(&errors::ROWS[0]);
        Self { row, message: message.into(), help: row.help.to_owned() }
    }

    /// The same with another next command.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The same with the place that it speaks of.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Code of the table.
    pub fn code(&self) -> &'static str {
        self.row.code
    }

    /// Parameters that mean nothing where they were wanted.
    pub fn refused_transfer(why: String) -> Self {
        Self::new("SB2011", why)
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Says it and gives the exit code.
    pub fn report(&self, out: &mut Out) -> u8 {
        // What was begun for a file is not the file.
        out.collect_for(None);
        if out.is_json() {
            out.json(&json!({"schema": "shotbook.error/1", "code": self.row.code, "kind": self.row.kind,
                "message": self.message, "help": self.help, "exit": self.row.exit}));
        } else {
            out.complain(&format!(
                "error[{}]: {}\n  try: {}",
                self.row.code,
                clean(&self.message),
                clean(&self.help)
            ));
        }
        self.row.exit
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Damaged(_) => "SB1102",
            StoreError::Newer { .. } => "SB1103",
            StoreError::Vanished(_) => "SB1104",
            StoreError::Shared { .. } => "SB1106",
            StoreError::OtherMoney { .. } => "SB2004",
            StoreError::Busy => "SB1105",
            StoreError::Missing { what: "budget", .. } => "SB3004",
            StoreError::Missing { .. } => "SB2005",
            StoreError::Exists { .. } => "SB2001",
            StoreError::Io(_) => "SB1101",
        };
        Self::new(code, error.to_string())
    }
}

impl From<ListsError> for Failure {
    fn from(error: ListsError) -> Self {
        let code = match &error {
            ListsError::Io { .. } => "SB2006",
            ListsError::Kept { .. }
            | ListsError::Own { .. }
            | ListsError::Offer(_)
            | ListsError::Future { .. }
            | ListsError::Jump { .. }
            | ListsError::Unknown(_) => "SB2009",
        };
        let failure = Self::new(code, error.to_string());
        match error {
            ListsError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::InvalidData => {
                failure.with_help("is it the right file? Text is read as UTF-8")
            }
            ListsError::Jump { .. } => failure.with_help(
                "shotbook prices refresh --trust takes it, once you have looked at AWS's own page",
            ),
            _ => failure,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Illegal(error) => Self::new("SB1001", error.to_string()),
            RunError::Injected(error) => Self::new("SB1001", error.to_string()),
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        let code = match &error {
            RemoteError::Config(_) | RemoteError::Denied(_) => "SB2008",
            _ => "SB7001",
        };
        Self::new(code, error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let code = match &refused {
            Refused::Unfit { .. } => "SB4902",
            Refused::NoPrice(_) => "SB4903",
            Refused::OverMaxCost { .. } => "SB3002",
            Refused::StaleQuote { .. } => "SB3003",
            Refused::OverBudget(_) => "SB3001",
            Refused::NoBudget(_) => "SB3004",
            Refused::KeyTaken { .. } => "SB2003",
            Refused::Flag(_) | Refused::Range(_) => "SB2001",
            Refused::Store(error) => return Self::from(clone_of(error)),
        };
        Self::new(code, refused.to_string())
    }
}

/// Store errors carry text only, so saying them again is cloning them.
fn clone_of(error: &StoreError) -> StoreError {
    match error {
        StoreError::Damaged(s) => StoreError::Damaged(s.clone()),
        StoreError::Newer { found, known } => StoreError::Newer { found: *found, known: *known },
        StoreError::Vanished(s) => StoreError::Vanished(s.clone()),
        StoreError::Shared { path, kind } => StoreError::Shared { path: path.clone(), kind: kind.clone() },
        StoreError::OtherMoney { holds, job } => StoreError::OtherMoney { holds, job },
        StoreError::Busy => StoreError::Busy,
        StoreError::Missing { what, name } => StoreError::Missing { what, name: name.clone() },
        StoreError::Exists { what, name } => StoreError::Exists { what, name: name.clone() },
        StoreError::Io(s) => StoreError::Io(s.clone()),
    }
}
