//! A histogram as an SVG picture.

use std::fmt::Write as _;

use crate::outcome::TaskOutcome;
use crate::outcome::compare::wilson;

/// Most outcomes of one picture.
const MOST: usize = 64;

/// Bars of the most frequent outcomes, in the order of their bits, with 95 % intervals.
pub fn histogram(outcome: &TaskOutcome, title: &str, top: Option<usize>, right: bool) -> String {
    let mut rows: Vec<_> = outcome.counts.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let hidden = rows.len().saturating_sub(top.unwrap_or(MOST).min(MOST));
    rows.truncate(rows.len() - hidden);
    rows.sort_by_key(|r| r.0);
    let n = outcome.shots.max(1) as f64;
    let largest = rows.iter().map(|r| *r.1).max().unwrap_or(1).max(1) as f64;
    let bits = rows.first().map_or(0, |r| r.0.to_string().len());
    let (left, bar) = (20 + bits * 8, 420.0);
    let (width, height) = (left + 560, rows.len() * 20 + 62);
    let order = if right { "q0 right" } else { "q0 left" };
    let safe = crate::report::escape(title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"monospace\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" \
         fill=\"white\"/><text x=\"10\" y=\"18\">{safe}</text><text x=\"10\" y=\"34\" fill=\"#555\">{} shots, bit \
         order {order}, bars with 95 % intervals</text>",
        outcome.shots
    );
    for (i, (bits, count)) in rows.iter().enumerate() {
        let name = if right { bits.reversed().to_string() } else { bits.to_string() };
        let p = **count as f64 / n;
        let (middle, half) = wilson(p, n);
        let scale = bar * n / largest;
        let (y, x) = (44 + i * 20, left as f64);
        let ends = [(middle - half).max(0.0), (middle + half).min(1.0)].map(|q| x + q * scale);
        let _ = write!(
            out,
            "<text x=\"10\" y=\"{}\">{name}</text><rect x=\"{left}\" y=\"{y}\" width=\"{:.1}\" height=\"14\" \
             fill=\"#20639b\"/><path d=\"M{:.1} {}H{:.1}\" stroke=\"#f6a623\" stroke-width=\"2\"/><text x=\"{:.1}\" \
             y=\"{}\">{count} {:.1} %</text>",
            y + 11,
            p * scale,
            ends[0],
            y + 7,
            ends[1],
            ends[1] + 6.0,
            y + 11,
            p * 100.0
        );
    }
    if hidden > 0 {
        let _ =
            write!(out, "<text x=\"10\" y=\"{}\" fill=\"#555\">{hidden} more outcomes</text>", height - 6);
    }
    out.push_str("</svg>\n");
    out
}
