//! What was probably meant by a name that means nothing.

use super::{Lost, Lowering, library};
use crate::circuit::gates;
use crate::diagnostic::Diagnostic;
use crate::qasm::ast::{Call, ExprKind, Name};

/// Words that begin a statement and are misspelt as gates.
const STATEMENTS: &[&str] = &["measure", "reset", "barrier", "delay", "include", "return", "gphase"];
/// Words that begin a declaration.
const TYPES: &[&str] =
    &["qubit", "bit", "int", "uint", "float", "angle", "bool", "const", "input", "output", "qreg", "creg"];
/// Values that have a name.
const VALUES: &[&str] = &["true", "false", "pi", "tau", "euler"];

/// The nearest of some names within two edits.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let length = name.chars().count();
    // Any letter is one edit away from any other.
    let most = match length {
        0 | 1 => return None,
        2 | 3 => 1,
        _ => 2,
    };
    // Words of other lengths are further away than that.
    names
        .filter(|n| n.chars().count().abs_diff(length) <= most)
        .map(|n| (edits(name, n), n))
        .filter(|(d, _)| *d <= most)
        .min()
        .map(|(_, n)| n.to_owned())
}

/// Edits between two short words.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().take(40).collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut corner = row[0];
        row[0] = i;
        for j in 1..=b.len() {
            let swap = usize::from(a[i - 1] != b[j - 1]) + corner;
            corner = row[j];
            row[j] = swap.min(row[j] + 1).min(row[j - 1] + 1);
        }
    }
    row[b.len()]
}

/// The value or declared name that was meant.
pub(super) fn value<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let small = name.to_lowercase();
    let known = VALUES.iter().find(|v| **v == small).map(|v| (*v).to_owned());
    known.or_else(|| nearest(name, names))
}

impl Lowering<'_> {
    /// Tells that there is no such gate, and what was probably meant.
    pub(super) fn no_gate(&mut self, name: &Name, call: &Call) -> Lost {
        let small = name.text.to_lowercase();
        // A declaration in another spelling: what it would have declared is not worth a word of its own.
        let misspelt = nearest(&small, std::iter::once("qubit"));
        if let Some(ty) = TYPES.iter().find(|t| **t == small).map(|t| (*t).to_owned()).or(misspelt) {
            for operand in &call.operands {
                if let ExprKind::Name(name) = &operand.kind {
                    self.broken.insert(name.clone());
                }
            }
            return self.meant(name, Some(ty));
        }
        let statement = nearest(&small, STATEMENTS.iter().copied());
        // Gates in capitals are the same gates in other tools.
        let same = (small != name.text && self.known_target(&small).is_some()).then_some(small);
        let operands = call.operands.len();
        let rows = gates::ROWS.iter().flat_map(|r| {
            let size = usize::from(r.n_qubits);
            std::iter::once(r.name).chain(r.aliases.iter().copied()).map(move |n| (n, Some(size)))
        });
        let library = library::LIBRARY.iter().map(|(n, _)| (*n, None));
        let defined: Vec<String> = self.scopes.names().map(str::to_owned).collect();
        let all: Vec<(&str, Option<usize>)> =
            rows.chain(library).chain(defined.iter().map(|n| (n.as_str(), None))).collect();
        // One that takes as many qubits was meant rather than one that does not.
        let fitting = all.iter().filter(|(_, size)| *size == Some(operands)).map(|(n, _)| *n);
        let near = same
            .or(statement)
            .or_else(|| nearest(&name.text, fitting))
            .or_else(|| nearest(&name.text, all.iter().map(|(n, _)| *n)));
        self.meant(name, near)
    }

    fn meant(&mut self, name: &Name, near: Option<String>) -> Lost {
        let diagnostic = Diagnostic::error("SB5047", name.span, format!("there is no gate `{}`", name.text))
            .with_label("unknown gate");
        self.note(match near {
            Some(near) => {
                diagnostic.with_help(format!("did you mean `{near}`?")).with_fix(name.span, near, false)
            }
            None => diagnostic.with_help("define it with `gate`, or see `shotbook help gates`"),
        });
        Lost
    }
}
