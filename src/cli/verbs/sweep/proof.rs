//! What packing makes of many circuits, and what it saves, in one line.

use serde_json::json;

use crate::app::Refused;
use crate::cli::Failure;
use crate::money::{Money, OutOfRange};
use crate::pack::{Fees, Packing};

/// A packing with its price.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::verbs) struct Proof<'a> {
    /// Which points share a task.
    pub packing: &'a Packing,
    /// Fees of the tasks that are billed by shots, where there are any.
    pub fees: Option<Fees>,
    /// What all of it holds.
    pub hold: Money,
}

fn circuits(n: usize) -> String {
    if n == 1 { "1 circuit".to_owned() } else { format!("{n} circuits") }
}

impl Proof<'_> {
    /// Points of all tasks.
    pub fn points(&self) -> usize {
        self.packing.tasks.iter().map(|task| task.points.len()).sum()
    }

    /// How many circuits become how many tasks.
    pub fn form(&self) -> String {
        let (tasks, sets) = (self.packing.tasks.len(), self.packing.sets());
        let single = tasks - sets;
        let form = match (sets, tasks) {
            (0, 1) => "1 task".to_owned(),
            (0, _) => format!("{tasks} tasks"),
            (1, 1) => "1 program set".to_owned(),
            _ if single == 0 => format!("{sets} program sets"),
            _ => {
                let word = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
                format!("{} and {}", word(sets, "program set"), word(single, "task"))
            }
        };
        format!("{} → {form}", circuits(self.points()))
    }

    /// What packing saves, in one line.
    ///
    /// # Errors
    /// Money out of range.
    pub fn line(&self) -> Result<String, Failure> {
        let form = self.form();
        let Some(fees) = &self.fees else {
            let free = self.hold.is_zero();
            return Ok(if free { format!("{} here · free", circuits(self.points())) } else { form });
        };
        let (total, single) =
            (fees.total().map_err(Refused::from)?, fees.total_single().map_err(Refused::from)?);
        let others = self.hold.minus(total).unwrap_or(Money::ZERO);
        let others =
            if others.is_zero() { String::new() } else { format!(" · simulators hold {others:#} more") };
        Ok(if self.packing.sets() > 0 {
            format!(
                "{form} · fees {:#} (not {:#}) · shots {:#} · total {total:#} (not {single:#}){others}",
                fees.packed, fees.single, fees.shots
            )
        } else {
            format!("{form} · fees {:#} · shots {:#} · total {total:#}{others}", fees.packed, fees.shots)
        })
    }

    /// `shotbook.plan/1`.
    pub fn json(&self, device: &str) -> serde_json::Value {
        let mut out = json!({"schema": "shotbook.plan/1", "device": device, "points": self.points(),
            "tasks": self.packing.tasks.len(), "program_sets": self.packing.sets(),
            "shots": self.packing.shots(), "hold": self.hold.to_string()});
        if let Some(fees) = &self.fees {
            let text =
                |money: Result<Money, OutOfRange>| money.map_or_else(|_| String::new(), |m| m.to_string());
            out["fees"] = json!({"packed": fees.packed.to_string(), "as_tasks": fees.single.to_string()});
            out["shot_fees"] = json!(fees.shots.to_string());
            out["total"] = json!(text(fees.total()));
            out["total_as_tasks"] = json!(text(fees.total_single()));
        }
        out
    }
}
