//! Line charts as SVG, in colours that the page's style gives.

use std::fmt::Write as _;

use super::escape;

/// A line, perhaps with a band around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Points by rising x.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper limit at the same x.
    pub band: Vec<(f64, f64)>,
    /// Drawn with gaps.
    pub dashed: bool,
}

/// A chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Words and unit below.
    pub x: String,
    /// Words and unit at the side.
    pub y: String,
    /// Logarithmic x.
    pub log_x: bool,
    /// Logarithmic y.
    pub log_y: bool,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Vertical marks with their words.
    pub marks: Vec<(f64, String)>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 48.0;

/// One axis: from numbers to places.
struct Axis {
    log: bool,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: &[f64], log: bool, from: f64, to: f64) -> Self {
        let good = values.iter().copied().filter(|v| v.is_finite() && (!log || *v > 0.0));
        let turn = |v: f64| if log { v.log10() } else { v };
        let (mut low, mut high) = good.map(turn).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-12 * high.abs().max(1e-9) {
            let pad = if log { 0.5 } else { (0.05 * high.abs()).max(1e-9) };
            (low, high) = (low - pad, high + pad);
        }
        let pad = 0.04 * (high - low);
        Self { log, low: low - pad, high: high + pad, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        let v = if self.log { value.max(1e-300).log10() } else { value };
        self.from + (v - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let (first, last) = (self.low.ceil() as i32, self.high.floor() as i32);
            let step = ((last - first) / 7 + 1).max(1);
            return (first..=last).filter(|e| (e - first) % step == 0).map(|e| 10f64.powi(e)).collect();
        }
        let rough = (self.high - self.low) / 6.0;
        let scale = 10f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * scale).find(|s| *s >= rough).unwrap_or(10.0 * scale);
        let mut tick = (self.low / step).ceil() * step;
        let mut out = Vec::new();
        while tick <= self.high && out.len() < 20 {
            out.push(if tick.abs() < step * 1e-9 { 0.0 } else { tick });
            tick += step;
        }
        out
    }
}

/// A number on an axis.
fn label(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        let exponent = size.log10().floor() as i32;
        let factor = value / 10f64.powi(exponent);
        let shown = format!("{factor:.1}");
        let shown = shown.trim_end_matches('0').trim_end_matches('.');
        return if shown == "1" { format!("1e{exponent}") } else { format!("{shown}e{exponent}") };
    }
    let text = format!("{value:.4}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Chart {
    /// The chart as SVG.
    pub fn svg(&self) -> String {
        let xs: Vec<f64> = self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.0)).collect();
        let mut ys: Vec<f64> = self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.1)).collect();
        ys.extend(self.lines.iter().flat_map(|l| l.band.iter().flat_map(|b| [b.0, b.1])));
        let x = Axis::new(&xs, self.log_x, LEFT, WIDTH - RIGHT);
        let y = Axis::new(&ys, self.log_y, HEIGHT - BOTTOM, TOP);
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">",
            escape(&self.title)
        );
        self.axes(&mut out, &x, &y);
        for (number, line) in self.lines.iter().enumerate() {
            draw(&mut out, line, number, &x, &y);
        }
        for (at, words) in &self.marks {
            let place = x.place(*at);
            let _ = write!(
                out,
                "<line class=\"mark\" x1=\"{place:.1}\" x2=\"{place:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>\
                 <text class=\"note\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                HEIGHT - BOTTOM,
                (place + 4.0).min(WIDTH - 150.0),
                TOP + 12.0,
                escape(words)
            );
        }
        out.push_str("</svg>");
        out.push_str(&self.legend());
        out
    }

    fn axes(&self, out: &mut String, x: &Axis, y: &Axis) {
        let floor = HEIGHT - BOTTOM;
        for tick in x.ticks() {
            let at = x.place(tick);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{floor:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"middle\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>",
                floor + 16.0,
                label(tick)
            );
        }
        for tick in y.ticks() {
            let at = y.place(tick);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                label(tick)
            );
        }
        let _ = write!(
            out,
            "<text class=\"axis\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
             <text class=\"axis\" text-anchor=\"middle\" transform=\"translate(14 {:.1}) rotate(-90)\">{}</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 10.0,
            escape(&self.x),
            f64::midpoint(TOP, floor),
            escape(&self.y)
        );
    }

    fn legend(&self) -> String {
        let mut out = String::from("<ul class=\"legend\">");
        for (number, line) in self.lines.iter().enumerate() {
            let dashed = if line.dashed { " dashed" } else { "" };
            let _ = write!(out, "<li class=\"c{}{dashed}\">{}</li>", number % 6, escape(&line.name));
        }
        out + "</ul>"
    }
}

fn draw(out: &mut String, line: &Line, number: usize, x: &Axis, y: &Axis) {
    let colour = number % 6;
    if !line.band.is_empty() {
        let upper = line.points.iter().zip(&line.band).map(|(p, b)| (p.0, b.1));
        let lower = line.points.iter().zip(&line.band).map(|(p, b)| (p.0, b.0));
        let around: Vec<(f64, f64)> = upper.chain(lower.rev()).collect();
        let places: Vec<String> =
            around.iter().map(|p| format!("{:.1},{:.1}", x.place(p.0), y.place(p.1))).collect();
        let _ = write!(out, "<polygon class=\"band c{colour}\" points=\"{}\"/>", places.join(" "));
    }
    let finite = line.points.iter().filter(|p| p.0.is_finite() && p.1.is_finite());
    let places: Vec<String> = finite.map(|p| format!("{:.1},{:.1}", x.place(p.0), y.place(p.1))).collect();
    let dashed = if line.dashed { " dashed" } else { "" };
    let _ = write!(out, "<polyline class=\"line c{colour}{dashed}\" points=\"{}\"/>", places.join(" "));
    if places.len() == 1
        && let Some((cx, cy)) = places[0].split_once(',')
    {
        let _ = write!(out, "<circle class=\"dot c{colour}\" cx=\"{cx}\" cy=\"{cy}\" r=\"4\"/>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let axis = |values: &[f64], log| Axis::new(values, log, 0.0, 1.0);
        assert_eq!(axis(&[0.0, 10.0], false).ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(axis(&[1.0, 1000.0], true).ticks(), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(axis(&[], false).ticks().len(), 5 + 1);
        assert_eq!(
            (label(0.25), label(1e-7), label(2.5e8)),
            ("0.25".to_owned(), "1e-7".to_owned(), "2.5e8".to_owned())
        );
    }

    #[test]
    fn names_of_others_cannot_leave_the_page() {
        let line = Line {
            name: "<script>".to_owned(),
            points: vec![(0.0, f64::NAN), (1.0, 2.0)],
            ..Line::default()
        };
        let svg = Chart { lines: vec![line], ..Chart::default() }.svg();
        assert!(!svg.contains("<script>") && !svg.contains("NaN"), "{svg}");
    }
}
