//! A circuit as a picture: Unicode text for a terminal, SVG for a page.
//!
//! Both come from one layout: wires from top to bottom, columns from left to right. A measured
//! wire turns double and names its bit; bodies of boxes, branches and loops stand between fences.

mod layout;
mod marks;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use svg::svg;
pub use text::text;

/// Operations drawn at most; the middle of a longer circuit is folded.
pub const OPERATIONS: usize = 2_000;
/// Wires drawn at most; idle ones are left out before busy ones are folded.
pub const WIRES: usize = 200;
