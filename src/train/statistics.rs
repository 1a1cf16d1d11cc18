//! What several seeds say together.

/// Student's quantile of 0.975 by degrees of freedom from 1 on: few values do not know their own spread.
/// Source: computed from its density; beyond the table it is that of the normal distribution plus
/// 2.44 by the degrees of freedom, to three digits.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];

fn quantile(degrees: usize) -> f64 {
    match degrees.checked_sub(1) {
        None => 0.0,
        Some(at) => STUDENT.get(at).copied().unwrap_or(1.96 + 2.44 / degrees as f64),
    }
}

/// Mean, and half of its 95 % interval from the spread of the values.
pub fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, quantile(values.len().saturating_sub(1)) * (spread / n).sqrt())
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
    fn ten_seeds_are_less_sure_than_the_normal_distribution() {
        let quantiles = [9, 30, 31, 60].map(super::quantile);
        for (ours, known) in quantiles.iter().zip([2.2622, 2.0423, 2.0395, 2.0003]) {
            assert!((ours - known).abs() < 1.5e-3, "{ours} {known}");
        }
    }

    #[test]
    fn an_interval_shrinks_with_the_root_of_the_number() {
        let (mean, half) = super::interval(&[1.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-12 && (half - 12.706).abs() < 1e-12, "variance 2 of 2 values");
        assert_eq!(super::interval(&[5.0]), (5.0, 0.0));
        let (_, four) = super::interval(&[1.0, 3.0, 1.0, 3.0]);
        assert!(four < half);
    }
}
