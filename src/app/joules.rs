//! Energy that this machine meters itself, where its counters may be read.

use std::path::Path;

/// Counters of Linux's powercap framework, one folder a processor package.
const COUNTERS: &str = "/sys/class/powercap";

/// Energy of all packages since some moment. Units: joules. Nothing where it is not metered, or where
/// only an administrator may read it.
pub fn metered() -> Option<f64> {
    below(Path::new(COUNTERS))
}

/// Between two readings; nothing when a counter began again.
pub fn between(start: Option<f64>, end: Option<f64>) -> Option<f64> {
    start.zip(end).map(|(start, end)| end - start).filter(|joules| *joules >= 0.0)
}

fn below(folder: &Path) -> Option<f64> {
    let mut sum = None;
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // `intel-rapl:0` is a package; `intel-rapl:0:1` is a part of one.
        if name.starts_with("intel-rapl:") && name.matches(':').count() == 1 {
            let text = std::fs::read_to_string(entry.path().join("energy_uj")).ok()?;
            *sum.get_or_insert(0.0) += text.trim().parse::<f64>().ok()? / 1e6;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_added_and_their_parts_are_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(below(folder.path()), None, "nothing is metered here");
        for (name, text) in
            [("intel-rapl:0", "1500000\n"), ("intel-rapl:1", "500000\n"), ("intel-rapl:0:0", "9000000\n")]
        {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("energy_uj"), text).unwrap();
        }
        assert_eq!(below(folder.path()), Some(2.0));
        assert_eq!(
            (between(Some(1.0), Some(3.0)), between(Some(3.0), Some(1.0)), between(None, Some(1.0))),
            (Some(2.0), None, None)
        );
        std::fs::write(folder.path().join("intel-rapl:1").join("energy_uj"), "?").unwrap();
        assert_eq!(below(folder.path()), None, "a counter that cannot be read is not zero");
    }
}
