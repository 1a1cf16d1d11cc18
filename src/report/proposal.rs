//! The founding proposal's claims, each with what a calculation finds.

use super::{Page, training};
use crate::energy::{Band, Coefficients, crossover, two_digits};
use crate::money::{Money, OutOfRange};
use crate::price::{PriceList, Rate};
use crate::train::plan::{Work, bill};

/// A worked training of the table.
struct Example {
    what: &'static str,
    work: Work,
}

const EXAMPLES: [Example; 4] = [
    Example {
        what: "H2 at one length, SPSA, 100 iterations",
        work: Work { iterations: 100, circuits: 4, shots: 1000 },
    },
    Example {
        what: "LiH at one length, SPSA, 500 iterations",
        work: Work { iterations: 500, circuits: 50, shots: 100 },
    },
    Example {
        what: "LiH at one length, Adam, 200 iterations, 20 angles",
        work: Work { iterations: 200, circuits: 1000, shots: 100 },
    },
    Example {
        what: "classifier of 5 qubits, 1,000 iterations of 10 points",
        work: Work { iterations: 1000, circuits: 610, shots: 1000 },
    },
];

/// A device with its fees of a task and of a shot.
type Rated = (String, Money, Money);

/// Cheapest and dearest gate device by the shot.
fn extremes(list: &PriceList) -> Option<[Rated; 2]> {
    let mut rates: Vec<Rated> = list
        .rows
        .iter()
        .filter(|r| r.device != "aquila")
        .filter_map(|r| match r.rate {
            Rate::PerShot { task_fee, shot_fee } => Some((r.device.clone(), task_fee, shot_fee)),
            Rate::PerMinute { .. } => None,
        })
        .collect();
    rates.sort_by_key(|r| r.2);
    Some([rates.first()?.clone(), rates.last()?.clone()])
}

/// The page.
///
/// # Errors
/// Prices beyond what money can say.
pub fn page(list: &PriceList, table: &Coefficients) -> Result<Page, OutOfRange> {
    let mut page = Page::new("The founding proposal, read with a calculator");
    page.text(format!(
        "Prices of {}; coefficients of {}. Every number below is computed from these tables.",
        list.date, table.as_of
    ));
    let extremes = extremes(list);
    let rows = claims(extremes.as_ref(), table)?;
    page.table(&["claim", "finding", "what is shown instead"], &[], rows);
    if let Some(rates) = &extremes {
        trainings(&mut page, rates)?;
    }
    energies(&mut page, table);
    page.heading("What stays");
    page.text(
        "Separate search from training, train once and specialise, and account for money, energy and CO2.",
    );
    Ok(page)
}

/// Claims with their findings.
fn claims(extremes: Option<&[Rated; 2]>, table: &Coefficients) -> Result<Vec<Vec<String>>, OutOfRange> {
    let mut rows = Vec::new();
    let mut claim = |what: &str, finding: String, shown: &str| {
        rows.push(vec![what.to_owned(), finding, shown.to_owned()])
    };
    claim(
        "Superposition gives many calculations at once",
        "A measurement returns one sample; a speed-up needs interference and a problem that suits it."
            .to_owned(),
        "shots and error bars",
    );
    let rate = |qubits: f64, technology: &str| table.shot_time(technology).map_or(0.0, |t| qubits / t.mid);
    claim(
        "10^10 bits a second",
        format!(
            "A shot gives one bit a qubit: 100 superconducting qubits at 0.3 ms give {:.0e} bits a second, 36 ions at 30 ms {:.0e}.",
            rate(100.0, "superconducting"),
            rate(36.0, "trapped ion")
        ),
        "measured samples a second",
    );
    claim(
        "Figure 1, without the cost of cooling",
        "Most of the 25 kW of such a machine is refrigeration, power is not energy, and an annealer of 25 kW and a computer of 29.7 MW do different work.".to_owned(),
        "energy at equal result, cooling included, as a band",
    );
    if let Some([cheap, dear]) = extremes {
        let mut least = f64::MAX;
        let mut most = 0.0f64;
        for example in &EXAMPLES {
            let proposed = 0.3 * example.work.iterations as f64;
            for (_, task_fee, shot_fee) in [cheap, dear] {
                let total = bill(example.work, Some((100, u64::MAX)), *task_fee, *shot_fee)?.total()?;
                let ratio = total.nanos() as f64 / 1e9 / proposed;
                (least, most) = (least.min(ratio), most.max(ratio));
            }
        }
        claim(
            "0.30 USD x iterations",
            format!(
                "Fees alone, with every iteration in one task and its shots free: short by {} to {} times for the trainings below.",
                two_digits(least),
                two_digits(most)
            ),
            "forecast, price of a cycle, and a cap",
        );
        let shots = 1_000_000_000u64 * 2 * 1000;
        let step = cheap.2.times(shots)?;
        claim(
            "Models of a thousand million parameters on quantum computers",
            format!(
                "10^9 angles x 2 circuits x 1,000 shots x {:#} on {} = {:.0} million USD for one gradient: not feasible.",
                cheap.2,
                cheap.0,
                step.nanos() as f64 / 1e15
            ),
            "the arithmetic, and a refusal",
        );
    }
    claim(
        "Train once, specialise: 16, 19 or 1,300 times less",
        "True of 40 deployment targets, against search methods, for classical vision nets; it grows with the number of targets and is no transfer between tasks.".to_owned(),
        "total against number of targets, with the break-even",
    );
    claim(
        "Salaries as the main cost",
        "Omits shots, queue, error mitigation and the classical driver.".to_owned(),
        "the whole bill, with staff as a line that the reader sets",
    );
    Ok(rows)
}

/// What the worked trainings cost on the cheapest and the dearest device.
fn trainings(page: &mut Page, [cheap, dear]: &[Rated; 2]) -> Result<(), OutOfRange> {
    page.heading("What the trainings cost");
    let mut rows = Vec::new();
    for example in &EXAMPLES {
        let of = |rate: &Rated| bill(example.work, Some((100, u64::MAX)), rate.1, rate.2);
        let (low, high) = (of(cheap)?, of(dear)?);
        rows.push(vec![
            example.what.to_owned(),
            low.circuits.to_string(),
            low.shots.to_string(),
            format!("{} / {}", low.single_tasks, low.tasks),
            format!("${:.2}", 0.3 * example.work.iterations as f64),
            format!("{:#}", low.total()?),
            format!("{:#}", high.total()?),
        ]);
    }
    let (cheapest, dearest) = (format!("on {}", cheap.0), format!("on {}, in sets of 100", dear.0));
    page.table(
        &["training", "circuits", "shots", "tasks single / in sets", "proposal", &cheapest, &dearest],
        &[1, 2, 3, 4, 5, 6],
        rows,
    );
    page.text("Sets of at most 100 circuits; a device without program sets pays a fee for each circuit.");
    Ok(())
}

fn energies(page: &mut Page, table: &Coefficients) {
    page.heading("Energy");
    page.figure(training::figure_one(table, 1000, 1000, "superconducting"), "1,000 gates, 1,000 shots, cooling included. Left of the mark a simulator takes less energy; right of it noise and tensor methods decide, not the number of qubits.");
    let mut rows = Vec::new();
    if let Some(shot) = table.active("superconducting") {
        for (place, amplitude) in table.simulators() {
            let n = crossover(1000, shot, 1000, amplitude);
            rows.push(vec![
                place.to_owned(),
                format!("{:.1} ({:.1}-{:.1})", n.mid, n.low, n.high),
                n.grade.to_string(),
            ]);
        }
        let measured = crossover(1000, Band::exact(shot.mid), 1000, Band::exact(46e-9));
        rows.push(vec![
            "CPU node at the measured 46 nJ".to_owned(),
            format!("{:.1}", measured.mid),
            "A/C".to_owned(),
        ]);
    }
    page.table(&["simulator", "crossover in qubits", "grade"], &[1], rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_has_a_finding_that_is_computed() {
        let page = page(PriceList::embedded(), &Coefficients::embedded()).unwrap();
        let text = page.markdown();
        for words in ["850 million USD", "3e5 bits a second", "at 30 ms 1e3", "| 610000 |", "261350", "27.3"]
        {
            assert!(text.contains(words), "{words}\n{text}");
        }
        let mut dearer = PriceList::embedded().clone();
        for row in &mut dearer.rows {
            if let Rate::PerShot { shot_fee, .. } = &mut row.rate {
                *shot_fee = shot_fee.times(2).unwrap();
            }
        }
        let other = super::page(&dearer, &Coefficients::embedded()).unwrap().markdown();
        assert!(other.contains("1700 million USD"), "a changed price changes the page\n{other}");
    }
}
