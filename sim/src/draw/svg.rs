//! The picture as SVG, drawn as textbooks do.

use std::fmt::Write as _;

use super::layout::{Column, Item, Picture, Placed, Shape, layout};
use super::marks::Mark;
use crate::circuit::Circuit;

/// Distance between wires. Units of all sizes here: SVG user units, one about a CSS pixel.
const WIRE: f64 = 46.0;
const BOX: f64 = 32.0;
const GAP: f64 = 14.0;
const MARGIN: f64 = 16.0;
/// Drawing wraps into another strip beyond this.
const STRIP: f64 = 1100.0;
/// Font size of labels, and of what stands small.
const FONT: f64 = 17.0;
const SMALL: f64 = 12.0;

const STYLE: &str = "\
text{font-family:'Latin Modern Math','STIX Two Text','Cambria Math','Times New Roman',serif;fill:#111}\
.w{stroke:#111;stroke-width:1.1;fill:none}\
.b{stroke:#111;stroke-width:1.1;fill:#fff}\
.n{stroke:#a33;stroke-width:1.1;stroke-dasharray:4 2.5;fill:#fdf1ef}\
.d{fill:#111}\
.f{stroke:#777;stroke-width:1;stroke-dasharray:2 3;fill:none}\
.g{fill:#ddd}\
.s{fill:#555}";

/// The circuit as an SVG document of its own; long ones wrap into strips.
pub fn svg(circuit: &Circuit) -> String {
    let picture = layout(circuit);
    let mut page = Page { out: String::new(), measured: vec![false; picture.wires.len()], top: MARGIN };
    let labels = picture.wires.iter().map(|w| text_width(&w.label, FONT)).fold(0.0, f64::max);
    let left = MARGIN + labels + 12.0;
    let widths: Vec<f64> = picture.columns.iter().map(column_width).collect();
    let (mut first, mut width) = (0, left + MARGIN);
    loop {
        let last = strip_end(&widths, first, STRIP - left);
        let right = left + GAP + widths[first..last].iter().sum::<f64>();
        page.strip(&picture, &picture.columns[first..last], &widths[first..last], (left, right));
        width = width.max(right + MARGIN);
        page.top += WIRE * picture.wires.len() as f64 + GAP;
        first = last;
        if last >= picture.columns.len() {
            break;
        }
    }
    for note in &picture.notes {
        page.label(MARGIN, page.top + SMALL, note, SMALL, "start", "s");
        width = width.max(text_width(note, SMALL) + 2.0 * MARGIN);
        page.top += SMALL * 1.6;
    }
    let height = page.top + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"quantum circuit\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
        page.out
    )
}

fn strip_end(widths: &[f64], first: usize, room: f64) -> usize {
    let mut used = 0.0;
    for (i, w) in widths.iter().enumerate().skip(first) {
        used += w;
        if used > room && i > first {
            return i;
        }
    }
    widths.len()
}

/// About how wide a text is in a serif face.
fn text_width(text: &str, size: f64) -> f64 {
    let em: f64 = text
        .chars()
        .map(|c| match c {
            'i' | 'l' | 'j' | '.' | ',' | '(' | ')' | '[' | ']' | '|' | ' ' | '†' => 0.32,
            'm' | 'w' | 'W' | 'M' | '√' | '⋯' => 0.9,
            'A'..='Z' => 0.7,
            _ => 0.52,
        })
        .sum();
    em * size
}

fn label(mark: &Mark) -> &str {
    match mark {
        Mark::Box(text) | Mark::Noise(text) => text,
        Mark::Reset => "|0⟩",
        _ => "",
    }
}

fn box_width(text: &str) -> f64 {
    (text_width(text, FONT) + 14.0).max(BOX)
}

fn mark_width(mark: &Mark) -> f64 {
    match mark {
        Mark::Control | Mark::OpenControl | Mark::Cross => 12.0,
        Mark::Target => 20.0,
        Mark::Barrier => 10.0,
        Mark::Meter(bit) => BOX + bit.as_ref().map_or(0.0, |b| text_width(b, SMALL) + 8.0),
        other => box_width(label(other)),
    }
}

fn column_width(column: &Column) -> f64 {
    let widest = |item: &Item| match &item.shape {
        Shape::Marks(marks) => marks.iter().map(|p| mark_width(&p.mark)).fold(0.0, f64::max),
        Shape::Fence(title) => text_width(title, SMALL).max(4.0),
        Shape::Fold(n) => text_width(&fold_text(*n), SMALL),
    };
    column.iter().map(widest).fold(0.0, f64::max) + GAP
}

fn fold_text(n: usize) -> String {
    format!("{n} more")
}

/// The drawing so far.
struct Page {
    out: String,
    /// Wires that carry a measured bit now.
    measured: Vec<bool>,
    /// Upper end of the current strip.
    top: f64,
}

impl Page {
    /// The height of a wire.
    fn y(&self, wire: usize) -> f64 {
        self.top + WIRE * (wire as f64 + 0.5)
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = writeln!(
            self.out,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let _ = writeln!(
            self.out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }

    fn circle(&mut self, (x, y): (f64, f64), r: f64, class: &str) {
        let _ = writeln!(self.out, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\"/>");
    }

    /// A text; brackets and trailing capitals become subscripts as in `q[0]` and `RX`.
    fn label(&mut self, x: f64, y: f64, text: &str, size: f64, anchor: &str, class: &str) {
        let _ = writeln!(
            self.out,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{}</text>",
            rich(text)
        );
    }

    fn strip(&mut self, picture: &Picture, columns: &[Column], widths: &[f64], (left, right): (f64, f64)) {
        for (w, wire) in picture.wires.iter().enumerate() {
            let y = self.y(w);
            self.label(
                left - 8.0,
                y + FONT * 0.32,
                &wire.label,
                FONT,
                "end",
                if wire.folded { "s" } else { "" },
            );
            if !wire.folded {
                self.wire(w, left, left + GAP);
            }
        }
        let mut x = left + GAP;
        for (column, size) in columns.iter().zip(widths) {
            let middle = x + (size - GAP) / 2.0;
            for (w, wire) in picture.wires.iter().enumerate() {
                if !wire.folded {
                    self.wire_column(w, column, (x, middle, x + size));
                }
            }
            for item in column {
                self.item(item, (x, middle));
            }
            x += size;
        }
        debug_assert!((x - right).abs() < 1e-6 || columns.is_empty());
    }

    /// One stretch of a wire, double when it carries a bit.
    fn wire(&mut self, wire: usize, from: f64, to: f64) {
        let y = self.y(wire);
        if self.measured[wire] {
            self.line((from, y - 1.6), (to, y - 1.6), "w");
            self.line((from, y + 1.6), (to, y + 1.6), "w");
        } else {
            self.line((from, y), (to, y), "w");
        }
    }

    /// The wire through one column, which may change what it carries in the middle.
    fn wire_column(&mut self, wire: usize, column: &Column, (from, middle, to): (f64, f64, f64)) {
        let mark = column.iter().find_map(|item| match &item.shape {
            Shape::Marks(marks) => marks.iter().find(|p| (p.top..=p.bottom).contains(&wire)).map(|p| &p.mark),
            _ => None,
        });
        if column.iter().any(|i| matches!(i.shape, Shape::Fold(_))) {
            return;
        }
        let after = match mark {
            None | Some(Mark::Barrier) => self.measured[wire],
            Some(mark) => matches!(mark, Mark::Meter(_)),
        };
        if after == self.measured[wire] {
            self.wire(wire, from, to);
        } else {
            let middle = if after { from + BOX / 2.0 } else { middle };
            self.wire(wire, from, middle);
            self.measured[wire] = after;
            self.wire(wire, middle, to);
        }
    }

    fn item(&mut self, item: &Item, (left, x): (f64, f64)) {
        let (top, bottom) = (self.y(item.top), self.y(item.bottom));
        match &item.shape {
            Shape::Fence(title) => {
                self.line((x, top - WIRE * 0.42), (x, bottom + WIRE * 0.42), "f");
                if !title.is_empty() {
                    self.label(x, top - WIRE * 0.42 - 2.0, title, SMALL, "middle", "s");
                }
            }
            Shape::Fold(n) => {
                for wire in item.top..=item.bottom {
                    self.label(x, self.y(wire) + 4.0, "⋯", FONT, "middle", "s");
                }
                self.label(x, bottom + WIRE * 0.42, &fold_text(*n), SMALL, "middle", "s");
            }
            Shape::Marks(marks) => {
                if !marks.iter().any(|p| p.mark == Mark::Barrier) {
                    self.line((x, top), (x, bottom), "w");
                }
                for placed in marks {
                    self.mark(placed, (left, x));
                }
            }
        }
    }

    fn mark(&mut self, placed: &Placed, (left, x): (f64, f64)) {
        let (top, bottom) = (self.y(placed.top), self.y(placed.bottom));
        match &placed.mark {
            Mark::Control => self.circle((x, top), 4.0, "d"),
            Mark::OpenControl => self.circle((x, top), 4.0, "b"),
            Mark::Target => {
                self.circle((x, top), 9.5, "b");
                self.line((x - 9.5, top), (x + 9.5, top), "w");
                self.line((x, top - 9.5), (x, top + 9.5), "w");
            }
            Mark::Cross => {
                self.line((x - 5.5, top - 5.5), (x + 5.5, top + 5.5), "w");
                self.line((x - 5.5, top + 5.5), (x + 5.5, top - 5.5), "w");
            }
            Mark::Barrier => self.rect((x - 4.0, top - WIRE / 2.0), (8.0, WIRE), "g"),
            Mark::Meter(bit) => {
                self.meter((left, top));
                if let Some(bit) = bit {
                    self.label(left + BOX + 4.0, top - 5.0, bit, SMALL, "start", "");
                }
            }
            Mark::Noise(text) => self.boxed((x, top, bottom), text, "n"),
            mark => self.boxed((x, top, bottom), label(mark), "b"),
        }
    }

    fn boxed(&mut self, (x, top, bottom): (f64, f64, f64), text: &str, class: &str) {
        let width = box_width(text);
        self.rect((x - width / 2.0, top - BOX / 2.0), (width, bottom - top + BOX), class);
        self.label(x, (top + bottom) / 2.0 + FONT * 0.32, text, FONT, "middle", "");
    }

    /// A dial with its needle.
    fn meter(&mut self, (left, y): (f64, f64)) {
        self.rect((left, y - BOX / 2.0), (BOX, BOX), "b");
        let (x, base) = (left + BOX / 2.0, y + 7.0);
        let _ = writeln!(
            self.out,
            "<path class=\"w\" d=\"M {:.1} {base:.1} A 10.5 10.5 0 0 1 {:.1} {base:.1}\"/>",
            x - 10.5,
            x + 10.5
        );
        self.line((x, base), (x + 8.0, y - 8.5), "w");
    }
}

/// A label with subscripts, safe inside XML.
fn rich(text: &str) -> String {
    let low = |t: &str| format!("<tspan font-size=\"70%\" dy=\"0.25em\">{}</tspan>", escape(t));
    // RX(0.5) as R with a low x, angles unchanged.
    if let Some(axis) = ["RX", "RY", "RZ"].iter().find(|r| text.starts_with(**r)) {
        let rest = &text[axis.len()..];
        return format!("R{}<tspan dy=\"-0.18em\">{}</tspan>", low(&axis[1..].to_lowercase()), escape(rest));
    }
    // q[0] as q with a low 0.
    if let Some((name, index)) = text.strip_suffix(']').and_then(|t| t.split_once('['))
        && index.bytes().all(|b| b.is_ascii_digit())
    {
        return format!("<tspan font-style=\"italic\">{}</tspan>{}", escape(name), low(index));
    }
    escape(text)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
