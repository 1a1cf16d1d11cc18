//! What a runner met on its way, for people who ask why: kept beside the jobs, decides nothing.

use super::StoreError;
use crate::time::Timestamp;

/// One thing that holds jobs back at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where: `lane/REGION`, `pace/REGION`, `device/NAME`, `job/ID`.
    pub place: String,
    /// What was met there.
    pub text: String,
    /// It passes by itself then, if it does.
    pub until: Option<Timestamp>,
    /// When it was met.
    pub at: Timestamp,
}

/// Notes of runners. A lost one costs nobody anything.
pub trait Notes {
    /// The note stands at its place, in the stead of what stood there.
    fn put_note(&self, note: &Note) -> Result<(), StoreError>;
    /// Nothing stands at the place.
    fn remove_note(&self, place: &str) -> Result<(), StoreError>;
    /// All notes, by place.
    fn notes(&self) -> Result<Vec<Note>, StoreError>;
}
