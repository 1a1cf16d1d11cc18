//! Energy of shots and of simulations: bands of low, middle and high with the grade of the weakest
//! input, never a bare number.
//!
//! Low and high are read as the 5th and 95th percentile of a log-normal distribution, so that
//! sigma = ln(high/low)/3.29, and a product has the root of the sum of squares. What is missing stays
//! missing. The coefficients with their sources stand in `data/energy_coefficients.json`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use shotbook_sim::target::Catalogue;

/// The coefficients that ship with the program.
const EMBEDDED: &str = include_str!("../data/energy_coefficients.json");

/// Standard deviations between the 5th and the 95th percentile.
const WIDTH: f64 = 3.29;

/// Joules of a kilowatt-hour.
pub const KWH: f64 = 3.6e6;

/// A quantity that is known within limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// 5th percentile.
    pub low: f64,
    /// Middle.
    pub mid: f64,
    /// 95th percentile.
    pub high: f64,
    /// A: metered; B: stated by a vendor; C: our own range.
    pub grade: char,
}

impl Band {
    /// A quantity that is exactly known.
    pub fn exact(value: f64) -> Self {
        Self { low: value, mid: value, high: value, grade: 'A' }
    }

    /// Width in logarithms.
    pub fn sigma(&self) -> f64 {
        (self.high / self.low).ln() / WIDTH
    }

    /// The product of independent quantities above zero.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let sigma = self.sigma().hypot(other.sigma());
        let (mid, factor) = (self.mid * other.mid, (WIDTH / 2.0 * sigma).exp());
        Self { low: mid / factor, mid, high: mid * factor, grade: self.grade.max(other.grade) }
    }

    /// One over it.
    #[must_use]
    pub fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, mid: 1.0 / self.mid, high: 1.0 / self.low, grade: self.grade }
    }

    /// A multiple of it.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        Self { low: by * self.low, mid: by * self.mid, high: by * self.high, grade: self.grade }
    }

    /// Both together, as if whatever makes one low makes the other low.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let grade = self.grade.max(other.grade);
        Self { low: self.low + other.low, mid: self.mid + other.mid, high: self.high + other.high, grade }
    }

    /// Joules as people read them: `1.7 kWh (0.4-6.4), grade C`.
    pub fn joules(&self) -> String {
        let (unit, name) = match self.mid {
            m if m >= 0.1 * KWH => (KWH, "kWh"),
            m if m >= 0.1 * 3600.0 => (3600.0, "Wh"),
            m if m >= 0.1 => (1.0, "J"),
            m if m >= 1e-4 => (1e-3, "mJ"),
            _ => (1e-6, "uJ"),
        };
        let two = |x: f64| two_digits(x / unit);
        if (self.high - self.low).abs() <= 1e-12 * self.high.abs() {
            return format!("{} {name}, grade {}", two(self.mid), self.grade);
        }
        format!("{} {name} ({}-{}), grade {}", two(self.mid), two(self.low), two(self.high), self.grade)
    }
}

/// A number with two digits that count.
pub fn two_digits(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return "0".to_owned();
    }
    let places = (1 - x.abs().log10().floor() as i32).max(0) as usize;
    let scale = 10f64.powi(x.abs().log10().floor() as i32 - 1);
    format!("{:.places$}", (x / scale).round() * scale)
}

/// What electricity was made of, somewhere, some year.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Carbon {
    /// Country.
    pub place: String,
    /// Units: grams of CO2 equivalents for a kilowatt-hour.
    pub value: f64,
    /// Year.
    pub year: u32,
    /// What is counted.
    pub basis: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    modality: String,
    low: f64,
    mid: f64,
    high: f64,
    grade: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Place {
    r#where: String,
    low: f64,
    mid: f64,
    high: f64,
    grade: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Plain {
    low: f64,
    mid: f64,
    high: f64,
    grade: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Vcpu {
    busy_w: f64,
    memory_w_per_gb: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Pue {
    who: String,
    value: f64,
}

/// The table of coefficients.
#[derive(Clone, Debug, Deserialize)]
pub struct Coefficients {
    /// Date of the table.
    pub as_of: String,
    qpu_power_kw: Vec<Row>,
    shot_time_s: Vec<Row>,
    utilisation: Plain,
    simulator_energy_nj_per_amplitude_gate: Vec<Place>,
    cloud_vcpu: Vcpu,
    pue: Vec<Pue>,
    carbon_intensity_g_per_kwh: Vec<Carbon>,
    carbon_intensity_source: String,
}

fn band(low: f64, mid: f64, high: f64, grade: &str) -> Band {
    // Of several grades the weakest counts.
    let grade = grade.chars().filter(char::is_ascii_uppercase).max().unwrap_or('C');
    Band { low, mid, high, grade }
}

impl Coefficients {
    /// The table that ships with the program.
    pub fn embedded() -> Self {
        Self::from_json(EMBEDDED).unwrap_or_else(|why| unreachable!("the embedded table is tested: {why}"))
    }

    /// A table of the same form; a row that makes no sense refuses it whole.
    ///
    /// # Errors
    /// Which row, and why.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let table: Self = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let good = |low: f64, mid: f64, high: f64| 0.0 < low && low <= mid && mid <= high && high.is_finite();
        for row in table.qpu_power_kw.iter().chain(&table.shot_time_s) {
            if !good(row.low, row.mid, row.high) {
                return Err(format!("{}: 0 < low <= mid <= high is expected", row.modality));
            }
        }
        for row in &table.simulator_energy_nj_per_amplitude_gate {
            if !good(row.low, row.mid, row.high) {
                return Err(format!("{}: 0 < low <= mid <= high is expected", row.r#where));
            }
        }
        let used = &table.utilisation;
        if !good(used.low, used.mid, used.high) || used.high > 1.0 {
            return Err("utilisation: shares of time are expected".to_owned());
        }
        if !(table.cloud_vcpu.busy_w > 0.0 && table.cloud_vcpu.memory_w_per_gb >= 0.0) {
            return Err("cloud_vcpu: watts above zero are expected".to_owned());
        }
        if table.pue.iter().any(|p| !(p.value >= 1.0 && p.value.is_finite())) {
            return Err("pue: numbers from 1 are expected".to_owned());
        }
        if table.carbon_intensity_g_per_kwh.iter().any(|c| !(c.value > 0.0 && c.value.is_finite())) {
            return Err("carbon_intensity_g_per_kwh: grams above zero are expected".to_owned());
        }
        Ok(table)
    }

    /// Energy of one shot while the machine works, of a technology as the catalogue names it. Units: J.
    pub fn active(&self, technology: &str) -> Option<Band> {
        Some(self.power(technology)?.times(self.shot_time(technology)?))
    }

    /// The same with its share of the hours in which the machine waits. Units: J.
    pub fn allocated(&self, technology: &str) -> Option<Band> {
        Some(self.active(technology)?.times(self.utilisation().inverse()))
    }

    /// Units: W.
    pub fn power(&self, technology: &str) -> Option<Band> {
        let row = find(&self.qpu_power_kw, technology)?;
        Some(band(row.low, row.mid, row.high, &row.grade).scaled(1e3))
    }

    /// Units: s.
    pub fn shot_time(&self, technology: &str) -> Option<Band> {
        let row = find(&self.shot_time_s, technology)?;
        Some(band(row.low, row.mid, row.high, &row.grade))
    }

    /// Share of powered-on time that runs shots.
    pub fn utilisation(&self) -> Band {
        let u = &self.utilisation;
        band(u.low, u.mid, u.high, &u.grade)
    }

    /// Where a simulator may run, with the energy of one gate on one amplitude. Units: J.
    pub fn simulators(&self) -> Vec<(&str, Band)> {
        let rows = self.simulator_energy_nj_per_amplitude_gate.iter();
        rows.map(|r| (r.r#where.as_str(), band(r.low, r.mid, r.high, &r.grade).scaled(1e-9))).collect()
    }

    /// Energy of cores of this machine over a time, by a table of averages. Units: J.
    pub fn host(&self, cores: usize, seconds: f64) -> Band {
        let joules = self.cloud_vcpu.busy_w * cores as f64 * seconds;
        // Server averages: a factor of two either way is our own range.
        Band { low: joules / 2.0, mid: joules, high: joules * 2.0, grade: 'C' }
    }

    /// Overhead of data centres, as published, with who published it.
    pub fn overheads(&self) -> Vec<(&str, f64)> {
        self.pue.iter().map(|p| (p.who.as_str(), p.value)).collect()
    }

    /// Carbon intensities with place, year and basis.
    pub fn carbon(&self) -> &[Carbon] {
        &self.carbon_intensity_g_per_kwh
    }

    /// The carbon intensity of a place.
    pub fn carbon_of(&self, place: &str) -> Option<&Carbon> {
        self.carbon_intensity_g_per_kwh.iter().find(|c| c.place.eq_ignore_ascii_case(place))
    }

    /// Where the carbon intensities come from.
    pub fn carbon_source(&self) -> &str {
        &self.carbon_intensity_source
    }
}

/// Modelled energy of so many shots on a device, waiting included; `None` where its technology has no
/// coefficients, as simulators. Units: J.
pub fn of_shots(device: &str, shots: u64) -> Option<Band> {
    static EACH: OnceLock<BTreeMap<String, Option<Band>>> = OnceLock::new();
    let each = EACH.get_or_init(|| {
        let table = Coefficients::embedded();
        let devices = Catalogue::embedded().devices().iter();
        devices.map(|d| (d.name.clone(), table.allocated(&d.technology))).collect()
    });
    each.get(device).copied().flatten().map(|shot| shot.scaled(shots as f64))
}

/// The catalogue's word for a technology begins with the table's.
fn find<'a>(rows: &'a [Row], technology: &str) -> Option<&'a Row> {
    let word = |text: &str| text.to_lowercase().replace([' ', '_'], "-");
    let wanted = word(technology);
    rows.iter().find(|r| {
        let row = word(&r.modality);
        let first = row.split("-(").next().unwrap_or(&row).to_owned();
        wanted.contains(&first)
    })
}

/// Qubits at which a state vector takes the energy of the shots: log2(shots E_shot / (gates e_amp)).
pub fn crossover(shots: u64, shot: Band, gates: u64, amplitude: Band) -> Band {
    let ratio = shot.scaled(shots as f64).times(amplitude.scaled(gates.max(1) as f64).inverse());
    Band { low: ratio.low.log2(), mid: ratio.mid.log2(), high: ratio.high.log2(), grade: ratio.grade }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_multiply_as_the_rule_says() {
        let table = Coefficients::embedded();
        // 15-35 kW, 0.1-1 ms, used 0.3-0.9: sigma 0.817, a factor of 3.8 either way.
        let shot = table.allocated("superconducting").unwrap();
        assert!((shot.sigma() - 0.817).abs() < 5e-4, "{}", shot.sigma());
        assert!((shot.high / shot.mid - 3.83).abs() < 0.01 && (shot.mid - 15.0).abs() < 1e-9, "{shot:?}");
        let ion = table.allocated("trapped-ion").unwrap();
        assert!((ion.sigma() - 1.32).abs() < 5e-3 && (ion.high / ion.mid - 8.8).abs() < 0.05, "{ion:?}");
        let active = |word: &str| table.active(word).unwrap().mid;
        let near = |word: &str, joules: f64| (active(word) - joules).abs() < 1e-9;
        assert!(near("superconducting", 7.5) && near("trapped ion", 180.0) && near("neutral atom", 2450.0));
        assert!(table.active("photonic").is_none(), "what is missing stays missing");
    }

    #[test]
    fn shots_have_an_energy_where_the_technology_is_known() {
        let thousand = of_shots("garnet", 1000).unwrap();
        assert!((thousand.mid - 15_000.0).abs() < 1e-6 && thousand.grade == 'C', "{thousand:?}");
        assert!(of_shots("forte-1", 1).unwrap().mid > 100.0);
        assert_eq!((of_shots("sv1", 1000), of_shots("local", 1000), of_shots("no", 1)), (None, None, None));
    }

    #[test]
    fn the_crossover_of_a_thousand_shots_and_gates_is_near_27_qubits() {
        let shot = Band::exact(7.5);
        let at = |nanojoules: f64| crossover(1000, shot, 1000, Band::exact(nanojoules * 1e-9)).mid;
        assert!(
            (at(46.0) - 27.3).abs() < 0.1 && (at(20.0) - 28.5).abs() < 0.1 && (at(5.0) - 30.5).abs() < 0.1
        );
    }

    #[test]
    fn numbers_have_two_digits() {
        let words = [1.7e6, 0.0123, 145.0, 99.6, 1.0].map(two_digits);
        assert_eq!(words, ["1700000", "0.012", "150", "100", "1.0"]);
        let band = Band { low: 1.4e6, mid: 6.1e6, high: 2.3e7, grade: 'C' };
        assert_eq!(band.joules(), "1.7 kWh (0.39-6.4), grade C");
    }

    #[test]
    fn a_table_that_makes_no_sense_is_refused_whole() {
        for (from, to) in [
            ("\"low\": 15,", "\"low\": 0,"),
            ("\"high\": 0.9", "\"high\": 1.9"),
            ("\"busy_w\": 3.5", "\"busy_w\": -1"),
        ] {
            assert!(EMBEDDED.contains(from));
            assert!(Coefficients::from_json(&EMBEDDED.replace(from, to)).is_err(), "{from}");
        }
    }
}
