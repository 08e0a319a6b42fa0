//! Medians, and how sure one may be of them.

use lacadon::crash::chance::Chance;

/// Samples that are drawn for an interval.
const RESAMPLES: usize = 2000;

/// The same values have the same interval.
const SEED: u64 = 1;

/// A median and the interval in which it lies in 95 of a hundred bootstrap samples.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl Estimate {
    /// Of these values; `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let median_of_all = median(values)?;
        let mut medians: Vec<f64> =
            (0..RESAMPLES).filter_map(|sample| median(&resample(values, sample))).collect();
        medians.sort_unstable_by(f64::total_cmp);
        let low = medians.get(RESAMPLES * 25 / 1000)?;
        let high = medians.get(RESAMPLES * 975 / 1000)?;
        Some(Self { median: median_of_all, low: *low, high: *high })
    }

    /// As a ratio, as in `2.50× (2.31–2.66)`.
    #[must_use]
    pub fn as_ratio(&self) -> String {
        format!("{:.2}× ({:.2}–{:.2})", self.median, self.low, self.high)
    }
}

/// The middle value, or what lies between the two middle ones; `None` of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// As many values, each drawn from all.
fn resample(values: &[f64], sample: usize) -> Vec<f64> {
    let draws = (0u64..).take(values.len());
    draws.filter_map(|n| Chance::of(SEED).one_of(&format!("sample {sample}"), n, values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_and_its_interval_holds_it() {
        let estimate = Estimate::of(&[3.0, 1.0, 2.0, 5.0, 4.0]).expect("some values");

        assert!((estimate.median - 3.0).abs() < f64::EPSILON);
        assert!((1.0..=3.0).contains(&estimate.low), "{estimate:?}");
        assert!((3.0..=5.0).contains(&estimate.high), "{estimate:?}");
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
        assert_eq!(Estimate::of(&[]), None);
    }
}
