//! `quote --compare BASE HEAD`: what a change of a `shotbook.toml` does to the price of its sweeps.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::output::Out;
use crate::cli::verbs::sweep::{self, Priced};
use crate::cli::{Context, Failure};
use crate::money::Money;

/// Prices the sweeps of both files; exit 3 when those of HEAD can cost more than `fail_over` together.
pub fn run(
    base: &str,
    head: &str,
    fail_over: Option<Money>,
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let (base, head) = (sweep::named::all(Path::new(base))?, sweep::named::all(Path::new(head))?);
    let list = context.prices()?;
    let range = |e: crate::money::OutOfRange| Failure::new("SB2001", e.to_string());
    let names: BTreeSet<&String> = base.keys().chain(head.keys()).collect();
    let (mut rows, mut worst) = (Vec::new(), Money::ZERO);
    let (mut before, mut after) = (Money::ZERO, Money::ZERO);
    for name in names {
        let mut price = |side: Option<&sweep::Sweep>| -> Result<Option<Priced>, Failure> {
            side.map(|s| sweep::priced(s, &list, out).map_err(|f| f.at(name))).transpose()
        };
        let (old, new) = (price(base.get(name))?, price(head.get(name))?);
        let total = |p: &Option<Priced>| p.as_ref().map_or(Money::ZERO, |p| p.total);
        before = before.plus(total(&old)).map_err(range)?;
        after = after.plus(total(&new)).map_err(range)?;
        worst = worst.plus(new.as_ref().map_or(Money::ZERO, |p| p.worst_case)).map_err(range)?;
        rows.push((name, old, new));
    }
    if out.is_json() {
        let side = |p: &Option<Priced>| p.as_ref().map_or(Value::Null, Priced::json);
        let list: Vec<Value> = rows
            .iter()
            .map(|(n, old, new)| json!({"sweep": n, "base": side(old), "head": side(new)}))
            .collect();
        let change = after.minus(before).map_err(range)?;
        out.json(&json!({"schema": "shotbook.comparison/1", "sweeps": list, "base": before.to_string(),
            "head": after.to_string(), "change": change.to_string(), "worst_case": worst.to_string()}));
    } else {
        for (name, old, new) in &rows {
            out.line(&sentence(name, old.as_ref(), new.as_ref()));
        }
        out.line(&format!("all sweeps: {before:#} -> {after:#}"));
    }
    match fail_over.filter(|most| worst > *most) {
        Some(most) => {
            out.say(&format!("the sweeps can cost {worst:#} together, above {most:#}"));
            Ok(3)
        }
        None => Ok(0),
    }
}

fn sentence(name: &str, old: Option<&Priced>, new: Option<&Priced>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old.total == new.total => {
            format!("the {name} sweep stays at {:#} ({})", new.total, new.form)
        }
        (Some(old), Some(new)) => format!(
            "this change moves the {name} sweep from {:#} ({}) to {:#} ({})",
            old.total, old.form, new.total, new.form
        ),
        (None, Some(new)) => format!("this change adds the {name} sweep: {:#} ({})", new.total, new.form),
        (Some(old), None) => format!("this change removes the {name} sweep: {:#}", old.total),
        (None, None) => String::new(),
    }
}
