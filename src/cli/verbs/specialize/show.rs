//! A specialisation as a table, as JSON and as a page.

use serde_json::{Value, json};

use crate::cli::output::Out;
use crate::cli::verbs::train::seconds;
use crate::energy::{Carbon, Coefficients, KWH};
use crate::report::{Page, Totals};
use crate::train::family::Family;
use crate::train::plan::{Work, bill};
use crate::train::specialize::{Effort, Outcome, Rules, Run, Special};
use crate::train::statistics::interval;

/// Everything that is shown.
pub struct Seen<'a> {
    pub family: &'a Family,
    pub rules: Rules,
    pub found: &'a Outcome,
    /// Ids of the models that were kept, one for each target.
    pub kept: &'a [String],
    pub seconds: f64,
    pub table: &'a Coefficients,
    pub place: Option<&'a Carbon>,
}

fn mean(values: impl Iterator<Item = f64>) -> (f64, f64) {
    interval(&values.collect::<Vec<_>>())
}

fn losses(runs: &[Run], of: impl Fn(&Run) -> f64) -> (f64, f64) {
    mean(runs.iter().map(of))
}

fn steps(runs: &[Run]) -> (f64, f64) {
    mean(runs.iter().map(|r| r.effort.steps as f64))
}

fn circuits(efforts: impl Iterator<Item = Effort>) -> f64 {
    mean(efforts.map(|e| e.circuits as f64)).0
}

fn pair((middle, half): (f64, f64), places: usize) -> String {
    format!("{middle:.places$} ±{half:.places$}")
}

impl Seen<'_> {
    /// Circuits of a target from zero less those from the shared weights, pair by pair.
    fn saved(&self, special: &Special) -> (f64, f64) {
        let pairs = special.cold.iter().zip(&special.warm).zip(&special.search);
        let circuits = |effort: Effort| effort.circuits as f64;
        mean(pairs.map(|((c, w), s)| circuits(c.effort) - circuits(w.effort) - circuits(*s)))
    }

    /// Loss from zero less that from the shared weights, pair by pair.
    fn gained(&self, special: &Special) -> (f64, f64) {
        let pairs = special.warm.iter().zip(&special.cold);
        mean(pairs.map(|(w, c)| c.loss - w.loss))
    }

    /// Whether ten seeds show fewer circuits at no worse a loss.
    fn saves(&self, special: &Special) -> bool {
        let ((saved, half), (gained, around)) = (self.saved(special), self.gained(special));
        special.warm.len() >= 10 && gained + around >= -1e-6 && saved - half > 0.0
    }

    fn verdict(&self, special: &Special) -> String {
        let ((saved, half), (gained, around)) = (self.saved(special), self.gained(special));
        if special.warm.len() < 10 {
            return "fewer than ten seeds: no saving is claimed".to_owned();
        }
        if gained + around < -1e-6 {
            return "no saving is claimed: from zero it ends better".to_owned();
        }
        let better = if gained - around > 0.0 {
            format!("; ends better by {gained:.4} ±{around:.4} in loss")
        } else {
            String::new()
        };
        if saved - half <= 0.0 {
            return format!("no saving of circuits is claimed: the interval includes none{better}");
        }
        format!("saves {saved:.0} ±{half:.0} circuits a target{better}")
    }

    /// Circuits over all targets: the source once, and a target on average.
    fn totals(&self) -> Totals {
        let all = &self.found.targets;
        let of = |what: &dyn Fn(&Special) -> f64| all.iter().map(what).sum::<f64>() / all.len().max(1) as f64;
        Totals {
            what: "circuits".to_owned(),
            source: circuits(self.found.source.iter().copied()),
            reused: of(&|s| circuits(s.search.iter().copied()) + circuits(s.warm.iter().map(|r| r.effort))),
            cold: of(&|s| circuits(s.cold.iter().map(|r| r.effort))),
        }
    }

    /// The same in dollars of the first target with a price, if a device had evaluated everything.
    fn dollars(&self) -> Option<Totals> {
        let special = self.found.targets.iter().find(|s| s.target.tariff.is_some())?;
        let (task_fee, shot_fee, set) = special.target.tariff?;
        let of = |effort: Effort| {
            let circuits = effort.circuits.div_ceil(effort.steps.max(1));
            let work = Work { iterations: effort.steps, circuits, shots: self.rules.shots };
            bill(work, set, task_fee, shot_fee)
                .and_then(|b| b.total())
                .map_or(f64::NAN, |m| m.nanos() as f64 / 1e9)
        };
        let all = |efforts: &mut dyn Iterator<Item = Effort>| mean(efforts.map(of)).0;
        Some(Totals {
            what: format!("USD on {}", special.target.device.name),
            source: all(&mut self.found.source.iter().copied()),
            reused: all(&mut special.search.iter().copied())
                + all(&mut special.warm.iter().map(|r| r.effort)),
            cold: all(&mut special.cold.iter().map(|r| r.effort)),
        })
    }

    fn head(&self) -> String {
        format!(
            "{} qubits · up to {} layers · {} pairs a layer · {} shared angles · {} steps · {} seeds",
            self.family.qubits,
            self.family.layers,
            self.family.pairs.len(),
            self.family.angles(),
            self.rules.steps,
            self.rules.seeds
        )
    }

    /// Names of the columns, and which are numbers.
    const COLUMNS: [&'static str; 10] = [
        "DEVICE",
        "LAYERS",
        "2Q",
        "ANGLES",
        "UNTUNED",
        "TUNED",
        "FROM ZERO",
        "NOISY",
        "ITERATIONS",
        "EVALUATION",
    ];
    const NUMBERS: [usize; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    fn cells(&self) -> Vec<Vec<String>> {
        let row = |s: &Special| {
            let noisy = s.warm.iter().filter_map(|r| r.noisy).collect::<Vec<_>>();
            let noisy =
                if noisy.is_empty() { "unknown".to_owned() } else { format!("{:.4}", interval(&noisy).0) };
            vec![
                s.target.device.name.clone(),
                s.member.layers.len().to_string(),
                s.entangling.to_string(),
                self.family.angles_of(&s.member).len().to_string(),
                format!("{:.4}", losses(&s.warm, |r| r.began).0),
                pair(losses(&s.warm, |r| r.loss), 4),
                pair(losses(&s.cold, |r| r.loss), 4),
                noisy,
                format!("{:.0} / {:.0}", steps(&s.warm).0, steps(&s.cold).0),
                s.price.map_or_else(|| "-".to_owned(), |m| format!("{m:#}")),
            ]
        };
        self.found.targets.iter().map(row).collect()
    }

    fn sums(&self) -> Vec<String> {
        let totals = self.totals();
        let shown = self.found.targets.iter().all(|s| self.saves(s));
        let even = match totals.break_even() {
            Some(n) if shown => format!("it pays from {n:.1} targets on"),
            _ => "it is not shown to pay".to_owned(),
        };
        let n = self.found.targets.len() as f64;
        let (reused, cold) = totals.at(n);
        vec![
            format!(
                "shared angles {:.0} circuits once; a target {:.0} with its search, {:.0} from zero; {n} targets: {reused:.0} against {cold:.0}; {even}",
                totals.source, totals.reused, totals.cold
            ),
            format!(
                "trained classically in {}: no quantum advantage is possible at this size",
                seconds(self.seconds)
            ),
        ]
    }

    pub fn print(&self, out: &mut Out) {
        out.line(&self.head());
        out.table(&Self::COLUMNS, &Self::NUMBERS, self.cells());
        for (special, id) in self.found.targets.iter().zip(self.kept) {
            let name = &special.target.device.name;
            let place: Vec<String> = special.place.iter().map(ToString::to_string).collect();
            out.line(&format!("{name}: {}; qubits {}; kept as {id}", self.verdict(special), place.join(" ")));
        }
        self.sums().iter().for_each(|line| out.line(line));
        out.say("losses without shots; NOISY under the device's published noise; ITERATIONS tuned / from zero; \
                 EVALUATION the price of one value, with shots for the error that it would have without noise");
    }

    pub fn document(&self) -> Value {
        let run = |r: &Run| {
            json!({"start_loss": r.began, "loss": r.loss, "noisy_loss": r.noisy, "iterations": r.effort.steps,
                "circuits": r.effort.circuits})
        };
        let totals = |t: &Totals| {
            json!({"unit": t.what, "source": t.source, "target_reused": t.reused, "target_from_zero": t.cold,
                "break_even_targets": t.break_even()})
        };
        let targets: Vec<Value> = self
            .found
            .targets
            .iter()
            .zip(self.kept)
            .map(|(s, id)| {
                let (saved, half) = self.saved(s);
                json!({"device": s.target.device.name, "member": s.member, "two_qubit_gates": s.entangling,
                    "qubits": s.place, "evaluation_price": s.price.map(|m| m.to_string()), "model": id,
                    "search": s.search.iter().map(|e| json!({"evaluations": e.steps, "circuits": e.circuits})).collect::<Vec<_>>(),
                    "tuned": s.warm.iter().map(run).collect::<Vec<_>>(),
                    "from_zero": s.cold.iter().map(run).collect::<Vec<_>>(),
                    "saved_circuits": {"mean": saved, "half_interval_95": half}, "verdict": self.verdict(s)})
            })
            .collect();
        json!({"schema": "shotbook.specialization/1", "qubits": self.family.qubits, "pairs": self.family.pairs,
            "shared_angles": self.family.angles(), "steps": self.rules.steps, "seeds": self.rules.seeds,
            "targets": targets, "totals": totals(&self.totals()), "totals_usd": self.dollars().as_ref().map(totals),
            "seconds": self.seconds})
    }

    pub fn page(&self) -> Page {
        let mut page = Page::new("Trained once, specialised for each device");
        page.verdict(format!(
            "No advantage shown. Trained classically in {}: no quantum advantage is possible at this size.",
            seconds(self.seconds)
        ));
        page.text(self.head());
        page.table(&Self::COLUMNS.map(str::trim), &Self::NUMBERS, self.cells());
        page.text("Losses are exact. NOISY is under the published noise of the device. ITERATIONS are those of the tuning and those from zero. EVALUATION is the price of one value, with as many shots as give the error that it would have without noise.");
        for special in &self.found.targets {
            page.text(format!("{}: {}.", special.target.device.name, self.verdict(special)));
        }
        page.heading("What it comes to");
        page.text(self.sums()[0].clone());
        page.figure(self.totals().chart(), "Circuits by parameter shift: the shared angles once, and for each target its search and its tuning, beside a training from zero.");
        if let Some(dollars) = self.dollars() {
            page.figure(dollars.chart(), format!("The same in dollars, if a device had evaluated everything with {} shots a circuit. It was simulated here for nothing.", self.rules.shots));
        }
        let technology =
            self.found.targets.iter().map(|s| &s.target.device.technology).find(|t| !t.is_empty());
        if let Some(shot) = technology.and_then(|t| self.table.allocated(t)) {
            let kwh = shot.mid * self.rules.shots as f64 / KWH;
            let energy = self.totals().scaled(kwh, "kWh");
            page.figure(energy.chart(), format!("Modelled energy of those shots, {} for one. The ratio of the two lines is known far better than either.", shot.joules()));
            match self.place {
                Some(c) => {
                    let grams = energy.scaled(c.value, "g CO2e");
                    page.figure(
                        grams.chart(),
                        format!("Electricity alone, {}, {}, {}.", c.place, c.year, c.basis),
                    );
                }
                None => page
                    .text("No carbon figure: the place of the machine is not known. Name one with --place."),
            }
        }
        page
    }
}
