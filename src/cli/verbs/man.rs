//! `man`: the manual page.

use crate::cli::output::Out;
use crate::cli::{Context, Failure, command};

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command()).render(&mut text).map_err(|e| Failure::new("SB1001", e.to_string()))?;
    out.text(&String::from_utf8_lossy(&text));
    Ok(0)
}
