use super::*;
use crate::circuit::Gate;

#[test]
fn every_row_of_the_embedded_catalogue_is_sound() {
    let catalogue = Catalogue::embedded();
    let mut names: Vec<_> = catalogue.devices().iter().map(|d| d.name.as_str()).collect();
    let shown =
        ["sv1", "dm1", "garnet", "emerald", "cepheus", "forte-1", "forte-enterprise-1", "ibex-q1", "aquila"];
    assert_eq!(names, shown);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), shown.len());
    for d in catalogue.devices() {
        assert!(d.arn.starts_with("arn:aws:braket:"), "{}", d.name);
        let region_in_arn = d.arn.split(':').nth(3).unwrap();
        assert_eq!(d.region().unwrap_or(""), region_in_arn, "{}", d.name);
        let (least, most) = d.shots.unwrap();
        assert!(least <= most, "{}", d.name);
        for key in &d.sources {
            assert!(catalogue.sources().iter().any(|(k, _)| k == key), "{}: {key}", d.name);
        }
        for r in &d.results {
            assert!(r.min_shots <= r.max_shots && r.max_shots <= most, "{}", d.name);
        }
        if d.analog {
            assert_eq!((&d.connectivity, d.gates.len()), (&Connectivity::None, 0), "{}", d.name);
            continue;
        }
        assert_eq!(d.qubit_labels.len(), d.n_qubits as usize, "{}", d.name);
        let no_gate = ["barrier", "measure_ff", "cc_prx"];
        for name in &d.operations {
            assert!(Gate::named(name).is_some() || no_gate.contains(&name.as_str()), "{}: {name}", d.name);
        }
        if let Connectivity::Edges(edges) = &d.connectivity {
            let has = |q: &u32| d.qubit_labels.binary_search(q).is_ok();
            assert!(edges.iter().all(|(a, b)| has(a) && has(b)), "{}", d.name);
        }
    }
}

#[test]
fn published_counts_of_couplers_and_qubits() {
    for (name, n_qubits, n_edges) in [("garnet", 20, 30), ("emerald", 54, 83), ("cepheus", 107, 193)] {
        let d = Catalogue::embedded().find(name).unwrap();
        let Connectivity::Edges(edges) = &d.connectivity else { panic!("{name}") };
        assert_eq!((d.n_qubits, edges.len()), (n_qubits, n_edges), "{name}");
    }
    let cepheus = Catalogue::embedded().find("cepheus").unwrap();
    assert!(!cepheus.qubit_labels.contains(&8));
    assert!(cepheus.connectivity.joins(9, 0) && !cepheus.connectivity.joins(7, 8));
}

#[test]
fn a_device_has_several_spellings() {
    let c = Catalogue::embedded();
    for (asked, found) in [
        ("garnet", "garnet"),
        ("Garnet", "garnet"),
        ("iqm/garnet", "garnet"),
        ("Forte 1", "forte-1"),
        ("ionq/forte-enterprise-1", "forte-enterprise-1"),
        ("Cepheus-1-108Q", "cepheus"),
        ("rigetti/cepheus", "cepheus"),
        ("arn:aws:braket:::device/quantum-simulator/amazon/sv1", "sv1"),
        ("arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1", "ibex-q1"),
        ("local", "local"),
    ] {
        assert_eq!(c.find(asked).unwrap().name, found, "{asked}");
    }
    assert!(c.find("local").unwrap().is_local());
    assert!(c.devices().iter().all(|d| !d.is_local()));
}

#[test]
fn a_name_that_leads_nowhere_says_why() {
    let c = Catalogue::embedded();
    let unknown = |name: &str| match c.find(name) {
        Err(FindError::Unknown { suggestion, .. }) => suggestion,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(unknown("granet").as_deref(), Some("garnet"));
    assert_eq!(unknown("sv2").as_deref(), Some("sv1"));
    assert_eq!(unknown("ceph").as_deref(), Some("cepheus"));
    assert_eq!(unknown("iqm/cepheus").as_deref(), Some("cepheus"));
    assert_eq!(unknown(""), None);
    assert_eq!(unknown("arn:aws:braket:::device/qpu/nobody/nothing"), None);
    let Err(FindError::Ambiguous { candidates, .. }) = c.find("forte") else { panic!() };
    assert_eq!(candidates, ["forte-1", "forte-enterprise-1"]);
    for gone in
        ["tn1", "Aria 1", "aria-1", "oqc/lucy", "arn:aws:braket:us-west-1::device/qpu/rigetti/Ankaa-3"]
    {
        assert!(matches!(c.find(gone), Err(FindError::Retired { .. })), "{gone}");
    }
}

#[test]
fn windows_open_and_close_by_the_week() {
    let c = Catalogue::embedded();
    let garnet = c.find("garnet").unwrap();
    let at = |d: &Device, day, h: u32, m: u32, s: u32| d.opens_in_s(day, h * 3600 + m * 60 + s);
    assert_eq!(at(garnet, 0, 1, 29, 59), Some(0));
    assert_eq!(at(garnet, 0, 1, 30, 0), Some(105 * 60));
    assert_eq!(at(garnet, 4, 23, 59, 59), Some(0));
    assert_eq!(at(garnet, 5, 0, 0, 0), Some(48 * 3600));
    let emerald = c.find("emerald").unwrap();
    assert_eq!(at(emerald, 3, 22, 0, 0), Some(4 * 86_400));
    assert_eq!(at(c.find("sv1").unwrap(), 0, 0, 0, 0), None);
    assert!(garnet.opens_in_s(255, u32::MAX).is_some());
}

#[test]
fn a_damaged_catalogue_is_refused_and_named() {
    let good = include_str!("catalogue.json");
    let check = |from: &str, to: &str, expected: &str| {
        assert!(good.contains(from), "{from}");
        let e = Catalogue::from_json(&good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(e.contains(expected), "{e}");
    };
    check("shotbook.catalogue/1", "shotbook.catalogue/9", "this version reads");
    check("\"0-7 9-107\"", "\"0-4000000000\"", "labels");
    check("\"1-2 1-4 ", "\"2-1 1-4 ", "connectivity");
    check("\"Weekdays\"", "\"Someday\"", "windows");
    check("\"gpi gpi2 zz\"", "\"gpi gpi3 zz\"", "native");
    check("\"labels\"", "\"lables\"", "not readable");
}
