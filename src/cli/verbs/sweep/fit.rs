//! What part of a sweep, or where, would fit into the money that is there.

use shotbook_sim::target::{self, Catalogue, Device};

use super::points::Points;
use super::{Sweep, packing};
use crate::app::inputs_json;
use crate::cli::circuit::Loaded;
use crate::money::Money;
use crate::price::quote::{self, Subject};
use crate::price::{PriceList, Tariff};

/// A sweep as its flags give it.
#[derive(Clone, Copy)]
pub(in crate::cli::verbs) struct Wish<'a> {
    pub args: &'a Sweep,
    pub device: &'a Device,
    pub list: &'a PriceList,
    pub loaded: &'a Loaded,
    pub points: &'a Points,
}

/// Flags that would fit into `free`: fewer points, fewer shots, another device.
pub(super) fn options(wish: Wish<'_>, free: Money) -> Vec<String> {
    let many = wish.points.rows.len() as u64;
    let mut out = Vec::new();
    if wish.args.tasks {
        let args = Sweep { tasks: false, ..wish.args.clone() };
        let packed = Wish { args: &args, ..wish }.cost(wish.device, many, None);
        out.extend(
            packed.filter(|p| *p <= free).map(|p| format!("as program sets, without --tasks ({p:#})")),
        );
    }
    if let Some((n, price)) = most(many - 1, free, |n| wish.cost(wish.device, n, None)) {
        out.push(match wish.args.params.as_slice() {
            [one] if one.matches(':').count() == 2 => {
                let range = one.rsplit_once(':').map_or(one.as_str(), |(range, _)| range);
                format!("--param {range}:{n} ({price:#})")
            }
            _ => format!("the first {n} of {many} points ({price:#})"),
        });
    }
    if let Some(asked) = wish.args.shots
        && let Some((shots, price)) = most(asked - 1, free, |n| wish.cost(wish.device, many, Some(n)))
    {
        out.push(format!("--shots {shots} ({price:#})"));
    }
    let others = Catalogue::embedded().devices().iter();
    let others = others.filter(|d| !d.is_local() && d.name != wish.device.name);
    let fitting = others.filter_map(|d| Some((wish.cost(d, many, None)?, d))).filter(|(c, _)| *c <= free);
    if let Some((price, device)) = fitting.min_by_key(|(price, _)| *price) {
        out.push(format!("--on {} ({price:#})", device.name));
    }
    out
}

/// The largest number from 1 to `top` whose price fits, with its price; prices grow with the number.
pub(in crate::cli::verbs) fn most(
    top: u64,
    free: Money,
    price: impl Fn(u64) -> Option<Money>,
) -> Option<(u64, Money)> {
    let fits = |n: u64| price(n).filter(|p| *p <= free);
    let (mut low, mut high) = (0, top);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        // What a device does not take for being too little, it may take for more; that is no price.
        if price(middle).is_none_or(|p| p <= free) { low = middle } else { high = middle - 1 }
    }
    Some((low, fits(low).filter(|_| low > 0)?))
}

impl Wish<'_> {
    /// What the first `n` points cost on a device, all with `shots` if given; `None` where it does not
    /// take them.
    fn cost(&self, device: &Device, n: u64, shots: Option<u64>) -> Option<Money> {
        let mut points = self.points.clone();
        points.rows.truncate(usize::try_from(n).ok()?);
        for row in &mut points.rows {
            row.shots = shots.or(row.shots);
        }
        let circuit = self.loaded.circuit().ok()?;
        let each = points.rows.iter().map(|r| r.shots.or(self.args.shots).unwrap_or(0));
        let (least, largest) = (each.clone().min()?, each.max()?);
        let takes = |shots| target::check(circuit, device, Some(shots)).is_empty();
        if !takes(least) || !takes(largest) {
            return None;
        }
        let inputs = inputs_json(&self.loaded.inputs);
        let subject = Subject { circuit, sha256: &self.loaded.sha256, inputs: &inputs, shots: largest };
        let price = quote::price(&subject, self.list, device).ok()??;
        let packing = packing(self.args, device, self.loaded, &points, &points.all()).ok()?;
        match price.tariff {
            Tariff::PerShot { task_fee, shot_fee } => packing.fees(task_fee, shot_fee).ok()?.total().ok(),
            _ => price.hold.times(packing.tasks.len() as u64).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_fits_is_found_and_too_little_is_no_offer() {
        let cent = |n: u64| Some(Money::from_nanos(10_000_000).times(n).unwrap());
        let usd = |text: &str| text.parse::<Money>().unwrap();
        assert_eq!(most(499, usd("1.005"), cent), Some((100, usd("1"))));
        assert_eq!(most(499, usd("0.009"), cent), None);
        assert_eq!(most(499, usd("100"), cent), Some((499, usd("4.99"))));
        let from_ten = |n: u64| if n < 10 { None } else { cent(n) };
        assert_eq!(most(499, usd("0.50"), from_ten), Some((50, usd("0.5"))));
        assert_eq!(most(499, usd("0.05"), from_ten), None, "nine would fit and is not taken");
        assert_eq!(most(0, usd("1"), cent), None);
    }
}
