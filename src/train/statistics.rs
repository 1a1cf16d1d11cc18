//! What several seeds say together.

/// Mean, and half of its 95 % interval from the spread of the values.
pub fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, 1.96 * (spread / n).sqrt())
}

/// A ratio of two means, with its 95 % interval from theirs: lower end, middle, upper end.
pub fn ratio(above: (f64, f64), below: (f64, f64)) -> (f64, f64, f64) {
    let middle = above.0 / below.0;
    let spread = (above.1 / above.0).hypot(below.1 / below.0).exp();
    (middle / spread, middle, middle * spread)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_ratio_is_as_unsure_as_both_of_its_means() {
        let (low, middle, high) = super::ratio((100.0, 3.0), (50.0, 2.0));
        assert!((middle - 2.0).abs() < 1e-12 && (low * high - 4.0).abs() < 1e-12);
        assert!((high / 2.0 - 0.05f64.exp()).abs() < 1e-12, "hypot of 3 and 4 %");
        assert_eq!(super::ratio((9.0, 0.0), (3.0, 0.0)), (3.0, 3.0, 3.0));
    }

    #[test]
    fn an_interval_shrinks_with_the_root_of_the_number() {
        let (mean, half) = super::interval(&[1.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (half - 1.96).abs() < 1e-12, "variance 2 of 2 values");
        assert_eq!(super::interval(&[5.0]), (5.0, 0.0));
        let (_, four) = super::interval(&[1.0, 3.0, 1.0, 3.0]);
        assert!(four < half);
    }
}
