//! What reports rely on: labels that move nothing else, and every job once.

use super::*;

pub fn labels(store: &dyn Store) {
    store.add_budget(&budget("b", "10", Period::Ever)).unwrap();
    let _new = store.accept(&acceptance(&[job("a", "1.75", &["b"]), job("c", "1", &["b"])])).unwrap();
    let ids = [JobId::new("j_a"), JobId::new("j_c")];
    let labels = Labels {
        project: Some(Some("chem".into())),
        tags: [("who".to_owned(), "eve".to_owned())].into(),
        without: vec!["k".into()],
    };
    let before = store.job(&ids[0]).unwrap();
    assert_eq!(store.relabel(&ids, &labels, now()).unwrap(), 2);
    assert_eq!(store.relabel(&ids[..1], &labels, now()).unwrap(), 0, "the same labels change nothing");
    let after = store.job(&ids[0]).unwrap();
    assert_eq!((after.terms.project.as_deref(), &after.terms.tags), (Some("chem"), &labels.tags));
    assert_eq!((after.held, &after.terms.budgets), (before.held, &before.terms.budgets));
    let filter = Filter { project: Some("chem".into()), ..Filter::default() };
    assert_eq!(store.jobs(&filter).unwrap().len(), 2);
    assert_eq!(store.events(&ids[0]).unwrap().last().unwrap().detail, "project chem -k who=eve");
    assert_eq!(commit(store, &before, opened(), false), Committed::Reload, "a runner sees the change");
    let unknown = store.relabel(&[ids[1].clone(), JobId::new("j_x")], &Labels::default(), now());
    assert!(matches!(unknown, Err(StoreError::Missing { .. })));
    let key = job("a", "1.75", &["b"]);
    assert_eq!(store.accept(&acceptance(&[key])).unwrap(), Accepted::Same(vec![ids[0].clone()]));
}

pub fn costs(store: &dyn Store) {
    let jobs: Vec<Job> = ["a", "b", "c", "d"].iter().map(|n| job(n, "1.75", &[])).collect();
    let _new = store.accept(&acceptance(&jobs)).unwrap();
    finish(store, &JobId::new("j_b"), "b", 740);
    step(store, &JobId::new("j_c"), Event::CancelAsked);
    for with_tags in [false, true] {
        let mut rows = Vec::new();
        store.costs((None, None), with_tags, &mut |row| rows.push(row.clone())).unwrap();
        assert!(rows.len() == 4 || !with_tags, "one by one when tags are asked for");
        // What is alike may come summed: what is paid and what is held stay apart.
        let sums = |paid: bool| {
            let of = || rows.iter().filter(move |r| r.settled.is_zero() != paid);
            let money = |f: fn(&CostRow) -> Money| of().fold(Money::ZERO, |a, r| a.plus(f(r)).unwrap());
            let (tasks, shots) = of().fold((0, 0), |(t, s), r| (t + r.tasks, s + r.shots));
            (tasks, shots, money(|r| r.held).to_string(), money(|r| r.settled).to_string())
        };
        // A cancelled job that ran nothing counts no shots.
        assert_eq!(sums(false), (0, 2000, "3.5".to_owned(), "0".to_owned()));
        assert_eq!(sums(true), (1, 1000, "0".to_owned(), "1.373".to_owned()));
        assert!(rows.iter().all(|r| r.tags.get("k").map(String::as_str) == with_tags.then_some("v")));
        assert!(rows.iter().all(|r| r.project.as_deref() == Some("p") && r.created_at == now()));
    }
    let mut none = 0;
    store.costs((None, Some(now())), false, &mut |_| none += 1).unwrap();
    assert_eq!(none, 0, "born before is before");
}
