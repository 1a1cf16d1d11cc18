//! Costs as one page that needs nothing else and prints as it looks.

use super::{Costs, Sum};
use crate::money::Money;
use crate::report::{Bar, Bars, Page};

/// The page of a span of time. `at` is when it was made.
pub fn page(span: &str, by: &[String], costs: &Costs, at: &str) -> Page {
    let total = &costs.total;
    let mut page = Page::new("Costs of quantum tasks");
    page.text(format!(
        "{span} · settled {:#} · held {:#} · unsure {:#} · imported {:#}. US dollars before tax; made {at}.",
        total.settled, total.held, total.unsure, total.imported
    ));
    if let Some(energy) = total.energy {
        page.text(format!(
            "Modelled energy of the shots that were paid for, waiting of the machines included: {}.",
            energy.joules()
        ));
    }
    if let Some(forecast) = &costs.forecast {
        page.text(forecast.words());
    }
    let groups = by.join(", ");
    page.heading(format!("By {groups}"));
    let bar = |(key, sum): (&Vec<String>, &Sum)| Bar {
        name: key.join(" · "),
        parts: vec![pixels(sum.settled), pixels(sum.held)],
        words: match sum.held.is_zero() {
            true => format!("{:#}", sum.settled),
            false => format!("{:#} + {:#} held", sum.settled, sum.held),
        },
    };
    let bars = costs.sums.iter().map(bar).collect();
    let title = format!("Costs by {groups}");
    page.bars(
        Bars { title, upright: false, bars },
        "settled, then what is held; at most twenty, the largest",
    );
    if !costs.days.is_empty() {
        page.heading("By day");
        let bar = |(day, settled): (&String, &Money)| Bar {
            name: day.clone(),
            parts: vec![pixels(*settled)],
            words: format!("{settled:#}"),
        };
        let bars = costs.days.iter().map(bar).collect();
        let title = "Settled by day of submission".to_owned();
        page.bars(Bars { title, upright: true, bars }, "at most sixty days with costs, the last ones");
    }
    let mut head: Vec<&str> = by.iter().map(String::as_str).collect();
    head.extend(["tasks", "shots", "settled", "held", "unsure", "imported"]);
    let mut rows: Vec<Vec<String>> = costs.sums.iter().map(|(key, sum)| row(key, sum)).collect();
    let mut last = vec![String::new(); by.len()];
    if let Some(first) = last.first_mut() {
        *first = "total".to_owned();
    }
    rows.push(row(&last, total));
    let right: Vec<usize> = (by.len()..head.len()).collect();
    page.heading("All figures");
    page.table(&head, &right, rows);
    page
}

/// Money as a length; what is read stands beside it in figures.
fn pixels(amount: Money) -> f64 {
    amount.nanos() as f64
}

fn row(key: &[String], sum: &Sum) -> Vec<String> {
    let money = [sum.settled, sum.held, sum.unsure, sum.imported].map(|m| format!("{m:#}"));
    key.iter().cloned().chain([sum.tasks.to_string(), sum.shots.to_string()]).chain(money).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_text_and_not_markup() {
        let total = Sum { settled: "1.75".parse().unwrap(), ..Sum::default() };
        let key = vec!["<script>alert(1)</script>".to_owned()];
        let costs = Costs {
            sums: [(key, total)].into(),
            total,
            days: [("2026-11-28".to_owned(), total.settled)].into(),
            forecast: None,
        };
        let html = page("all time", &["project".to_owned()], &costs, "2026-11-29").html();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
        assert!(html.matches("$1.75").count() >= 4, "a bar, a day, a row and the total");
        assert!(!html.contains("http"), "nothing is loaded from elsewhere");
    }
}
