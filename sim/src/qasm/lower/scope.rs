//! What names mean, by scope.

use std::collections::BTreeMap;
use std::rc::Rc;

use num_complex::Complex64;

use crate::circuit::classical::{ExprId, Type, Value};
use crate::diagnostic::Span;
use crate::qasm::ast::{Def, GateDef};

/// A classical value, as far as it is known now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
    /// Known.
    Known(Value),
    /// Depends on an input or a measurement.
    Expr(ExprId),
}

/// What a name means.
#[derive(Clone, Debug)]
pub enum Symbol {
    /// Qubits; a lone one cannot be indexed.
    Qubits { list: Rc<[u32]>, lone: bool },
    /// Stored bits; a lone one cannot be indexed.
    Bits { list: Rc<[u32]>, lone: bool },
    /// A classical variable whose value is known here.
    Known { ty: Type, value: Value, constant: bool },
    /// A classical variable that lives in the shot.
    Var { ty: Type, slot: u32 },
    /// A value bound to a parameter or free input.
    Bound(Term),
    /// A known complex number.
    Complex(Complex64),
    /// A known array, row-major.
    Array { ty: Type, dimensions: Rc<[usize]>, values: Rc<Vec<Value>>, constant: bool },
    /// A gate definition with the number of gates it expands to.
    Gate { def: Rc<GateDef>, size: u64 },
    /// A subroutine.
    Def(Rc<Def>),
    /// Known only to whoever runs pulses.
    Kept,
}

impl Symbol {
    /// Whether the bodies of gates and subroutines see it.
    fn is_constant(&self) -> bool {
        match self {
            Self::Known { constant, .. } | Self::Array { constant, .. } => *constant,
            Self::Qubits { .. } | Self::Bits { .. } | Self::Var { .. } => false,
            Self::Bound(_) | Self::Complex(_) | Self::Gate { .. } | Self::Def(_) | Self::Kept => true,
        }
    }
}

/// A name with the place that declared it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it means.
    pub symbol: Symbol,
    /// Where it was declared.
    pub span: Span,
}

/// Scopes, the global one first.
#[derive(Debug)]
pub struct Scopes {
    levels: Vec<BTreeMap<String, Entry>>,
    /// Lowest level that a body may see besides the global one.
    floors: Vec<usize>,
}

impl Scopes {
    /// The global scope alone.
    pub fn new() -> Self {
        Self { levels: vec![BTreeMap::new()], floors: vec![0] }
    }

    /// Opens a block.
    pub fn open(&mut self) {
        self.levels.push(BTreeMap::new());
    }

    /// Opens the body of a gate or subroutine, which sees itself and global constants only (specification,
    /// "Scoping of variables").
    pub fn open_body(&mut self) {
        self.levels.push(BTreeMap::new());
        self.floors.push(self.levels.len() - 1);
    }

    /// Closes a block.
    pub fn close(&mut self) {
        self.levels.pop();
    }

    /// Closes a body.
    pub fn close_body(&mut self) {
        self.levels.pop();
        self.floors.pop();
    }

    /// Whether this is the global scope.
    pub fn is_global(&self) -> bool {
        self.levels.len() == 1
    }

    fn level_of(&self, name: &str) -> Option<usize> {
        let floor = self.floors.last().copied().unwrap_or(0);
        let own = (floor..self.levels.len()).rev().find(|&i| self.levels[i].contains_key(name));
        own.or_else(|| self.levels[0].get(name).filter(|entry| entry.symbol.is_constant()).map(|_| 0))
    }

    /// Where a name is declared that exists and is hidden here, as variables and qubits are from bodies.
    pub fn hidden(&self, name: &str) -> Option<Span> {
        let entry = self.levels[0].get(name).filter(|_| self.find(name).is_none());
        entry.map(|entry| entry.span)
    }

    /// What a name means here.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.level_of(name).map(|i| &self.levels[i][name])
    }

    /// The same, to be changed.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Entry> {
        let level = self.level_of(name)?;
        self.levels[level].get_mut(name)
    }

    /// Declares a name in the innermost scope; the earlier declaration there, if any, stays.
    pub fn declare(&mut self, name: &str, symbol: Symbol, span: Span) -> Result<(), Span> {
        let level = self.levels.last_mut().expect("the global scope never closes");
        if let Some(old) = level.get(name) {
            return Err(old.span);
        }
        level.insert(name.to_owned(), Entry { symbol, span });
        Ok(())
    }

    /// Names that can be seen here.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.levels.iter().flat_map(|level| level.keys().map(String::as_str))
    }
}
