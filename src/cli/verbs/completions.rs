//! `completions`: for a shell.

use crate::cli::output::Out;
use crate::cli::{Context, Failure, command};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shell
    shell: clap_complete::Shell,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "shotbook", &mut text);
    out.text(&String::from_utf8_lossy(&text));
    Ok(0)
}
