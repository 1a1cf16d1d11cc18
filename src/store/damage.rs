//! Stores that were changed, raced, cut or copied behind our back.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use super::contract::sample::{acceptance, budget, job, now, opened};
use super::*;
use crate::budget::Period;
use crate::job::{Job, apply};

fn fresh() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    (folder, path)
}

fn step(store: &dyn Store, before: &Job, event: Event, guarded: bool) -> Committed {
    let after = apply(before, &event, now()).unwrap();
    store.commit(&Change { before: before.clone(), after, event, blobs: vec![], guarded, at: now() }).unwrap()
}

#[test]
fn a_changed_balance_never_buys_past_the_cap() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    store.add_budget(&budget("b", "1", Period::Ever)).unwrap();
    assert_eq!(store.accept(&acceptance(&[job("a", "1", &["b"])])).unwrap(), Accepted::New);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE balance SET held = 0", []).unwrap();
    drop(store);
    let store = match SqliteStore::open(&path) {
        Err(_) => return,
        Ok(store) => store,
    };
    let second = store.accept(&acceptance(&[job("c", "1", &["b"])]));
    assert!(!matches!(second, Ok(Accepted::New)), "2 USD are held under a cap of 1: {second:?}");
}

#[test]
fn claims_and_balances_changed_together_are_noticed() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    store.add_budget(&budget("b", "1", Period::Ever)).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &["b"])])).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE balance SET held = 0; UPDATE claim SET held = 0").unwrap();
    assert!(matches!(store.check(), Err(StoreError::Damaged(_))), "check recomputes from the journal");
}

#[test]
fn terms_written_by_another_version_survive_a_commit() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    let (terms, life): (String, String) =
        raw.query_row("SELECT terms, life FROM job", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    // One more field, as "a new version adds fields only" allows, with its proper checksum.
    let terms = terms.replacen('{', "{\"later\":1,", 1);
    let sum = rows::checksum(&[&terms, &life, "0", "1000000000", "0"]);
    raw.execute("UPDATE job SET terms = ?1, checksum = ?2", rusqlite::params![terms, sum]).unwrap();
    let before = store.job(&JobId::new("j_a")).unwrap();
    assert!(matches!(step(&store, &before, opened(), true), Committed::Yes(1)));
    store.job(&JobId::new("j_a")).unwrap();
}

#[test]
fn a_removed_budget_binds_nobody() {
    for sqlite in [false, true] {
        let (_folder, path) = fresh();
        let store: Box<dyn Store> = if sqlite {
            Box::new(SqliteStore::open(&path).unwrap())
        } else {
            Box::new(MemoryStore::new("m"))
        };
        store.add_budget(&budget("b", "0.5", Period::Ever)).unwrap();
        let mut later = job("a", "1", &["b"]);
        later.held = Money::ZERO;
        let _new = store.accept(&acceptance(std::slice::from_ref(&later))).unwrap();
        store.remove_budget(&BudgetName::new("b"), now()).unwrap();
        let done = step(store.as_ref(), &later, opened(), true);
        assert!(matches!(done, Committed::Yes(_)), "sqlite {sqlite}: {done:?}");
    }
}

#[test]
fn any_change_by_whichever_connection_moves_the_age() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let first = store.age().unwrap();
    assert!(store.jobs(&Filter::default()).unwrap().is_empty());
    assert_eq!(store.age().unwrap(), first, "reading changes nothing");
    let _new = store.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
    let second = store.age().unwrap();
    let other = SqliteStore::open(&path).unwrap();
    let _new = other.accept(&acceptance(&[job("b", "1", &[])])).unwrap();
    let third = store.age().unwrap();
    assert!(first != second && second != third && first.is_some(), "{first:?} {second:?} {third:?}");
    assert_eq!(store.age().unwrap(), third);
}

#[test]
fn a_foreign_database_is_left_alone() {
    let (_folder, path) = fresh();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE photos (name TEXT); INSERT INTO photos VALUES ('x')").unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    let opened = SqliteStore::open(&path).map(drop);
    assert!(opened.is_err(), "another program's database became a store");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_check_beside_a_writer_finds_nothing() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let writer = SqliteStore::open(&path).unwrap();
            for i in 0..60 {
                let _new = writer.accept(&acceptance(&[job(&format!("w{i}"), "1", &[])])).unwrap();
            }
            stop.store(true, Ordering::SeqCst);
        });
        let mut wrong = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            if let Err(e) = store.check() {
                wrong.push(e.to_string());
            }
        }
        assert!(wrong.is_empty(), "{} false alarms: {}", wrong.len(), wrong[0]);
    });
}

#[test]
fn many_may_be_the_first_to_open() {
    let mut failed = Vec::new();
    for _ in 0..8 {
        let (_folder, path) = fresh();
        let barrier = Barrier::new(16);
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..16)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        SqliteStore::open(&path).err().map(|e| e.to_string())
                    })
                })
                .collect();
            failed.extend(all.into_iter().filter_map(|t| t.join().unwrap()));
        });
    }
    failed.sort();
    let kinds: std::collections::BTreeSet<&String> = failed.iter().collect();
    assert!(failed.is_empty(), "{} of 128 opens failed: {kinds:?}", failed.len());
}

#[test]
fn a_backup_is_its_owners_alone_and_whole() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let large = vec![7u8; 200_000];
    let mut work = acceptance(&[job("a", "1", &[])]);
    work.blobs = vec![large.clone()];
    let _new = store.accept(&work).unwrap();
    let other = folder.path().join("elsewhere");
    std::fs::create_dir(&other).unwrap();
    let copy = other.join("copy.db");
    store.backup(&copy).unwrap();
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    let bytes = SqliteStore::open(&copy).unwrap().blob(&crate::ids::BlobId::of(&large));
    assert!(mode == 0o600 && bytes.as_ref().is_ok_and(|b| *b == large), "mode {mode:o}, {:?}", bytes.err());
}

#[test]
fn a_journal_without_its_end_is_refused() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &[]), job("c", "1", &[])])).unwrap();
    drop(store);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DROP TRIGGER posting_remains; DELETE FROM posting WHERE sequence = 2").unwrap();
    drop(raw);
    assert!(SqliteStore::open(&path).is_err(), "opened with the last posting gone");
}

#[test]
fn a_job_beside_one_that_is_here_is_not_dropped_in_silence() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
    let both = store.accept(&acceptance(&[job("a", "1", &[]), job("c", "1", &[])])).unwrap();
    assert!(!matches!(both, Accepted::Same(_)) || store.job(&JobId::new("j_c")).is_ok(), "{both:?}");
}

#[test]
fn a_clock_set_back_reopens_no_period() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    store.add_budget(&budget("b", "1", Period::Day)).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &["b"])])).unwrap();
    let mut back = acceptance(&[job("c", "1", &["b"])]);
    back.at = now().before(std::time::Duration::from_secs(86_400));
    let again = store.accept(&back).unwrap();
    assert!(matches!(again, Accepted::OverBudget(_)), "yesterday was spent after today: {again:?}");
}
