//! Bar charts as SVG, in colours that the page's style gives. Widths are pixels; figures stand beside.

use std::fmt::Write as _;

use super::escape;

/// A bar of one part or several, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// Its parts, none below zero.
    pub parts: Vec<f64>,
    /// Its figures in words.
    pub words: String,
}

/// A bar chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// What it shows.
    pub title: String,
    /// Whether bars stand, in the order of a calendar; else they lie below each other.
    pub upright: bool,
    /// The bars.
    pub bars: Vec<Bar>,
}

/// Most bars that lie below each other, and that stand side by side.
const MOST: [usize; 2] = [20, 60];

impl Bars {
    /// The chart: of bars that lie the longest, of those that stand the last.
    pub fn svg(&self) -> String {
        let whole = |bar: &Bar| bar.parts.iter().sum::<f64>();
        let most = self.bars.iter().map(whole).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        if self.upright {
            return self.standing(most);
        }
        let mut bars: Vec<&Bar> = self.bars.iter().collect();
        bars.sort_by(|a, b| whole(b).total_cmp(&whole(a)));
        bars.truncate(MOST[0]);
        let height = bars.len() * 24 + 4;
        let mut out =
            format!("<svg viewBox=\"0 0 800 {height}\" role=\"img\" aria-label=\"{}\">", escape(&self.title));
        for (row, bar) in bars.iter().enumerate() {
            let short: String = bar.name.chars().take(28).collect();
            let (y, mut x) = (row * 24, 210.0);
            let _ = write!(out, "<text x=\"0\" y=\"{}\">{}</text>", y + 15, escape(&short));
            for (part, value) in bar.parts.iter().enumerate() {
                let width = value / most * 400.0;
                let top = y + 3;
                let _ = write!(
                    out,
                    "<rect class=\"dot c{part}\" x=\"{x:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"16\"/>"
                );
                x += width;
            }
            let _ = write!(out, "<text x=\"{:.1}\" y=\"{}\">{}</text>", x + 6.0, y + 15, escape(&bar.words));
        }
        out + "</svg>"
    }

    fn standing(&self, most: f64) -> String {
        let bars = &self.bars[self.bars.len().saturating_sub(MOST[1])..];
        let mut out =
            format!("<svg viewBox=\"0 0 800 190\" role=\"img\" aria-label=\"{}\">", escape(&self.title));
        let step = 780.0 / bars.len().max(1) as f64;
        let wide = (step - 2.0).clamp(1.0, 60.0);
        for (at, bar) in bars.iter().enumerate() {
            let (x, mut y) = (10.0 + at as f64 * step, 160.0);
            for (part, value) in bar.parts.iter().enumerate() {
                let height = value / most * 150.0;
                y -= height;
                let _ = write!(
                    out,
                    "<rect class=\"dot c{part}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" \
                     height=\"{height:.1}\"><title>{}: {}</title></rect>",
                    escape(&bar.name),
                    escape(&bar.words)
                );
            }
        }
        if let (Some(first), Some(last)) = (bars.first(), bars.last()) {
            let _ = write!(out, "<text x=\"10\" y=\"180\">{}</text>", escape(&first.name));
            if bars.len() > 1 {
                let end = escape(&last.name);
                let _ = write!(out, "<text x=\"790\" y=\"180\" text-anchor=\"end\">{end}</text>");
            }
        }
        out + "</svg>"
    }
}
