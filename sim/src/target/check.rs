//! Judging a circuit by every rule of a device.

use super::device::Device;
use super::rules::{Check, Fault, READING, RULES, Rule, filled};
use super::subject::Subject;
use crate::circuit::Circuit;
use crate::diagnostic::{Diagnostic, Sources};
use crate::limits;

/// A refusal: what we say, and what the service says where its text is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Our words, with place and help.
    pub diagnostic: Diagnostic,
    /// The service's words for the same case.
    pub service: Option<String>,
}

/// Why a device would refuse a circuit; empty means it is accepted.
///
/// `shots` is judged when given.
pub fn check(circuit: &Circuit, device: &Device, shots: Option<u64>) -> Vec<Diagnostic> {
    refusals(circuit, device, shots, None).into_iter().map(|r| r.diagnostic).collect()
}

/// The same with the service's own words, lines counted in `sources`.
pub fn refusals(
    circuit: &Circuit,
    device: &Device,
    shots: Option<u64>,
    sources: Option<&Sources>,
) -> Vec<Refusal> {
    let subject = Subject::new(circuit, device, shots);
    let mut out = Vec::new();
    for rule in RULES {
        if let Check::Whole(judge) = rule.check {
            out.extend(judge(&subject).into_iter().map(|f| refusal(rule, f, device, sources)));
        }
    }
    subject.walk(&mut |site| {
        for rule in RULES {
            let Check::Site(judge) = rule.check else { continue };
            let Some(fault) = judge(&subject, site) else { continue };
            // A broadcast or an unrolled loop breaks a rule once, not once a gate.
            let again = |r: &Refusal| r.diagnostic.code == rule.code && r.diagnostic.span == fault.span;
            if out.len() < limits::DIAGNOSTICS && !out.iter().any(again) {
                out.push(refusal(rule, fault, device, sources));
            }
        }
    });
    out.truncate(limits::DIAGNOSTICS);
    out.sort_by_key(|r| r.diagnostic.span);
    out
}

/// The service's words for a diagnostic of reading, where it refuses the same and they are published.
pub fn published(diagnostic: &Diagnostic, sources: &Sources) -> Option<String> {
    let (_, template) = READING.iter().find(|(code, _)| *code == diagnostic.code)?;
    let line = sources.place(diagnostic.span.start).line;
    Some(filled(template, &[line.to_string()]))
}

fn refusal(rule: &'static Rule, fault: Fault, device: &Device, sources: Option<&Sources>) -> Refusal {
    let line = sources.map_or_else(|| "?".to_owned(), |s| s.place(fault.span.start).line.to_string());
    let names: Vec<_> = if rule.service.is_some_and(|text| text.starts_with("[line {}]")) {
        std::iter::once(line).chain(fault.names).collect()
    } else {
        fault.names
    };
    let help =
        rule.help.replace("`shotbook devices show`", &format!("`shotbook devices show {}`", device.name));
    Refusal {
        service: rule.said(&names),
        diagnostic: Diagnostic::error(rule.code, fault.span, fault.message)
            .with_label(fault.label)
            .with_help(help),
    }
}
