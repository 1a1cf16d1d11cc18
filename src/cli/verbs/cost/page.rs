//! One page with charts that needs nothing else: no script, no font, no network; it prints as it looks.

use std::fmt::Write as _;

use super::{Forecast, Sum};
use crate::money::Money;
use crate::report::escape as safe;

/// What a page is made of.
pub struct Page<'a> {
    /// Span, in words.
    pub span: &'a str,
    /// Names of the groups.
    pub by: &'a [String],
    /// Rows of the table.
    pub rows: Vec<(&'a Vec<String>, &'a Sum)>,
    /// All of them.
    pub total: &'a Sum,
    /// Settled by day.
    pub days: Vec<(&'a String, Money)>,
    /// The month.
    pub forecast: Option<&'a Forecast>,
    /// When it was made.
    pub at: String,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
tfoot td{font-weight:600;border-top:2px solid #333}svg{width:100%;height:auto}.s{fill:#20639b}.h{fill:#f6a623}\
text{font:12px system-ui,sans-serif;fill:#1a1a1a}small{color:#555}\
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr,svg{break-inside:avoid}\
.s,.h{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

impl Page<'_> {
    /// The page as text.
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Costs of quantum tasks</title>\
             <style>{STYLE}</style></head><body><h1>Costs of quantum tasks</h1><p>{} · settled {:#} · held {:#} · \
             unsure {:#}<br><small>US dollars before tax; made {}</small></p>",
            safe(self.span),
            self.total.settled,
            self.total.held,
            self.total.unsure,
            safe(&self.at)
        );
        if let Some(forecast) = self.forecast {
            let _ = write!(out, "<p>{}</p>", safe(&forecast.words()));
        }
        let name = |key: &[String]| key.join(" · ");
        let bars: Vec<(String, Money, Money)> =
            self.rows.iter().map(|(key, s)| (name(key), s.settled, s.held)).collect();
        let _ = write!(out, "<h2>By {}</h2>{}", safe(&self.by.join(", ")), across(&bars));
        if !self.days.is_empty() {
            let days: Vec<(String, Money)> = self.days.iter().map(|(d, m)| ((*d).clone(), *m)).collect();
            let _ = write!(out, "<h2>Settled by day of submission</h2>{}", upright(&days));
        }
        out.push_str("<table><thead><tr>");
        for head in self.by {
            let _ = write!(out, "<th>{}</th>", safe(head));
        }
        out.push_str("<th class=n>tasks</th><th class=n>shots</th><th class=n>settled</th><th class=n>held</th><th class=n>unsure</th><th class=n>imported</th></tr></thead><tbody>");
        for (key, sum) in &self.rows {
            let cells: String = key.iter().map(|k| format!("<td>{}</td>", safe(k))).collect();
            let _ = write!(out, "<tr>{cells}{}</tr>", figures(sum));
        }
        let _ = writeln!(
            out,
            "</tbody><tfoot><tr><td colspan=\"{}\">total</td>{}</tr></tfoot></table></body></html>",
            self.by.len(),
            figures(self.total)
        );
        out
    }
}

fn figures(sum: &Sum) -> String {
    let money =
        [sum.settled, sum.held, sum.unsure, sum.imported].map(|m| format!("<td class=n>{m:#}</td>")).concat();
    format!("<td class=n>{}</td><td class=n>{}</td>{money}", sum.tasks, sum.shots)
}

/// Bars beside their names: settled, then held. At most twenty, the largest first.
fn across(rows: &[(String, Money, Money)]) -> String {
    let mut rows: Vec<_> = rows.iter().collect();
    let whole = |(_, s, h): &(String, Money, Money)| i128::from(s.nanos()) + i128::from(h.nanos());
    rows.sort_by_key(|r| std::cmp::Reverse(whole(r)));
    let most = rows.first().map_or(1, |r| whole(r)).max(1);
    rows.truncate(20);
    let height = rows.len() * 24 + 4;
    let mut out = format!("<svg viewBox=\"0 0 800 {height}\" role=\"img\" aria-label=\"bars of costs\">");
    for (i, (name, settled, held)) in rows.iter().enumerate() {
        // Pixels, not money: what is shown in figures stands beside.
        let width = |m: &Money| i128::from(m.nanos()) * 420 / most;
        let (y, s, h) = (i * 24, width(settled), width(held));
        let short: String = name.chars().take(28).collect();
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=s x=\"210\" y=\"{}\" width=\"{s}\" height=\"16\"/>\
             <rect class=h x=\"{}\" y=\"{}\" width=\"{h}\" height=\"16\"/><text x=\"{}\" y=\"{}\">{settled:#}{}</text>",
            y + 15,
            safe(&short),
            y + 3,
            210 + s,
            y + 3,
            216 + s + h,
            y + 15,
            if held.is_zero() { String::new() } else { format!(" + {held:#} held") },
        );
    }
    out.push_str("</svg>");
    out
}

/// One bar a day; of more than sixty days the last sixty.
fn upright(days: &[(String, Money)]) -> String {
    let days = &days[days.len().saturating_sub(60)..];
    let most = days.iter().map(|(_, m)| i128::from(m.nanos())).max().unwrap_or(1).max(1);
    let step = 780 / days.len().max(1);
    let mut out = String::from("<svg viewBox=\"0 0 800 190\" role=\"img\" aria-label=\"costs by day\">");
    for (i, (day, amount)) in days.iter().enumerate() {
        let height = i128::from(amount.nanos()) * 150 / most;
        let (x, y) = (10 + i * step, 160 - height);
        let wide = step.saturating_sub(2).clamp(1, 60);
        let _ = write!(
            out,
            "<rect class=s x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{height}\"><title>{}: {amount:#}</title></rect>",
            safe(day)
        );
    }
    if let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) {
        let _ = write!(out, "<text x=\"10\" y=\"180\">{}</text>", safe(first));
        if days.len() > 1 {
            let _ = write!(out, "<text x=\"790\" y=\"180\" text-anchor=\"end\">{}</text>", safe(last));
        }
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_text_and_not_markup() {
        let total = Sum { settled: "1.75".parse().unwrap(), ..Sum::default() };
        let key = vec!["<script>alert(1)</script>".to_owned()];
        let page = Page {
            span: "all time",
            by: &["project".to_owned()],
            rows: vec![(&key, &total)],
            total: &total,
            days: vec![],
            forecast: None,
            at: "2026-11-29".to_owned(),
        };
        let html = page.html();
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;") && html.contains("$1.75"));
        assert!(!html.contains("http"), "nothing is loaded from elsewhere");
    }
}
