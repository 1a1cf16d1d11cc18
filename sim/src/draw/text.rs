//! The picture in characters.

use super::layout::{Column, Item, Picture, Placed, Shape, layout};
use super::marks::Mark;
use crate::circuit::Circuit;

/// The circuit as text; with a width in characters it wraps into several strips.
///
/// Each wire takes two lines, boxes three. Dots control, `⊕` flips, `×` exchange, `≈` marks noise,
/// `░` is a barrier; a measured wire is double and names its bit.
pub fn text(circuit: &Circuit, width: Option<usize>) -> String {
    let picture = layout(circuit);
    let labels = label_width(&picture);
    let widths: Vec<usize> = picture.columns.iter().map(column_width).collect();
    let room = width.map_or(usize::MAX, |w| w.saturating_sub(labels + 5).max(1));
    let mut out = String::new();
    let mut measured = vec![false; picture.wires.len()];
    let mut first = 0;
    loop {
        let last = strip_end(&widths, first, room);
        let (columns, sizes) = (&picture.columns[first..last], &widths[first..last]);
        let more = last < picture.columns.len();
        out.push_str(&strip(&picture, columns, sizes, &mut measured, labels, (first > 0, more)));
        if !more {
            break;
        }
        out.push('\n');
        first = last;
    }
    for note in &picture.notes {
        out.push_str(note);
        out.push('\n');
    }
    out
}

/// The first column that does not fit any more; at least one is taken.
fn strip_end(widths: &[usize], first: usize, room: usize) -> usize {
    let mut used = 0usize;
    for (i, w) in widths.iter().enumerate().skip(first) {
        used = used.saturating_add(*w);
        if used > room && i > first {
            return i;
        }
    }
    widths.len()
}

fn label_width(picture: &Picture) -> usize {
    picture.wires.iter().map(|w| length(&w.label)).max().unwrap_or(0)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn column_width(column: &Column) -> usize {
    column.iter().map(|item| item_width(&item.shape)).max().unwrap_or(0)
}

fn item_width(shape: &Shape) -> usize {
    match shape {
        Shape::Fence(title) => length(title).max(1) + 2,
        Shape::Fold(n) => length(&fold_text(*n)) + 2,
        Shape::Marks(marks) => marks.iter().map(|p| mark_width(&p.mark)).max().unwrap_or(0),
    }
}

fn fold_text(n: usize) -> String {
    format!("⋯ {n} more ⋯")
}

fn mark_width(mark: &Mark) -> usize {
    match mark {
        Mark::Control | Mark::OpenControl | Mark::Target | Mark::Cross | Mark::Barrier => 3,
        Mark::Meter(bit) => bit.as_ref().map_or(5, |b| 7 + length(b)),
        other => length(&label(other)) + 5,
    }
}

fn label(mark: &Mark) -> String {
    match mark {
        Mark::Box(text) => text.clone(),
        Mark::Noise(text) => format!("≈ {text}"),
        Mark::Reset => "|0⟩".to_owned(),
        _ => String::new(),
    }
}

/// Arms of a line from the middle of a character.
const UP: u8 = 1;
const RIGHT: u8 = 2;
const DOWN: u8 = 4;
const LEFT: u8 = 8;

/// Characters by their arms.
const LINES: [char; 16] = [' ', '╵', '╶', '└', '╷', '│', '┌', '├', '╴', '┘', '─', '┴', '┐', '┤', '┬', '┼'];

#[derive(Clone, Copy)]
enum Cell {
    Line(u8),
    Char(char),
}

/// Characters in rows: row `2 w + 1` is wire `w`, the rows between hold borders and links.
struct Canvas {
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    fn new(n_wires: usize, width: usize) -> Self {
        Self { rows: vec![vec![Cell::Line(0); width]; 2 * n_wires + 1] }
    }

    fn arms(&mut self, row: usize, col: usize, arms: u8) {
        if let Some(cell) = self.rows.get_mut(row).and_then(|r| r.get_mut(col)) {
            match cell {
                Cell::Line(old) => *old |= arms,
                Cell::Char(_) => {}
            }
        }
    }

    fn put(&mut self, row: usize, col: usize, text: &str) {
        let Some(cells) = self.rows.get_mut(row) else { return };
        for (i, c) in text.chars().enumerate() {
            if let Some(cell) = cells.get_mut(col + i) {
                *cell = Cell::Char(c);
            }
        }
    }

    /// A wire from one column to another, ends included.
    fn wire(&mut self, wire: usize, from: usize, to: usize, double: bool) {
        for col in from..to {
            if double {
                self.put(2 * wire + 1, col, "═");
            } else {
                self.arms(2 * wire + 1, col, LEFT | RIGHT);
            }
        }
    }

    fn clear(&mut self, row: usize, from: usize, to: usize) {
        for cell in self.rows[row].iter_mut().take(to).skip(from) {
            *cell = Cell::Line(0);
        }
    }

    /// A vertical link from one row to another, ends excluded.
    fn link(&mut self, col: usize, from: usize, to: usize) {
        for row in from + 1..to {
            match self.rows[row][col] {
                Cell::Char('═') => self.put(row, col, "╪"),
                _ => self.arms(row, col, UP | DOWN),
            }
        }
    }

    /// A box over the wires `top` to `bottom`, its label in the middle.
    fn boxed(&mut self, (top, bottom): (usize, usize), col: usize, label: &str, double_after: bool) {
        let (first, end) = (2 * top, 2 * bottom + 2);
        let last = col + length(label) + 3;
        for row in first + 1..end {
            self.clear(row, col, last + 1);
        }
        for c in col + 1..last {
            self.arms(first, c, LEFT | RIGHT);
            self.arms(end, c, LEFT | RIGHT);
        }
        for (row, c, arms) in [
            (first, col, RIGHT | DOWN),
            (first, last, LEFT | DOWN),
            (end, col, RIGHT | UP),
            (end, last, LEFT | UP),
        ] {
            self.arms(row, c, arms);
        }
        for row in first + 1..end {
            let wire = row % 2 == 1;
            self.arms(row, col, UP | DOWN | if wire { LEFT } else { 0 });
            match (wire, double_after) {
                (true, true) => self.put(row, last, "╞"),
                (true, false) => self.arms(row, last, UP | DOWN | RIGHT),
                (false, _) => self.arms(row, last, UP | DOWN),
            }
        }
        self.put(top + bottom + 1, col + 2, label);
    }

    fn row_text(&self, row: usize) -> String {
        let chars = self.rows[row].iter().map(|cell| match cell {
            Cell::Line(arms) => LINES[usize::from(*arms)],
            Cell::Char(c) => *c,
        });
        chars.collect()
    }
}

/// One strip of the picture with its labels.
fn strip(
    picture: &Picture,
    columns: &[Column],
    widths: &[usize],
    measured: &mut [bool],
    labels: usize,
    (continued, more): (bool, bool),
) -> String {
    let width = widths.iter().sum::<usize>() + 2;
    let mut canvas = Canvas::new(picture.wires.len(), width);
    for (w, double) in measured.iter().enumerate() {
        if !picture.wires[w].folded {
            canvas.wire(w, 0, 1, *double);
        }
    }
    let mut left = 1;
    for (column, size) in columns.iter().zip(widths) {
        for (w, double) in measured.iter().enumerate() {
            if !picture.wires[w].folded {
                canvas.wire(w, left, left + size, *double);
            }
        }
        for item in column {
            draw_item(&mut canvas, item, left, *size, measured);
        }
        left += size;
    }
    for (w, double) in measured.iter().enumerate() {
        if !picture.wires[w].folded {
            canvas.wire(w, left, width, *double);
        }
    }
    let mut out = String::new();
    for row in 0..2 * picture.wires.len() + 1 {
        let wire = if row % 2 == 1 { picture.wires.get(row / 2) } else { None };
        let name = wire.map_or("", |w| w.label.as_str());
        let drawn = wire.is_some_and(|w| !w.folded);
        let (before, after) = match (drawn, continued, more) {
            (false, ..) => (" ", ""),
            (true, c, m) => (if c { "«" } else { " " }, if m { "»" } else { "" }),
        };
        let pad = " ".repeat(labels - length(name));
        let line = format!("{pad}{name} {before}{}{after}", canvas.row_text(row));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    // The outermost rows are blank unless a box touches the border.
    out.trim_matches('\n').to_owned() + "\n"
}

fn draw_item(canvas: &mut Canvas, item: &Item, left: usize, size: usize, measured: &mut [bool]) {
    let center = left + (size - 1) / 2;
    match &item.shape {
        Shape::Fence(title) => {
            for row in 2 * item.top..=2 * item.bottom + 2 {
                canvas.put(row, center, "┊");
            }
            if !title.is_empty() {
                let start = left + (size - length(title)) / 2;
                canvas.put(2 * item.top, start, title);
            }
        }
        Shape::Fold(n) => {
            let text = fold_text(*n);
            for w in item.top..=item.bottom {
                let blank = " ".repeat(size);
                canvas.put(2 * w + 1, left, &blank);
                canvas.put(2 * w + 1, center, "⋯");
            }
            let middle = (item.top + item.bottom) / 2;
            canvas.put(2 * middle + 1, left + (size - length(&text)) / 2, &text);
        }
        Shape::Marks(marks) => {
            if marks.len() > 1 && !marks.iter().any(|p| p.mark == Mark::Barrier) {
                canvas.link(center, 2 * item.top + 1, 2 * item.bottom + 1);
            }
            for placed in marks {
                draw_mark(canvas, placed, left, size, measured);
            }
        }
    }
}

fn draw_mark(canvas: &mut Canvas, placed: &Placed, left: usize, size: usize, measured: &mut [bool]) {
    let (mark, row, center) = (&placed.mark, 2 * placed.top + 1, left + (size - 1) / 2);
    let meter = matches!(mark, Mark::Meter(_));
    // What follows a meter is a double wire, until something else acts on the qubit.
    if *mark != Mark::Barrier {
        for (wire, double) in measured.iter_mut().enumerate().take(placed.bottom + 1).skip(placed.top) {
            if *double != meter {
                *double = meter;
                canvas.clear(2 * wire + 1, center, left + size);
                canvas.wire(wire, center, left + size, meter);
            }
        }
    }
    match mark {
        Mark::Control => canvas.put(row, center, "●"),
        Mark::OpenControl => canvas.put(row, center, "○"),
        Mark::Target => canvas.put(row, center, "⊕"),
        Mark::Cross => canvas.put(row, center, "×"),
        Mark::Barrier => {
            for r in row - 1..=row + 1 {
                canvas.put(r, center, "░");
            }
        }
        Mark::Meter(bit) => {
            let name = bit.as_deref().unwrap_or("");
            let start = left + (size - mark_width(mark)) / 2;
            canvas.boxed((placed.top, placed.bottom), start, "M", true);
            canvas.put(row, start + 6, name);
        }
        Mark::Box(_) | Mark::Noise(_) | Mark::Reset => {
            let label = label(mark);
            canvas.boxed((placed.top, placed.bottom), center - (length(&label) + 3) / 2, &label, false);
        }
    }
}
