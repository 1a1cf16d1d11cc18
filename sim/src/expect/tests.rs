use super::*;
use crate::result::ResultValue;

const BELL: &str = r#"{"schema":"shotbook.expect/1","shots":1000,"probabilities":{"00":0.5,"11":0.5}}"#;

fn counts(rows: &[(&str, u64)]) -> Vec<(BitString, u64)> {
    rows.iter().map(|(bits, n)| (bits.parse().unwrap(), *n)).collect()
}

#[test]
fn chance_passes_and_a_wrong_program_does_not() {
    let bell = Expect::from_json(BELL).unwrap();
    let wrong = |rows: &[(&str, u64)]| bell.differences(&counts(rows), &[], 1000);
    assert_eq!(wrong(&[("00", 521), ("11", 479)]), [""; 0]);
    assert_eq!(wrong(&[("00", 1000)]).len(), 2);
    assert_eq!(wrong(&[("00", 499), ("01", 1), ("11", 500)]), ["01 came 1 times, it should never come"]);
    assert_eq!(wrong(&[("00", 650), ("11", 350)]).len(), 2);
}

#[test]
fn the_bound_holds_for_certain_and_rare_outcomes() {
    let sure = Expect::from_json(r#"{"schema":"shotbook.expect/1","probabilities":{"1":1}}"#).unwrap();
    assert!(sure.differences(&counts(&[("1", 7)]), &[], 7).is_empty());
    assert!(!sure.differences(&counts(&[("1", 6)]), &[], 7).is_empty());
}

#[test]
fn exact_values_are_compared_entry_by_entry() {
    let text = r#"{"schema":"shotbook.expect/1","shots":0,"result_types":[
        {"type":"expectation","value":0.5},
        {"type":"state_vector","value":[[1,0],[0,0]]},
        {"type":"density_matrix","value":[[[1,0],[0,0]],[[0,0],[0,0]]]},
        {"type":"amplitude","value":{"01":[0,1]}},
        {"type":"probability","value":[0.25,0.75]}]}"#;
    let expect = Expect::from_json(text).unwrap();
    let (one, zero, i) = (Complex64::new(1.0, 0.0), Complex64::new(0.0, 0.0), Complex64::new(0.0, 1.0));
    let mut given = vec![
        ResultValue::Expectation(0.5),
        ResultValue::StateVector(vec![one, zero]),
        ResultValue::DensityMatrix(vec![one, zero, zero, zero]),
        ResultValue::Amplitude(vec![("01".parse().unwrap(), i)]),
        ResultValue::Probability(vec![0.25, 0.75]),
    ];
    assert_eq!(expect.differences(&[], &given, 0), [""; 0]);
    given[0] = ResultValue::Expectation(f64::NAN);
    given[1] = ResultValue::StateVector(vec![one]);
    given[3] = ResultValue::Amplitude(vec![("01".parse().unwrap(), one)]);
    given[4] = ResultValue::Variance(1.0);
    let lines = expect.differences(&[], &given, 0);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(expect.differences(&[], &given[..2], 0).len(), 1);
}

#[test]
fn what_is_not_a_file_of_expectations_is_refused() {
    for (text, says) in [
        ("{", "not readable"),
        (r#"{"schema":"shotbook.expect/2"}"#, "this version reads"),
        (r#"{"schema":"shotbook.expect/1","colour":1}"#, "colour"),
        (r#"{"schema":"shotbook.expect/1","probabilities":{"0":0.4}}"#, "a sum of 0.4"),
        (r#"{"schema":"shotbook.expect/1","probabilities":{"x":1}}"#, "cannot be x"),
        (r#"{"schema":"shotbook.expect/1","tolerance":-1}"#, "tolerance"),
        (r#"{"schema":"shotbook.expect/1","result_types":[{"type":"x","value":"y"}]}"#, "cannot be"),
    ] {
        let e = Expect::from_json(text).unwrap_err().to_string();
        assert!(e.contains(says), "{text}: {e}");
    }
}
