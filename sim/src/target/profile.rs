//! Readers of OpenQASM that are no device: what each would make of a program as it is written.
//!
//! A device is judged on what [`super::submission`] sends; here nothing is translated first.

use super::profile_walk::Walk;
use super::rules::RULES;
use super::{Refusal, Rule};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::limits;
use crate::qasm::Reading;

/// Who would read the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The front end of the service, before any device.
    /// Source: Braket Developer Guide, "What OpenQASM features does Braket support?".
    Service,
    /// `LocalSimulator` of amazon-braket-default-simulator 1.41.2, as probed.
    LocalSimulator,
    /// `Circuit.from_ir` of the Braket SDK, which reads with the same interpreter but runs nothing.
    Sdk,
}

impl Profile {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("service", Self::Service), ("localsim", Self::LocalSimulator), ("sdk", Self::Sdk)];

    /// The profile of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(n, _)| *n == name).map(|(_, p)| p)
    }

    /// What it would refuse or misunderstand, by place; empty means the program is taken as meant.
    pub fn check(self, reading: &Reading) -> Vec<Diagnostic> {
        self.refusals(reading).into_iter().map(|r| r.diagnostic).collect()
    }

    /// The same with the reader's own words where they are published.
    pub fn refusals(self, reading: &Reading) -> Vec<Refusal> {
        let mut walk = Walk::new(self, &reading.sources);
        walk.program(&reading.program);
        if let Some(circuit) = &reading.circuit {
            walk.circuit(circuit);
        }
        let mut out = walk.found;
        out.sort_by_key(|r| r.diagnostic.span);
        out.dedup_by(|a, b| a.diagnostic.span == b.diagnostic.span && a.diagnostic.code == b.diagnostic.code);
        out.truncate(limits::DIAGNOSTICS);
        out
    }
}

/// The rule of a code.
pub(super) fn rule(code: &str) -> &'static Rule {
    RULES.iter().find(|r| r.code == code).unwrap_or(&RULES[0])
}

/// A finding with the rule's help, and the reader's words with line and column filled in.
pub(super) fn refusal(
    code: &'static str,
    severity: Severity,
    diagnostic: Diagnostic,
    sources: &Sources,
) -> Refusal {
    let rule = rule(code);
    let place = sources.place(diagnostic.span.start);
    let diagnostic = Diagnostic { severity, ..diagnostic.with_help(rule.help) };
    Refusal { service: rule.said(&[place.line.to_string(), place.column.to_string()]), diagnostic }
}
