//! `diff`: how far two results are apart.

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::work::job_id;
use crate::cli::{Context, Failure};
use crate::outcome::compare;
use crate::store::Store;

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    a: String,
    /// The other job
    b: String,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let [a, b] = [&args.a, &args.b].map(|argument| -> Result<_, Failure> {
        let job = store.job(&job_id(&store, argument)?)?;
        let (_, outcome) = super::result::stored(&store, &job)?;
        Ok((job, outcome))
    });
    let ((job_a, a), (job_b, b)) = (a?, b?);
    let widths = [&a, &b].map(|o| o.counts.keys().next().map_or(0, |bits| bits.len()));
    if widths[0] == 0 || widths[0] != widths[1] {
        let why = format!("outcomes of {} and {} bits cannot be compared", widths[0], widths[1]);
        return Err(Failure::new("SB2001", why).with_help("choose two jobs of one circuit: shotbook jobs"));
    }
    // A fixed seed: the same two results are always as far apart.
    let (distance, noise) = compare::difference(&a, &b, 1);
    let differ = distance.value > noise;
    if out.is_json() {
        out.json(
            &json!({"schema": "shotbook.diff/1", "a": job_a.terms.id.as_str(), "b": job_b.terms.id.as_str(),
            "total_variation": distance.value, "interval_95": [distance.low, distance.high],
            "sampling_noise_95": noise, "differ": differ}),
        );
        return Ok(0);
    }
    let rows = [(&job_a, &a), (&job_b, &b)].map(|(job, outcome)| {
        let terms = &job.terms;
        vec![terms.id.to_string(), terms.name.clone(), terms.device.clone(), outcome.shots.to_string()]
    });
    out.table(&["JOB", "NAME", "DEVICE", "SHOTS"], &[3], rows.to_vec());
    let verdict = if differ { "they differ" } else { "no difference beyond sampling" };
    out.line(&format!(
        "total variation {:.4} (95 %: {:.4} to {:.4}) · sampling alone stays below {noise:.4} · {verdict}",
        distance.value, distance.low, distance.high
    ));
    Ok(0)
}
