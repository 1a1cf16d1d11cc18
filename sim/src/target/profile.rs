//! Readers of OpenQASM that are no device: what each would make of a program as it is written.
//!
//! A device is judged on what [`super::submission`] sends; here nothing is translated first.

use super::profile_walk::Walk;
use super::rules::RULES;
use super::{Catalogue, Device, DeviceKind, Refusal, Rule};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::limits;
use crate::qasm::{Inputs, Reading};

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
        self.refusals(reading, &Setting::default()).into_iter().map(|r| r.diagnostic).collect()
    }

    /// The same under some circumstances, with the reader's own words where they are published.
    pub fn refusals(self, reading: &Reading, setting: &Setting<'_>) -> Vec<Refusal> {
        let mut walk = Walk::new(self, &reading.sources, setting.device);
        walk.program(&reading.program);
        if let Some(circuit) = &reading.circuit {
            walk.circuit(circuit, setting.inputs);
            let front = self.front();
            let judged = front.map(|d| super::refusals(circuit, &d, setting.shots, Some(&reading.sources)));
            let asked = |r: &Refusal| FRONT.contains(&r.diagnostic.code);
            walk.found.extend(judged.into_iter().flatten().filter(asked));
        }
        let mut out = walk.found;
        out.sort_by_key(|r| r.diagnostic.span);
        out.dedup_by(|a, b| a.diagnostic.span == b.diagnostic.span && a.diagnostic.code == b.diagnostic.code);
        out.truncate(limits::DIAGNOSTICS);
        out
    }

    /// The reader as a device without limits of its own; the SDK's reader runs nothing.
    fn front(self) -> Option<Device> {
        let local = Catalogue::embedded().find("local").ok()?.clone();
        match self {
            Self::Service => Some(Device {
                name: "the service".to_owned(),
                kind: DeviceKind::Qpu,
                experimental: vec!["measure_ff".to_owned(), "cc_prx".to_owned()],
                ..local
            }),
            Self::LocalSimulator => Some(Device { name: "Braket's simulator".to_owned(), ..local }),
            Self::Sdk => None,
        }
    }
}

/// Rules of devices that hold for a reader whatever the device.
const FRONT: [&str; 6] = ["SB4007", "SB4014", "SB4016", "SB4019", "SB4021", "SB4026"];

/// What is known beside the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting<'a> {
    /// The device that the text is sent to; without one, only what every device refuses is judged.
    pub device: Option<&'a Device>,
    /// Shots, judged when given.
    pub shots: Option<u64>,
    /// Values of inputs that go with the text.
    pub inputs: Option<&'a Inputs>,
}

/// The rule of a code.
pub(super) fn rule(code: &str) -> &'static Rule {
    RULES.iter().find(|r| r.code == code).unwrap_or(&RULES[0])
}

/// A finding with the rule's help, and the reader's words with names, or line and column, filled in.
pub(super) fn refusal(
    code: &'static str,
    severity: Severity,
    diagnostic: Diagnostic,
    names: Vec<String>,
    sources: &Sources,
) -> Refusal {
    let rule = rule(code);
    let place = sources.place(diagnostic.span.start);
    let names = if names.is_empty() { vec![place.line.to_string(), place.column.to_string()] } else { names };
    let diagnostic = Diagnostic { severity, ..diagnostic.with_help(rule.help) };
    Refusal { service: rule.said(&names), diagnostic }
}
