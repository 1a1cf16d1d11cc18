//! The house, judged by reading its source: who imports whom, how long files grow, what is absent.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest a source file may be. Units: lines.
const LONGEST: usize = 600;
/// Files that may be longer, each with why; one that no longer needs to be fails.
const LONGER: &[(&str, &str)] =
    &[("sim/src/circuit/gates.rs", "one row per gate, and the rows are the point")];

/// A rule of absence: files below `within` (and not below an exception) must not contain `words`.
struct Absence {
    what: &'static str,
    within: &'static str,
    except: &'static [&'static str],
    words: &'static [&'static str],
}

/// Who may import whom. Source: the architecture's table of layers.
const ABSENCES: &[Absence] = &[
    Absence {
        what: "only the backend knows AWS types",
        within: "src",
        except: &["src/backend/braket"],
        words: &["aws_sdk_", "aws_config", "aws_smithy", "aws_runtime"],
    },
    Absence {
        what: "only the store knows SQL",
        within: "src",
        except: &["src/store"],
        words: &["rusqlite", "SELECT ", "INSERT INTO"],
    },
    Absence {
        what: "only the edge prints",
        within: "src",
        except: &["src/cli", "src/main.rs"],
        words: &["println!", "print!(", "eprintln!", "eprint!("],
    },
    Absence {
        what: "the simulator prints nothing",
        within: "sim/src",
        except: &[],
        words: &["println!", "eprint"],
    },
    Absence {
        what: "only `time` reads a clock",
        within: "src",
        except: &["src/time.rs"],
        words: &["Instant::now", "SystemTime::now", "jiff::Timestamp::now", "Zoned::now"],
    },
    Absence {
        what: "the simulator reads no clock, file, socket or environment",
        within: "sim/src",
        except: &[],
        words: &["Instant::now", "SystemTime", "std::fs", "std::net", "std::env", "tokio"],
    },
    Absence {
        what: "only `config` reads the environment",
        within: "src",
        except: &["src/config.rs", "src/testing.rs"],
        words: &["env::var", "env::vars", "var_os("],
    },
    Absence {
        what: "decisions are synchronous and know no store, backend or edge",
        within: "src/job",
        except: &[],
        words: &["async ", ".await", "crate::store", "crate::backend", "crate::app", "crate::cli", "std::fs"],
    },
    Absence {
        what: "prices know no store, backend or edge",
        within: "src/price",
        except: &[],
        words: &["async ", "crate::store", "crate::backend", "crate::app", "crate::cli", "std::fs"],
    },
    Absence {
        what: "packing knows no store, backend or edge",
        within: "src/pack",
        except: &[],
        words: &["async ", "crate::store", "crate::backend", "crate::app", "crate::cli", "std::fs"],
    },
    Absence {
        what: "budgets know no store, backend or edge",
        within: "src/budget",
        except: &[],
        words: &["async ", "crate::store", "crate::backend", "crate::app", "crate::cli", "std::fs"],
    },
    Absence {
        what: "the store does not know the backend, nor the edge",
        within: "src/store",
        except: &[],
        words: &["crate::backend", "crate::app", "crate::cli", "crate::runner"],
    },
    Absence {
        what: "the backend does not know the store, nor the edge",
        within: "src/backend",
        except: &[],
        words: &["crate::store", "crate::app", "crate::cli", "crate::runner"],
    },
    Absence {
        what: "the runner does not know the edge",
        within: "src/runner",
        except: &[],
        words: &["crate::app", "crate::cli"],
    },
    Absence {
        what: "the stand-in shares no wire, price or accounting with the product",
        within: "mocks/src",
        except: &[],
        words: &["shotbook::"],
    },
    Absence {
        what: "unsafe code lives in the kernels alone",
        within: "sim/src",
        except: &["sim/src/engine/kernels"],
        words: &["unsafe {", "unsafe fn"],
    },
    Absence {
        what: "the product has no unsafe code",
        within: "src",
        except: &[],
        words: &["unsafe {", "unsafe fn"],
    },
    Absence {
        what: "nothing is left undone",
        within: ".",
        except: &["tests/it/tidy.rs"],
        words: &["todo!(", "unimplemented!(", "dbg!("],
    },
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Rust sources of the three packages, as paths from the root.
fn sources() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for top in ["src", "sim", "mocks", "tests", "benches"] {
        collect(&root().join(top), &mut out);
    }
    assert!(out.len() > 40, "only {} source files were found", out.len());
    out
}

fn collect(dir: &Path, out: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_none_or(|n| n != "target") {
                collect(&path, out);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            out.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn is_below(file: &str, place: &str) -> bool {
    place == "." || file == place || file.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
}

fn is_test(file: &str) -> bool {
    file.contains("/tests")
        || file.starts_with("tests/")
        || file.contains("/explore")
        || file.contains("/simulation")
        || file.ends_with("/in_process.rs")
        || file.ends_with("contract.rs")
}

/// The lines before a file's own tests, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn what_is_absent_stays_absent() {
    let sources = sources();
    let mut found = String::new();
    for rule in ABSENCES {
        let files = sources.iter().filter(|(file, _)| {
            is_below(file, rule.within) && !rule.except.iter().any(|e| is_below(file, e)) && !is_test(file)
        });
        for (file, text) in files {
            for (number, line) in code(text) {
                if let Some(word) = rule.words.iter().find(|w| line.contains(**w)) {
                    let _ = writeln!(found, "{file}:{}: {word:?}: {}", number + 1, rule.what);
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn files_stay_short() {
    let mut found = String::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        let excepted = LONGER.iter().any(|(name, _)| *name == file);
        if lines > LONGEST && !excepted {
            let _ = writeln!(found, "{file} has {lines} lines; {LONGEST} are allowed");
        }
        if lines <= LONGEST && excepted {
            let _ = writeln!(found, "{file} has {lines} lines and needs no exception any more");
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn no_test_is_skipped() {
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            assert!(!line.trim_start().starts_with("#[ignore"), "{file}:{} is ignored", number + 1);
        }
    }
}

#[test]
fn no_stray_blob_is_kept() {
    fn walk(dir: &Path, found: &mut String) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if ["target", ".git", ".cache"].contains(&name.as_str()) {
                continue;
            }
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                walk(&entry.path(), found);
            } else if meta.len() > 500_000 {
                let _ = writeln!(found, "{} has {} bytes", entry.path().display(), meta.len());
            }
        }
    }
    let mut found = String::new();
    walk(&root(), &mut found);
    assert!(found.is_empty(), "\n{found}");
}
