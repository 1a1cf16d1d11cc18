//! The folder of a script: laid out before it starts, searched after it ended, gone with its owner.

use std::io::{Error, ErrorKind, Result, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::braket::{Left, Script};

const RUNNER: &str = include_str!("script.py");
/// Most bytes that a job leaves behind, of results and of checkpoints.
const OUTPUT_BYTES: u64 = 64 << 20;
/// Names that are tried; each is in use only while a process of the same id died before it cleaned up.
const NAMES: u64 = 1000;

/// A folder that nobody had before.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one that only this user reads. Other worlds may have a job of the same name at the same time.
    pub(super) fn new(job: &str) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        for _ in 0..NAMES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("shotbook-job-{job}-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match std::fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::other("every name for its folder is taken"))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn whole(&self) -> &Path {
        &self.0
    }

    /// Writes what a script finds: its source, its data, its arguments, and a profile of its own, because
    /// one at home may lead to the real thing.
    pub(super) fn lay_out(&self, script: &Script) -> Result<()> {
        for inner in ["code", "packed", "input/config", "input/data", "model", "checkpoints", "output"] {
            std::fs::create_dir_all(self.path(inner))?;
        }
        for (name, bytes) in &script.files {
            let Some(path) = below(&self.0, name) else { continue };
            if name.ends_with('/') {
                // What consoles write to show an empty folder.
                std::fs::create_dir_all(path)?;
                continue;
            }
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, bytes)?;
        }
        let mut runner = std::fs::File::create_new(self.path("braket_container.py"))?;
        runner.write_all(RUNNER.as_bytes())?;
        std::fs::write(self.path("aws"), script.profile())?;
        let arguments = script.hyperparameters().to_string();
        std::fs::write(self.path("input/config/hyperparameters.json"), arguments)
    }

    /// Why the script says it failed.
    pub(super) fn failure(&self) -> String {
        let why = std::fs::read_to_string(self.path("output/failure")).unwrap_or_default();
        why.chars().take(1024).collect()
    }

    /// The checkpoints that a script left.
    pub(super) fn checkpoints(&self, script: &Script) -> Result<Vec<Left>> {
        let Some((bucket, prefix)) = script.checkpoints() else { return Ok(Vec::new()) };
        let files = left(&self.path("checkpoints"))?.into_iter();
        Ok(files.map(|(name, bytes)| Left::new(bucket, &Script::join(prefix, &name), bytes)).collect())
    }

    /// The results that a script left, packed.
    pub(super) fn results(&self, script: &Script) -> Result<Option<Left>> {
        let Some((bucket, prefix)) = script.output() else { return Ok(None) };
        let (model, packed) = (self.path("model"), self.path("model.tar.gz"));
        match std::fs::read_dir(&model) {
            Ok(mut entries) => {
                if entries.next().is_none() {
                    return Ok(None);
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let done = Command::new("tar").arg("-czf").arg(&packed).arg("-C").arg(&model).arg(".").status()?;
        if !done.success() {
            return Err(Error::other("its results cannot be packed"));
        }
        if std::fs::metadata(&packed)?.len() > OUTPUT_BYTES {
            return Err(too_much("results"));
        }
        let key = Script::join(prefix, "output/model.tar.gz");
        Ok(Some(Left::new(bucket, &key, std::fs::read(&packed)?)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn too_much(what: &str) -> Error {
    let most = OUTPUT_BYTES >> 20;
    Error::other(format!("its {what} have more than {most} MiB, the most that this stand-in keeps"))
}

/// A path below a folder, when a name has no way out of it.
fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let plain = name.components().all(|c| matches!(c, Component::Normal(_)));
    (plain && name.components().next().is_some()).then(|| folder.join(name))
}

/// Files below a folder with their names there; links are not followed, and no folder has no files.
fn left(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut out, mut open, mut total) = (Vec::new(), vec![folder.to_owned()], 0);
    while let Some(here) = open.pop() {
        let entries = match std::fs::read_dir(&here) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                total += entry.metadata()?.len();
                if total > OUTPUT_BYTES {
                    return Err(too_much("checkpoints"));
                }
                if let Ok(name) = entry.path().strip_prefix(folder) {
                    out.push((name.to_string_lossy().replace('\\', "/"), std::fs::read(entry.path())?));
                }
            }
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Path::new("/f");
        assert_eq!(below(folder, "input/data/a/b"), Some(PathBuf::from("/f/input/data/a/b")));
        for name in ["../x", "a/../../x", "/etc/passwd", "", ".", "a/.."] {
            assert_eq!(below(folder, name), None, "{name}");
        }
    }

    #[test]
    fn two_worlds_share_no_folder_and_each_removes_its_own() {
        let (first, second) = (Folder::new("same").expect("one"), Folder::new("same").expect("another"));
        let (own, other) = (first.whole().to_owned(), second.whole().to_owned());
        assert_ne!(own, other);
        drop(first);
        assert!(!own.exists() && other.exists());
    }
}
