//! What every store must do, as functions over a fresh one; each store runs them all.

mod reports;
pub(super) mod sample;

use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::budget::Period;
use crate::ids::{BlobId, StoreId};
use crate::job::{Job, Outcome, Stage, TaskStatus, apply};
use crate::price::Metering;
use crate::testing::TestSize;
use sample::{acceptance, budget, job, now, opened, task, usd};

type Check = fn(&dyn Store);

const CHECKS: &[(&str, Check)] = &[
    ("a job comes back as it was", comes_back),
    ("acceptance is all or nothing", all_or_nothing),
    ("a key names one content", keys),
    ("a commit compares the version", versions),
    ("postings are the difference", postings),
    ("stacked budgets hold all or none", stacked),
    ("a lowered cap freezes", lowered),
    ("a budget stops before its cap", stops),
    ("a hold stays in its period", periods),
    ("adoption passes a cap", adoption),
    ("labels change reports and nothing else", reports::labels),
    ("a key whose task was adopted buys nothing", adopted_before_its_key_came_again),
    ("collections and single jobs take turns", turns),
    ("money is real or play", real_or_play),
    ("a lease is one runner's", leases),
    ("a collection keeps its points", collections),
    ("failures are counted from an acceptance on", failures),
    ("a note stands until it is taken away", notes),
    ("steps of a group stand or fall alone", groups),
    ("due jobs come in order", due_order),
    ("an argument finds its job", resolve),
    ("bytes come back, small and large", blobs),
    ("reports see every job once", reports::costs),
    ("any history balances", any_history),
];

fn run(make: &dyn Fn() -> (Box<dyn Store>, Option<tempfile::TempDir>)) {
    for (name, check) in CHECKS {
        let (store, _folder) = make();
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(store.as_ref())));
        assert!(done.is_ok(), "{name}");
        store.check().unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn memory_keeps_the_contract() {
    run(&|| (Box::new(MemoryStore::new("m")), None));
}

#[test]
fn sqlite_keeps_the_contract() {
    run(&|| {
        let folder = tempfile::tempdir().unwrap();
        (Box::new(SqliteStore::open(&folder.path().join("s.db")).unwrap()), Some(folder))
    });
}

fn commit(store: &dyn Store, before: &Job, event: Event, guarded: bool) -> Committed {
    let after = apply(before, &event, now()).unwrap();
    let change = Change { before: before.clone(), after, event, blobs: Vec::new(), guarded, at: now() };
    store.commit(&change).unwrap()
}

fn step(store: &dyn Store, id: &JobId, event: Event) -> Job {
    let before = store.job(id).unwrap();
    assert!(matches!(commit(store, &before, event, false), Committed::Yes(_)));
    store.job(id).unwrap()
}

fn comes_back(store: &dyn Store) {
    let job = job("a", "1.75", &[]);
    let id = job.terms.id.clone();
    assert_eq!(store.accept(&acceptance(std::slice::from_ref(&job))).unwrap(), Accepted::New);
    assert_eq!(store.job(&id).unwrap(), job);
    let open = step(store, &id, opened());
    assert!(matches!(open.stage, Stage::Submitting { sends: 1, .. }));
    let running = step(store, &id, Event::Created { attempt: 1, task: task("1") });
    assert!(store.knows_task(&task("1")).unwrap() && !store.knows_task(&task("2")).unwrap());
    assert_eq!(running.version, 2);
    let words: Vec<String> = store.events(&id).unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(words, ["accepted", "opened", "created"]);
}

fn all_or_nothing(store: &dyn Store) {
    store.add_budget(&budget("b", "3", Period::Ever)).unwrap();
    let jobs = [job("a", "2", &["b"]), job("c", "2", &["b"])];
    let Accepted::OverBudget(shortfall) = store.accept(&acceptance(&jobs)).unwrap() else { panic!() };
    assert_eq!((shortfall.needed, shortfall.free), (usd("2"), usd("1")));
    assert!(store.jobs(&Filter::default()).unwrap().is_empty(), "nothing is kept");
    assert_eq!(store.accept(&acceptance(&jobs[..1])).unwrap(), Accepted::New, "and no key is taken");
    assert_eq!(store.accept(&acceptance(&[job("d", "1", &["b"])])).unwrap(), Accepted::New, "exactly full");
}

fn keys(store: &dyn Store) {
    let first = job("a", "1", &[]);
    assert_eq!(store.accept(&acceptance(std::slice::from_ref(&first))).unwrap(), Accepted::New);
    let again = store.accept(&acceptance(std::slice::from_ref(&first))).unwrap();
    assert_eq!(again, Accepted::Same(vec![first.terms.id.clone()]));
    let mut terms = (*first.terms).clone();
    terms.content = BlobId::new("other");
    terms.id = JobId::new("j_other");
    let other = Job::accepted(std::sync::Arc::new(terms), true);
    assert!(matches!(store.accept(&acceptance(&[other])).unwrap(), Accepted::KeyTaken { .. }));
    assert_eq!(store.totals().unwrap().held, usd("1"));
}

fn versions(store: &dyn Store) {
    let job = job("a", "1", &[]);
    let _new = store.accept(&acceptance(std::slice::from_ref(&job))).unwrap();
    assert_eq!(commit(store, &job, opened(), true), Committed::Yes(1));
    assert_eq!(commit(store, &job, opened(), true), Committed::Reload, "a stale runner changes nothing");
    assert_eq!(store.job(&job.terms.id).unwrap().version, 1);
    assert_eq!(store.events(&job.terms.id).unwrap().len(), 2);
}

fn finish(store: &dyn Store, id: &JobId, name: &str, shots: u64) -> Job {
    step(store, id, opened());
    step(store, id, Event::Created { attempt: 1, task: task(name) });
    let report = sample::report(TaskStatus::Completed, Some(shots));
    step(store, id, Event::Seen { task: task(name), report });
    step(store, id, Event::Fetched { result: BlobId::new("r"), metering: Metering::default() })
}

fn postings(store: &dyn Store) {
    store.add_budget(&budget("b", "10", Period::Month)).unwrap();
    let job = job("a", "1.75", &["b"]);
    let _new = store.accept(&acceptance(std::slice::from_ref(&job))).unwrap();
    let done = finish(store, &job.terms.id, "1", 500);
    assert!(matches!(done.stage, Stage::Done(Outcome::Completed { .. })));
    assert_eq!((done.held, done.settled), (Money::ZERO, usd("1.025")));
    let words: Vec<String> = store
        .journal(Some(&BudgetName::new("b")))
        .unwrap()
        .iter()
        .map(|p| format!("{} {}", p.movement.verb.word(), p.movement.amount))
        .collect();
    assert_eq!(words, ["hold 1.75", "settle 1.025", "release 0.725"]);
    let balance = store.budgets(now()).unwrap()[0].balance;
    assert_eq!((balance.held, balance.settled), (Money::ZERO, usd("1.025")));
}

fn stacked(store: &dyn Store) {
    store.add_budget(&budget("big", "100", Period::Ever)).unwrap();
    store.add_budget(&budget("small", "1", Period::Day)).unwrap();
    let refused = store.accept(&acceptance(&[job("a", "2", &["big", "small"])])).unwrap();
    assert!(matches!(refused, Accepted::OverBudget(s) if s.budget.as_str() == "small"));
    let held: Vec<Money> = store.budgets(now()).unwrap().iter().map(|b| b.balance.held).collect();
    assert_eq!(held, [Money::ZERO, Money::ZERO], "the large one gave nothing either");
}

fn lowered(store: &dyn Store) {
    store.add_budget(&budget("b", "5", Period::Ever)).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "3", &["b"])])).unwrap();
    store.set_limit(&BudgetName::new("b"), usd("1"), now()).unwrap();
    let status = &store.budgets(now()).unwrap()[0];
    assert!(
        status.balance.is_frozen(status.budget.limit) && status.balance.free(status.budget.limit).is_zero()
    );
    assert_eq!(status.balance.held, usd("3"), "a lowered cap releases nothing");
    assert!(matches!(
        store.accept(&acceptance(&[job("c", "0.1", &["b"])])).unwrap(),
        Accepted::OverBudget(_)
    ));
    store.remove_budget(&BudgetName::new("b"), now()).unwrap();
    assert!(store.budgets(now()).unwrap().is_empty());
    assert!(store.set_limit(&BudgetName::new("b"), usd("1"), now()).is_err());
}

fn stops(store: &dyn Store) {
    let name = BudgetName::new("b");
    let alerts: Vec<Alert> = vec!["80% stop".parse().unwrap(), "50% warn".parse().unwrap()];
    store.add_budget(&Budget { alerts: alerts.clone(), ..budget("b", "5", Period::Ever) }).unwrap();
    assert_eq!(store.budgets(now()).unwrap()[0].budget.alerts, alerts);
    assert_eq!(store.accept(&acceptance(&[job("a", "3", &["b"])])).unwrap(), Accepted::New);
    let Accepted::OverBudget(short) = store.accept(&acceptance(&[job("c", "1.75", &["b"])])).unwrap() else {
        panic!("4.75 of 5 passes 80 %")
    };
    assert_eq!((short.needed, short.free), (usd("1.75"), usd("1")));
    assert_eq!(store.accept(&acceptance(&[job("d", "1", &["b"])])).unwrap(), Accepted::New);
    store.set_alerts(&name, &[], now()).unwrap();
    assert_eq!(store.accept(&acceptance(&[job("e", "1", &["b"])])).unwrap(), Accepted::New);
    let none = store.set_alerts(&BudgetName::new("x"), &[], now());
    assert!(matches!(none, Err(StoreError::Missing { .. })));
}

fn periods(store: &dyn Store) {
    store.add_budget(&budget("b", "2", Period::Day)).unwrap();
    let job = job("a", "2", &["b"]);
    let _new = store.accept(&acceptance(std::slice::from_ref(&job))).unwrap();
    let tomorrow = now().after(std::time::Duration::from_secs(86_400));
    assert!(store.budgets(tomorrow).unwrap()[0].balance.held.is_zero(), "a new day is a new cap");
    let before = store.job(&job.terms.id).unwrap();
    let after = apply(&before, &Event::CancelAsked, tomorrow).unwrap();
    let change =
        Change { before, after, event: Event::CancelAsked, blobs: vec![], guarded: false, at: tomorrow };
    assert!(matches!(store.commit(&change).unwrap(), Committed::Yes(_)));
    assert!(store.budgets(now()).unwrap()[0].balance.held.is_zero(), "released where it was held");
    assert!(store.budgets(tomorrow).unwrap()[0].balance.held.is_zero());
}

fn adoption(store: &dyn Store) {
    store.add_budget(&budget("b", "1", Period::Ever)).unwrap();
    let base = job("found", "80", &["b"]);
    let adopted =
        Job::adopted(base.terms.clone(), sample::lane(), task("9"), TaskStatus::Queued, false, now());
    store.adopt(&adopted, now()).unwrap();
    store.adopt(&adopted, now()).unwrap();
    let status = &store.budgets(now()).unwrap()[0];
    assert_eq!(status.balance.held, usd("80"), "booked once, above the cap");
    assert!(status.balance.is_frozen(status.budget.limit));
    assert!(store.knows_task(&task("9")).unwrap());
}

fn adopted_before_its_key_came_again(store: &dyn Store) {
    let forgotten = job("night", "1", &[]);
    let mut terms = (*forgotten.terms).clone();
    (terms.id, terms.key) = (JobId::new("j_adopted_1"), terms.tag.adopted_key("1"));
    let found = Job::adopted(terms.into(), sample::lane(), task("9"), TaskStatus::Queued, false, now());
    store.adopt(&found, now()).unwrap();
    let again = store.accept(&acceptance(&[forgotten])).unwrap();
    assert_eq!(again, Accepted::Same(vec![JobId::new("j_adopted_1")]), "its task is bought already");
    assert_eq!(store.accept(&acceptance(&[job("other", "1", &[])])).unwrap(), Accepted::New);
}

fn turns(store: &dyn Store) {
    let lot = CollectionId::of(&StoreId::new("s"), "large");
    let of_lot = |name: &str| {
        let mut job = job(name, "0.001", &[]);
        std::sync::Arc::make_mut(&mut job.terms).collection = Some(lot.clone());
        job
    };
    let jobs: Vec<Job> = (0..6).map(|n| of_lot(&format!("a{n}"))).collect();
    let mut large = acceptance(&jobs);
    large.collection = Some((lot.clone(), "large".into()));
    large.jobs.iter_mut().enumerate().for_each(|(n, job)| job.points = vec![n as u64]);
    let _new = store.accept(&large).unwrap();
    let _new = store.accept(&acceptance(&[job("z", "0.001", &[])])).unwrap();
    let names = |max, skip: &dyn Fn(&JobId) -> bool| {
        store.due(now(), max, skip).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(3, &|_| false), ["j_a0", "j_z", "j_a1"], "a large collection lets a single job pass");
    assert_eq!(names(3, &|id| id.as_str() < "j_a4"), ["j_a4", "j_z", "j_a5"], "what waits hides nothing");
}

fn real_or_play(store: &dyn Store) {
    assert_eq!(store.identity().unwrap().money, None);
    let mut play = acceptance(&[job("a", "1", &[])]);
    play.world = Some("w".into());
    let _new = store.accept(&play).unwrap();
    assert_eq!(store.identity().unwrap().money, Some(Kind::Play));
    assert!(matches!(store.bind(Kind::Real), Err(StoreError::OtherMoney { holds: "play", job: "real" })));
    assert!(store.accept(&acceptance(&[job("b", "1", &[])])).is_err());
    assert_eq!(store.jobs(&Filter::default()).unwrap().len(), 1);
}

fn leases(store: &dyn Store) {
    let first = job("a", "1", &[]);
    let id = &first.terms.id;
    let _new = store.accept(&acceptance(std::slice::from_ref(&first))).unwrap();
    let (one, two) = (RunnerId::new("one"), RunnerId::new("two"));
    let later = now().after(std::time::Duration::from_secs(60));
    assert!(store.lease(id, &one, now(), later).unwrap());
    assert!(store.lease(id, &one, now(), later).unwrap(), "its own again");
    assert!(!store.lease(id, &two, now(), later).unwrap());
    assert_eq!(store.lease_holder(id).unwrap(), Some(one.clone()));
    assert!(store.lease(id, &two, later, later).unwrap(), "it ran out");
    store.unlease(id, &one).unwrap();
    assert_eq!(store.lease_holder(id).unwrap(), Some(two.clone()), "only its holder gives it back");
    store.unlease(id, &two).unwrap();
    assert_eq!(store.lease_holder(id).unwrap(), None);
    let mut born = acceptance(&[job("b", "2", &[])]);
    born.worker = Some((one.clone(), later));
    let at_work = born.jobs[0].job.terms.id.clone();
    let _new = store.accept(&born).unwrap();
    assert!(!store.lease(&at_work, &two, now(), later).unwrap(), "leased since its birth");
    assert!(store.lease(&at_work, &one, now(), later).unwrap());
    let longer = later.after(std::time::Duration::from_secs(60));
    assert!(store.lease(&at_work, &one, later, longer).unwrap(), "renewed when it ends");
    assert!(!store.lease(&at_work, &two, later, longer).unwrap());
}

fn collections(store: &dyn Store) {
    let id = CollectionId::of(&StoreId::new("s"), "sweep");
    let jobs = [job("b", "1", &[]), job("a", "1", &[])];
    let mut whole = acceptance(&jobs);
    whole.collection = Some((id.clone(), "sweep".into()));
    (whole.jobs[0].points, whole.jobs[1].points) = (vec![0, 2], vec![1]);
    assert_eq!(store.accept(&whole).unwrap(), Accepted::New);
    let named: Vec<(u64, String)> =
        store.points(&id).unwrap().into_iter().map(|(n, job)| (n, job.to_string())).collect();
    assert_eq!(named, [(0, "j_b".into()), (1, "j_a".into()), (2, "j_b".into())]);
    let same = store.accept(&whole).unwrap();
    assert_eq!(same, Accepted::Same(jobs.iter().map(|j| j.terms.id.clone()).collect()));
    let _alone = store.accept(&acceptance(&[job("c", "1", &[])])).unwrap();
    let all = store.collections().unwrap();
    assert_eq!(all, [Collection { id, key: "sweep".into(), created_at: now(), points: 3 }]);
    assert!(store.points(&CollectionId::new("c_none")).unwrap().is_empty());
}

fn failures(store: &dyn Store) {
    let lot = crate::ids::CollectionId::new("c_lot");
    let at = |name: &str, seconds: i64| {
        let mut job = job(name, "0", &[]);
        let terms = std::sync::Arc::make_mut(&mut job.terms);
        terms.collection = Some(lot.clone());
        terms.created_at = Timestamp::from_seconds(now().seconds() + seconds);
        job
    };
    let take = |jobs: &[Job], again: bool| {
        let mut whole = acceptance(jobs);
        for (point, new) in whole.jobs.iter_mut().enumerate() {
            new.points = vec![point as u64];
        }
        whole.collection = Some((lot.clone(), "lot".into()));
        whole.again = again;
        assert_eq!(store.accept(&whole).unwrap(), Accepted::New);
    };
    let end = |name: &str, event: Event| {
        let _stored = commit(store, &store.job(&JobId::new(name)).unwrap(), event, false);
    };
    take(&[at("a", 0), at("b", 0), at("c", 0)], false);
    end("j_a", Event::NoRoom { budget: BudgetName::new("x") });
    end("j_b", Event::CancelAsked);
    assert_eq!(store.failures(&lot, now()).unwrap(), 1, "a cancelled job has not failed");
    take(&[at("a~2", 9)], true);
    let points = store.points(&lot).unwrap();
    assert_eq!(points[0], (0, JobId::new("j_a~2")), "the point has its newer job");
    assert_eq!(points.len(), 3);
    let later = at("x", 9).terms.created_at;
    assert_eq!(store.failures(&lot, later).unwrap(), 0, "what failed before counts no more");
    assert_eq!(store.failures(&crate::ids::CollectionId::new("c_other"), now()).unwrap(), 0);
}

fn notes(store: &dyn Store) {
    let note = |text: &str| Note { place: "lane/r".into(), text: text.into(), until: None, at: now() };
    store.remove_note("lane/r").unwrap();
    store.put_note(&note("shut")).unwrap();
    let newer = Note { until: Some(now()), ..note("still shut") };
    store.put_note(&newer).unwrap();
    assert_eq!(store.notes().unwrap(), [newer], "the newer one stands in its stead");
    store.remove_note("lane/r").unwrap();
    assert!(store.notes().unwrap().is_empty());
}

fn groups(store: &dyn Store) {
    store.add_budget(&budget("b", "3", Period::Ever)).unwrap();
    let jobs = ["x", "y", "z"].map(|name| job(name, "1", &["b"]));
    let _new = store.accept(&acceptance(&jobs)).unwrap();
    let ids = jobs.clone().map(|j| j.terms.id.clone());
    let (one, two) = (RunnerId::new("one"), RunnerId::new("two"));
    assert!(store.lease(&ids[1], &two, now(), now().after(std::time::Duration::from_secs(60))).unwrap());
    let taken = store.lease_all(&ids, &one, now(), now().after(std::time::Duration::from_secs(60))).unwrap();
    assert_eq!(taken, [ids[0].clone(), ids[2].clone()], "what another one holds is left to it");
    let change = |job: &Job, event: Event| {
        let after = apply(job, &event, now()).unwrap();
        Change { before: job.clone(), after, event, blobs: Vec::new(), guarded: false, at: now() }
    };
    let mut stale = jobs[1].clone();
    stale.version = 7;
    let changes = [
        change(&jobs[0], Event::CancelAsked),
        change(&stale, Event::CancelAsked),
        change(&jobs[2], opened()),
    ];
    let answers = store.commit_all(&changes).unwrap();
    assert_eq!(answers, [Committed::Yes(1), Committed::Reload, Committed::Yes(1)]);
    assert_eq!(store.job(&ids[1]).unwrap(), jobs[1], "what was stale changed nothing");
    assert_eq!(store.totals().unwrap().held, usd("2"), "the cancelled one gave its money back");
}

fn due_order(store: &dyn Store) {
    for name in ["c", "a", "b"] {
        let _new = store.accept(&acceptance(&[job(name, "1", &[])])).unwrap();
    }
    let names: Vec<String> =
        store.due(now(), 2, &|_| false).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["j_a", "j_b"]);
    step(store, &JobId::new("j_a"), Event::CancelAsked);
    assert_eq!(store.due(now(), 9, &|_| false).unwrap().len(), 2, "what is over is not due");
    assert!(store.due(now().before(std::time::Duration::from_secs(1)), 9, &|_| false).unwrap().is_empty());
    assert_eq!(store.last().unwrap(), Some(JobId::new("j_c")));
}

fn resolve(store: &dyn Store) {
    for name in ["abc", "abd"] {
        let _new = store.accept(&acceptance(&[job(name, "1", &[])])).unwrap();
    }
    finish(store, &JobId::new("j_abc"), "7", 1);
    let found = |argument: &str| store.resolve(argument).unwrap().len();
    assert_eq!(found("j_abc"), 1);
    assert_eq!(found("abc"), 1, "the key is exact before a prefix is");
    assert_eq!(found("j_ab"), 2);
    assert_eq!(found("ab"), 2);
    assert_eq!(store.resolve(task("7").as_str()).unwrap(), [JobId::new("j_abc")]);
    assert_eq!((found(""), found("%"), found("zzz")), (0, 0, 0));
}

fn blobs(store: &dyn Store) {
    let (small, large) = (vec![1u8; 10], vec![2u8; 200_000]);
    let mut acceptance = acceptance(&[job("a", "1", &[])]);
    acceptance.blobs = vec![small.clone(), large.clone()];
    let _new = store.accept(&acceptance).unwrap();
    assert_eq!(store.blob(&BlobId::of(&small)).unwrap(), small);
    assert_eq!(store.blob(&BlobId::of(&large)).unwrap(), large);
    assert!(matches!(store.blob(&BlobId::new("none")), Err(StoreError::Missing { .. })));
}

/// Random lives of several jobs under two budgets: the sums must agree at every end.
fn any_history(store: &dyn Store) {
    store.add_budget(&budget("x", "1000000", Period::Ever)).unwrap();
    store.add_budget(&budget("y", "1000000", Period::Day)).unwrap();
    let cases = if TestSize::asked() == TestSize::Small { 24 } else { 200 };
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let counter = std::cell::Cell::new(0u32);
    let history = proptest::collection::vec((0u8..6, 0u64..1000), 1..8);
    runner
        .run(&history, |steps| {
            counter.set(counter.get() + 1);
            let name = format!("h{:04}", counter.get());
            let id = JobId::new(format!("j_{name}"));
            let _new = store.accept(&acceptance(&[job(&name, "1.75", &["x", "y"])])).unwrap();
            for (kind, shots) in steps {
                let before = store.job(&id).unwrap();
                let event = match kind {
                    0 => opened(),
                    1 => Event::Created { attempt: before.attempt, task: task(&name) },
                    2 => Event::Seen {
                        task: task(&name),
                        report: sample::report(TaskStatus::Completed, Some(shots)),
                    },
                    3 => Event::Seen { task: task(&name), report: sample::report(TaskStatus::Failed, None) },
                    4 => Event::Fetched { result: BlobId::new("r"), metering: Metering::default() },
                    _ => Event::CancelAsked,
                };
                if let Ok(after) = apply(&before, &event, now()) {
                    let change = Change { before, after, event, blobs: vec![], guarded: false, at: now() };
                    prop_assert!(matches!(store.commit(&change).unwrap(), Committed::Yes(_)));
                }
            }
            let journal: Vec<Posting> =
                store.journal(None).unwrap().into_iter().filter(|p| p.job == id).collect();
            let sum = |verb: Verb| {
                let own = journal.iter().filter(|p| p.movement.verb == verb);
                own.map(|p| p.movement.amount.nanos()).sum::<i64>()
            };
            let ended = store.job(&id).unwrap();
            let parts = ended.held.nanos() + ended.settled.nanos() + sum(Verb::Release);
            prop_assert_eq!(
                (parts, sum(Verb::Hold)),
                (ended.terms.quoted.nanos(), ended.terms.quoted.nanos())
            );
            if ended.is_done() {
                let billed = Money::from_nanos(i64::from(counter.get() % 7) * 333_333_333);
                step(store, &id, Event::Corrected { billed });
                prop_assert_eq!(store.job(&id).unwrap().settled, billed);
            }
            let (totals, all) = (store.totals().unwrap(), store.budgets(now()).unwrap());
            for status in &all {
                prop_assert_eq!((status.balance.held, status.balance.settled), (totals.held, totals.settled));
            }
            Ok(())
        })
        .unwrap();
}

fn fresh() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/s.db");
    (folder, path)
}

#[test]
fn sixteen_connections_race_for_a_budget_that_fits_five() {
    let (_folder, path) = fresh();
    SqliteStore::open(&path).unwrap().add_budget(&budget("b", "5", Period::Ever)).unwrap();
    let won: usize = std::thread::scope(|scope| {
        let race = |i: usize| {
            let path = &path;
            scope.spawn(move || {
                let store = SqliteStore::open(path).unwrap();
                let accepted = store.accept(&acceptance(&[job(&format!("r{i}"), "1", &["b"])])).unwrap();
                usize::from(accepted == Accepted::New)
            })
        };
        let threads: Vec<_> = (0..16).map(race).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(won, 5, "never six, never four");
    SqliteStore::open(&path).unwrap().check().unwrap();
}

#[test]
fn a_store_survives_its_process() {
    let (_folder, path) = fresh();
    let id = {
        let store = SqliteStore::open(&path).unwrap();
        let _new = store.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
        store.identity().unwrap().store
    };
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.identity().unwrap().store, id);
    assert_eq!(store.job(&JobId::new("j_a")).unwrap().held, usd("1"));
}

#[test]
fn a_store_of_schema_2_is_taken_over_with_its_budgets() {
    let (_folder, path) = fresh();
    let old = SqliteStore::open(&path).unwrap();
    old.add_budget(&budget("b", "5", Period::Month)).unwrap();
    let _new = old.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
    drop(old);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let later = "ALTER TABLE budget DROP COLUMN alerts; DROP INDEX job_failed; DROP INDEX job_cost; \
                 ALTER TABLE job DROP COLUMN paid; ALTER TABLE job DROP COLUMN unsure; \
                 ALTER TABLE job DROP COLUMN day; ALTER TABLE job DROP COLUMN tasks; \
                 ALTER TABLE job DROP COLUMN shots; ALTER TABLE job DROP COLUMN user; DROP TABLE note; \
                 DROP TABLE notice; DROP TABLE hook; PRAGMA user_version = 2";
    connection.execute_batch(later).unwrap();
    drop(connection);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.budgets(now()).unwrap()[0].budget, budget("b", "5", Period::Month));
    let mut shots = Vec::new();
    store.costs((None, None), false, &mut |row| shots.push(row.shots)).unwrap();
    assert_eq!(shots, [1000], "what reports read is filled from the terms");
    store.check().unwrap();
}

#[test]
fn what_is_no_healthy_store_is_refused_and_left_alone() {
    let (_folder, path) = fresh();
    drop(SqliteStore::open(&path).unwrap());
    let good = std::fs::read(&path).unwrap();
    let refused = |bytes: Vec<u8>, what: &str| {
        std::fs::write(&path, &bytes).unwrap();
        let error = SqliteStore::open(&path).err().unwrap_or_else(|| panic!("{what} was opened"));
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{what} was touched");
        error
    };
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&99u32.to_be_bytes());
    assert!(matches!(refused(newer, "a newer schema"), StoreError::Newer { found: 99, .. }));
    let mut foreign = good.clone();
    foreign[68..72].copy_from_slice(&1u32.to_be_bytes());
    assert!(matches!(refused(foreign, "another program's file"), StoreError::Damaged(_)));
    assert!(matches!(refused(b"hello".to_vec(), "a text"), StoreError::Damaged(_)));
    refused(good[..good.len() / 2].to_vec(), "half a file");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Vanished(_))));
    assert!(!path.exists(), "never started empty");
}

#[test]
fn a_changed_row_is_noticed() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &[])])).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute("UPDATE job SET held = 5", []).unwrap();
    assert!(matches!(store.job(&JobId::new("j_a")), Err(StoreError::Damaged(_))));
    raw.execute("UPDATE job SET held = 1000000000", []).unwrap();
    store.check().unwrap();
    assert!(raw.execute("UPDATE posting SET amount = 1", []).is_err(), "postings never change");
    assert!(raw.execute("DELETE FROM posting", []).is_err(), "and never go");
    raw.execute_batch("DROP TRIGGER posting_stays; UPDATE posting SET amount = 1").unwrap();
    assert!(matches!(store.check(), Err(StoreError::Damaged(_))));
    drop(store);
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Damaged(_))));
}

#[test]
fn the_trigger_is_a_wall_of_its_own() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    store.add_budget(&budget("b", "1", Period::Ever)).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1", &["b"])])).unwrap();
    let raw = rusqlite::Connection::open(&path).unwrap();
    assert!(raw.execute("UPDATE balance SET held = held + 1, guarded = 1", []).is_err());
}
