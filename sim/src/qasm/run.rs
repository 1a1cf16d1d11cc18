//! Runs of plain gate calls, which are nearly all of a long program, in 40 bytes each instead of a
//! tree of 400.

use std::fmt;
use std::sync::Arc;

use super::ast::{Name, Stmt};
use super::parser::{Parser, Version};
use crate::circuit::classical::Value;
use crate::diagnostic::Span;

/// Gate calls of literal angles on single qubits, `rz(pi / 2) q[3];`, one after the other.
///
/// What a call says is held ready for lowering; its tree is made again from its text when asked for.
#[derive(Clone)]
pub struct Run {
    pub(super) text: Arc<str>,
    /// Global offset of the text's first byte.
    pub(super) base: u32,
    pub(super) version: Version,
    /// Names of gates and registers, each once.
    pub(super) names: Vec<String>,
    pub(super) calls: Vec<Plain>,
    pub(super) angles: Vec<Value>,
    pub(super) operands: Vec<PlainOperand>,
    /// Whether an angle names a constant, which a program may declare as something else.
    pub(super) constants: bool,
}

/// One call.
#[derive(Clone, Copy)]
pub(super) struct Plain {
    /// Offset in the text.
    pub start: u32,
    /// Bytes, semicolon included.
    pub len: u16,
    /// Index into the names.
    pub gate: u16,
    pub n_angles: u8,
    pub n_operands: u8,
}

/// One operand: `name[index]`, `name` or `$index`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainOperand {
    /// Index into the names, or [`PlainOperand::PHYSICAL`].
    pub name: u16,
    /// Within the register, or [`PlainOperand::WHOLE`].
    pub index: u32,
}

impl PlainOperand {
    /// Stands for the name of a hardware qubit.
    pub const PHYSICAL: u16 = u16::MAX;
    /// No index is written.
    pub const WHOLE: u32 = u32::MAX;
}

impl Run {
    /// None yet, over a text whose first byte has the global offset `base`.
    pub(super) fn new(text: Arc<str>, base: u32, version: Version) -> Self {
        let (names, calls, angles, operands) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { text, base, version, names, calls, angles, operands, constants: false }
    }

    /// Number of calls.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Each call as the statement that was written.
    pub fn statements(&self) -> impl Iterator<Item = Stmt> + '_ {
        self.calls.iter().filter_map(|call| self.statement(call))
    }

    /// The gates that it calls, each once.
    pub fn gates(&self) -> impl Iterator<Item = &str> {
        let mut seen = vec![false; self.names.len()];
        self.calls.iter().for_each(|call| seen[usize::from(call.gate)] = true);
        self.names.iter().zip(seen).filter_map(|(name, seen)| seen.then_some(name.as_str()))
    }

    pub(super) fn statement(&self, call: &Plain) -> Option<Stmt> {
        let text = self.text.get(call.start as usize..call.start as usize + usize::from(call.len))?;
        let mut parser = Parser::new(text, self.base + call.start, self.version);
        parser.statement().ok()
    }

    pub(super) fn span(&self, call: &Plain) -> Span {
        let start = self.base + call.start;
        Span::new(start, start + u32::from(call.len))
    }

    pub(super) fn gate(&self, call: &Plain) -> Name {
        let (text, start) = (self.names[usize::from(call.gate)].clone(), self.base + call.start);
        let span = Span::new(start, start + text.len() as u32);
        Name { text, span }
    }
}

/// Two runs say the same when their statements do.
impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.statements().eq(other.statements())
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.statements()).finish()
    }
}

#[cfg(test)]
mod tests;
