//! Remembers that the bytes of a file were checked, so that they are not read whole again by each process.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Smaller files are checked faster than this is worth. Units: bytes.
const FROM_BYTES: u64 = 1 << 20;
/// A file that changed this long before it was looked at may change again without showing it: clocks of
/// file systems tick coarsely.
const TICK: Duration = Duration::from_millis(100);

/// Any write to the file changes it.
fn state(of: &Metadata) -> Option<String> {
    let changed = of.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {}", of.len(), changed.as_nanos()))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".checked");
    path.with_file_name(name)
}

/// Whether these very bytes were found whole before.
pub(super) fn known(path: &Path, of: &Metadata) -> bool {
    let note = beside(path);
    let later = || {
        let (noted, changed) = (note.metadata().ok()?.modified().ok()?, of.modified().ok()?);
        Some(noted.duration_since(changed).ok()? > TICK)
    };
    of.len() >= FROM_BYTES && later() == Some(true) && fs::read_to_string(&note).ok() == state(of)
}

/// Notes what was found whole; nothing where it changed meanwhile. It is only a shortcut: losing it, or
/// failing to write it, costs one more check.
pub(super) fn note(path: &Path, of: &Metadata) {
    let now = path.metadata().ok().as_ref().and_then(state);
    if let Some(state) = state(of).filter(|s| of.len() >= FROM_BYTES && now.as_ref() == Some(s)) {
        let _a_shortcut_only = fs::write(beside(path), state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_bytes_that_were_checked_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let earlier = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let write = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            path.metadata().unwrap()
        };
        let age = || {
            fs::File::options().write(true).open(&path).unwrap().set_modified(earlier).unwrap();
            path.metadata().unwrap()
        };
        let mut bytes = vec![0; FROM_BYTES as usize];
        write(&bytes);
        let old = age();
        assert!(!known(&path, &old));
        note(&path, &old);
        assert!(known(&path, &old));
        bytes[77] = 1;
        let damaged = write(&bytes);
        assert!(!known(&path, &damaged));
        // Written a moment ago: a second write in the same tick could not be told apart.
        note(&path, &damaged);
        assert!(!known(&path, &damaged));
        // Changed while it was checked: nothing is noted of it.
        note(&path, &old);
        assert!(!known(&path, &old));
        write(&bytes[1..]);
        let small = age();
        note(&path, &small);
        assert!(!known(&path, &small));
    }
}
