//! Exact money: whole nano-dollars, checked arithmetic, no floats.

use std::fmt;
use std::str::FromStr;

const NANOS_PER_USD: i64 = 1_000_000_000;

/// An amount in US dollars. Units: 10^-9 USD, so every published rate is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    nano_usd: i64,
}

/// The amount does not fit, so nothing may be decided from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is out of range (at most 9,223,372,036 USD)")]
pub struct OutOfRange;

/// Text that is not an amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// Not digits with at most one point, perhaps after a minus.
    #[error("expected dollars as digits with at most one point, for example 12.50")]
    Shape,
    /// More than nine decimals.
    #[error("at most nine decimals can be kept exactly")]
    TooFine,
    /// Too large.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self { nano_usd: 0 };

    /// From nano-dollars.
    pub const fn from_nanos(nano_usd: i64) -> Self {
        Self { nano_usd }
    }

    /// As nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.nano_usd
    }

    /// Whether it is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.nano_usd == 0
    }

    /// Whether it is below nothing.
    pub const fn is_negative(self) -> bool {
        self.nano_usd < 0
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, OutOfRange> {
        self.nano_usd.checked_add(other.nano_usd).map(Self::from_nanos).ok_or(OutOfRange)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, OutOfRange> {
        self.nano_usd.checked_sub(other.nano_usd).map(Self::from_nanos).ok_or(OutOfRange)
    }

    /// This amount `count` times.
    pub fn times(self, count: u64) -> Result<Self, OutOfRange> {
        Self::from_wide(i128::from(self.nano_usd) * i128::from(count))
    }

    /// This rate for `part` of `whole`, rounded up: an estimate never falls short.
    ///
    /// # Panics
    /// When `whole` is 0.
    pub fn share_up(self, part: u64, whole: u64) -> Result<Self, OutOfRange> {
        let (product, whole) = (i128::from(self.nano_usd) * i128::from(part), i128::from(whole));
        Self::from_wide(product.div_euclid(whole) + i128::from(product.rem_euclid(whole) != 0))
    }

    /// How many whole times `price` fits into this amount; 0 when nothing fits.
    pub fn fits(self, price: Self) -> u64 {
        if price.nano_usd <= 0 || self.nano_usd <= 0 { 0 } else { (self.nano_usd / price.nano_usd) as u64 }
    }

    fn from_wide(nanos: i128) -> Result<Self, OutOfRange> {
        i64::try_from(nanos).map(Self::from_nanos).map_err(|_| OutOfRange)
    }
}

impl fmt::Display for Money {
    /// All digits that matter and no more: `1.75`, `0`, `-0.000425`. For people, `{:#}`: with the
    /// currency and at least cents: `$1.75`, `$0.00`, `-$0.000425`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.nano_usd.unsigned_abs();
        let (whole, part) = (magnitude / NANOS_PER_USD as u64, magnitude % NANOS_PER_USD as u64);
        let sign = if self.nano_usd < 0 { "-" } else { "" };
        let part = format!("{part:09}");
        let part = part.trim_end_matches('0');
        if f.alternate() {
            return f.pad(&format!("{sign}${whole}.{part:0<2}"));
        }
        let point = if part.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{whole}{point}{part}"))
    }
}

impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, ParseMoneyError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
            return Err(ParseMoneyError::Shape);
        }
        let fine = part.trim_end_matches('0');
        if fine.len() > 9 {
            return Err(ParseMoneyError::TooFine);
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| OutOfRange)? };
        let part: i64 =
            if fine.is_empty() { 0 } else { format!("{fine:0<9}").parse().map_err(|_| OutOfRange)? };
        let nanos = whole.checked_mul(NANOS_PER_USD).and_then(|n| n.checked_add(part)).ok_or(OutOfRange)?;
        Ok(Self::from_nanos(if negative { -nanos } else { nanos }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_digit_survives_and_no_more_are_shown() {
        for text in ["0", "1", "0.3", "0.00145", "0.000425", "49.5", "-0.75", "9223372036.854775807"] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), text);
        }
        assert_eq!("1.7500000000".parse::<Money>().unwrap().to_string(), "1.75");
        assert_eq!("0.30".parse::<Money>().unwrap().nanos(), 300_000_000);
    }

    #[test]
    fn people_see_the_currency_and_cents() {
        for (text, shown) in [("0", "$0.00"), ("80.3", "$80.30"), ("-0.000425", "-$0.000425"), ("2", "$2.00")]
        {
            assert_eq!(format!("{:#}", text.parse::<Money>().unwrap()), shown);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-", "1e3", "NaN", "1,5", "+1", " 1", "1.2.3", "$1", "--1"] {
            assert_eq!(text.parse::<Money>(), Err(ParseMoneyError::Shape), "{text}");
        }
        assert_eq!("0.0000000001".parse::<Money>(), Err(ParseMoneyError::TooFine));
        assert!(matches!("9223372036.854775808".parse::<Money>(), Err(ParseMoneyError::Range(_))));
        assert!(matches!("99999999999999999999".parse::<Money>(), Err(ParseMoneyError::Range(_))));
    }

    #[test]
    fn an_estimate_rounds_up() {
        let minute: Money = "0.075".parse().unwrap();
        assert_eq!(minute.share_up(3_000, 60_000).unwrap().to_string(), "0.00375");
        assert_eq!(Money::from_nanos(1).share_up(1, 3).unwrap(), Money::from_nanos(1));
        assert_eq!(Money::from_nanos(-1).share_up(1, 3).unwrap(), Money::ZERO);
    }

    #[test]
    fn overflow_is_an_error_not_a_number() {
        let most = Money::from_nanos(i64::MAX);
        assert_eq!(most.plus(Money::from_nanos(1)), Err(OutOfRange));
        assert_eq!(most.times(2), Err(OutOfRange));
        assert_eq!(Money::from_nanos(i64::MIN).minus(Money::from_nanos(1)), Err(OutOfRange));
        assert_eq!(Money::from_nanos(80_000_000).times(u64::MAX), Err(OutOfRange));
    }

    proptest! {
        #[test]
        fn text_and_back_is_the_identity(nanos in i64::MIN + 1..i64::MAX) {
            let money = Money::from_nanos(nanos);
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }

        #[test]
        fn what_fits_fits_and_one_more_does_not(have in 0i64..1 << 50, price in 1i64..1 << 40) {
            let (have, price) = (Money::from_nanos(have), Money::from_nanos(price));
            let n = have.fits(price);
            prop_assert!(price.times(n).unwrap() <= have);
            prop_assert!(price.times(n + 1).unwrap() > have);
        }
    }
}
