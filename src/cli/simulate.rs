//! What `run` needs besides the engine: noise from files and devices, and the table of engines.

use shotbook_sim::circuit::Circuit;
use shotbook_sim::engine::{self, Options, Precision};
use shotbook_sim::noise_model::{self, NoiseModel};

use crate::cli::Failure;
use crate::cli::circuit::read_text;
use crate::cli::output::Out;
use crate::cli::verbs::devices;

/// Where noise comes from.
#[derive(Clone, Debug, clap::Args)]
pub struct NoiseArgs {
    /// Noise model: channels behind gates, wrong readings, decay
    #[arg(long, value_name = "FILE.toml", conflicts_with = "noise_from")]
    noise: Option<String>,
    /// Noise of a device, from published fidelities
    #[arg(long, value_name = "DEV")]
    noise_from: Option<String>,
}

impl NoiseArgs {
    /// The circuit with the noise that was asked for; `None` where none was.
    pub fn apply(&self, circuit: &Circuit, out: &mut Out) -> Result<Option<Circuit>, Failure> {
        let (model, origin) = match (&self.noise, &self.noise_from) {
            (Some(file), _) => {
                let model: NoiseModel = toml::from_str(&read_text(file)?).map_err(|e| {
                    Failure::new("SB2006", format!("{file} is no noise model: {e}"))
                        .with_help("docs/noise.md tells what it holds")
                })?;
                (model, file.clone())
            }
            (None, Some(name)) => {
                let device = devices::find(name)?;
                let Some(known) = noise_model::of_device(device) else {
                    let message = format!("no fidelities of {} are on record", device.name);
                    return Err(Failure::new("SB2001", message).with_help("--noise FILE.toml"));
                };
                out.say(&format!(
                    "noise of {}: gates {:.2} % and {:.2} %, readout {:.1} %; confidence {}: {}",
                    device.name,
                    known.one * 100.0,
                    known.two * 100.0,
                    known.readout * 100.0,
                    known.confidence,
                    known.source
                ));
                (known.model(), device.name.clone())
            }
            (None, None) => return Ok(None),
        };
        let noisy = model.apply(circuit).map_err(|e| {
            Failure::new("SB2006", format!("{origin}: {e}")).with_help("docs/noise.md tells what it holds")
        })?;
        Ok(Some(noisy))
    }
}

/// Prints what each engine would take, or why it cannot.
pub fn explain(circuit: &Circuit, options: &Options<'_>, out: &mut Out) {
    out.say("engine           time         memory       precision");
    for (name, forecast) in engine::explain(circuit, options) {
        out.say(&match forecast {
            Ok(f) => {
                let precision = match f.precision {
                    Some(Precision::Double) => "double",
                    Some(Precision::Single) => "single",
                    None => "exact",
                };
                format!("{name:16} {:12} {:12} {precision}", duration(f.time_us), bytes(f.bytes))
            }
            Err(reason) => format!("{name:16} no: {reason}"),
        });
    }
}

/// A time as a person reads it. Units of `us`: microseconds.
pub fn duration(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us:.0} us"),
        us if us < 1e6 => format!("{:.1} ms", us / 1e3),
        us if us < 3.6e9 => format!("{:.1} s", us / 1e6),
        us if us < 3.15e13 => format!("{:.0} h", us / 3.6e9),
        _ => "years".into(),
    }
}

fn bytes(n: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (n.max(1).ilog2() / 10).min(6);
    let whole = n as f64 / 1024f64.powi(unit as i32);
    if n == u64::MAX { "beyond any machine".into() } else { format!("{whole:.0} {}", UNITS[unit as usize]) }
}
