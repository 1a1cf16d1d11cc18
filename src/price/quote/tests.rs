use shotbook_sim::circuit::{Block, Gate, GateOp, QubitLabels};
use shotbook_sim::diagnostic::Span;
use shotbook_sim::target::Catalogue;

use super::*;

fn bell() -> Circuit {
    let mut ops = Block::default();
    for (gate, qubits) in [(Gate::H, 0), (Gate::Cnot, 1)] {
        ops.push(Op::Gate(GateOp { gate, n_controls: 0, qubits, angles: 0, negative: 0 }), Span::default());
    }
    let labels = QubitLabels::Registers(vec![("q".into(), 2)]);
    Circuit { n_qubits: 2, labels, ops, qubits: vec![0, 0, 1], ..Circuit::default() }
}

fn quote(shots: u64) -> Quote {
    let circuit = bell();
    let subject = Subject { circuit: &circuit, sha256: "ab", inputs: "{}", shots };
    let devices: Vec<&Device> = Catalogue::embedded().devices().iter().collect();
    Quote::make(&subject, PriceList::embedded(), &devices)
}

#[test]
fn a_thousand_bell_pairs_cost_what_the_price_list_says() {
    let quote = quote(1000);
    let expected = [
        ("garnet", "1.75", "1.75"),
        ("emerald", "1.9", "1.9"),
        ("cepheus", "0.725", "0.725"),
        ("forte-1", "80.3", "80.3"),
        ("forte-enterprise-1", "80.3", "80.3"),
        ("ibex-q1", "23.8", "23.8"),
        ("sv1", "0.00375", "13.5"),
    ];
    for (device, total, worst) in expected {
        let price =
            quote.on(device).and_then(|d| d.price.as_ref()).unwrap_or_else(|| panic!("{device} fits"));
        assert_eq!(
            (price.total.to_string(), price.worst_case.to_string()),
            (total.into(), worst.into()),
            "{device}"
        );
    }
    let aquila = quote.on("aquila").unwrap();
    assert!(!aquila.fits && aquila.price.is_none() && aquila.notes[0].contains("analog"), "{aquila:?}");
}

#[test]
fn a_simulator_holds_a_minute_softly() {
    let quote = quote(1000);
    let price = quote.on("sv1").unwrap().price.as_ref().unwrap();
    assert_eq!((price.hold.to_string().as_str(), price.hold_kind), ("0.075", HoldKind::Soft));
}

#[test]
fn shots_outside_the_range_of_a_device_do_not_fit() {
    assert!(!quote(50).on("forte-1").unwrap().fits, "IonQ takes no fewer than 100 on demand");
    assert!(quote(100).on("forte-1").unwrap().fits);
    for shots in [1 << 40, u64::MAX] {
        for row in quote(shots).devices {
            assert!(!row.fits && row.price.is_none() && !row.notes.is_empty(), "{row:?}");
        }
    }
}

#[test]
fn an_id_depends_on_what_is_priced_and_not_on_where() {
    let circuit = bell();
    let subject = Subject { circuit: &circuit, sha256: "ab", inputs: "{}", shots: 10 };
    let list = PriceList::embedded();
    let base = id(&subject, list);
    assert_eq!(base, Quote::make(&subject, list, &[]).id);
    let others = [
        Subject { sha256: "ac", ..subject },
        Subject { inputs: "{\"a\":1}", ..subject },
        Subject { shots: 11, ..subject },
        Subject { sha256: "ab{", inputs: "}", ..subject },
    ];
    for other in others {
        assert_ne!(base, id(&other, list), "{other:?}");
    }
}
