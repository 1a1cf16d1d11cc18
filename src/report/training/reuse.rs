//! What starting from a trained model saved, in iterations, dollars, energy and CO2e.

use super::Facts;
use crate::energy::Coefficients;
use crate::report::{Page, Totals};
use crate::train::statistics::interval;

/// Cold trainings beside one that started from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reuse {
    /// Iterations of the training itself, or of its repeats.
    pub warm: Vec<f64>,
    /// Iterations of each cold one.
    pub cold: Vec<f64>,
    /// Iterations of the training that it started from.
    pub source: f64,
}

/// What one iteration takes on a device, so that iterations can be weighed in dollars and energy.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// The device.
    pub device: String,
    /// Its technology.
    pub technology: String,
    /// Dollars.
    pub dollars: f64,
    /// Shots.
    pub shots: f64,
    /// Whether these were paid; forecast where they were not.
    pub paid: bool,
}

/// Iterations in dollars, in energy, and in CO2e where the place is known.
fn weighed(facts: &Facts<'_>, table: &Coefficients, iterations: &Totals) -> Vec<(Totals, String)> {
    let Some(unit) = &facts.unit else { return Vec::new() };
    let basis = if unit.paid { "as this training settled them" } else { "forecast, nothing was paid" };
    let money = iterations.scaled(unit.dollars, format!("USD on {}", unit.device));
    let mut out = vec![(
        money,
        format!("The proposal's figure 2 done right: an iteration takes {:.0} shots, {basis}.", unit.shots),
    )];
    if let Some(shot) = table.allocated(&unit.technology) {
        let kwh = shot.mid * unit.shots / crate::energy::KWH;
        let energy = iterations.scaled(kwh, format!("kWh on {}", unit.device));
        let grade =
            format!("Modelled, {} for a shot; the ratio of the lines is known far better.", shot.joules());
        let carbon = facts.place.as_deref().and_then(|p| table.carbon_of(p)).map(|c| {
            let basis = format!("{}, {}, {}", c.place, c.year, c.basis);
            (energy.scaled(c.value, format!("g CO2e, {basis}")), format!("Electricity alone, {basis}."))
        });
        out.push((energy, grade));
        out.extend(carbon);
    }
    out
}

/// The part of the page.
pub(super) fn reuse(page: &mut Page, facts: &Facts<'_>, table: &Coefficients) {
    page.heading("Reuse");
    let Some(reuse) = facts.reuse.as_ref().filter(|r| !r.cold.is_empty()) else {
        page.text("No saving is claimed: there was no cold control beside a start from another training. --from MODEL --control 10 measures one.");
        return;
    };
    let (n, (mean, half)) = (reuse.cold.len(), interval(&reuse.cold));
    let (warm, warm_half) = interval(&reuse.warm);
    let totals = Totals { what: "iterations".to_owned(), source: reuse.source, reused: warm, cold: mean };
    let even = totals.break_even().map_or_else(|| "never".to_owned(), |n| format!("{n:.1}"));
    page.table(
        &["quantity", "iterations"],
        &[1],
        vec![
            vec![
                "cold, mean".to_owned(),
                format!("{mean:.0} (95 % interval {:.0}-{:.0}, {n} seeds)", mean - half, mean + half),
            ],
            vec![
                "started from another, mean".to_owned(),
                format!(
                    "{warm:.0} (95 % interval {:.0}-{:.0}, {} seeds)",
                    warm - warm_half,
                    warm + warm_half,
                    reuse.warm.len()
                ),
            ],
            vec!["training of the source".to_owned(), format!("{:.0}", reuse.source)],
            vec!["targets until the source has paid for itself".to_owned(), even],
        ],
    );
    if reuse.cold.len() < 10 {
        page.verdict("Fewer than ten seeds: no saving is claimed.");
    }
    let weighed = weighed(facts, table, &totals);
    if weighed.is_empty() {
        page.figure(totals.chart(), "The proposal's figure 2 in iterations: their price is not known.");
        return;
    }
    let row = |t: &Totals| {
        let two = crate::energy::two_digits;
        vec![t.what.clone(), two(t.cold), two(t.reused), two(t.source)]
    };
    page.table(
        &["a target in", "from zero", "from the source", "the source, once"],
        &[1, 2, 3],
        weighed.iter().map(|w| row(&w.0)).collect(),
    );
    if facts.place.is_none() {
        page.text("No CO2e: the place of the machine is not known. Name one with --place.");
    }
    for (totals, words) in weighed {
        page.figure(totals.chart(), words);
    }
}
