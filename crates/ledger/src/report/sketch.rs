//! Quantiles of durations in bounded memory: a histogram whose bins grow with
//! what they hold.

use std::time::Duration;

use super::Latency;

/// How often each duration came, to within a 32nd of it.
///
/// Up to 64 µs a bin holds one microsecond; from there each doubling has 32 bins.
/// The middle of a bin is told for all in it, and is off by less than a 64th, or
/// 1.6 %. There are 1,888 bins up to [`i64::MAX`], of which only those between
/// the shortest and the longest duration are kept: some 400, or 3 kB, from a
/// hundredth of a second to a minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Sketch {
    /// The number of the first bin that is kept.
    first: usize,
    bins: Vec<u64>,
    count: u64,
}

impl Sketch {
    pub(super) fn add(&mut self, micros: u64) {
        self.count += 1;
        *self.bin(bin_of(micros)) += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (place, count) in other
            .bins
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            *self.bin(other.first + place) += count;
        }
    }

    /// Of all durations in their order, the one below which, it included, there
    /// are `percent` of them. `None` where there are none at all.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut below = 0;
        let place = self.bins.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(middle_of(self.first + place))
    }

    /// What is told of it.
    pub(super) fn told(&self) -> Option<Latency> {
        let percentile = |percent| self.percentile(percent).map(Duration::from_micros);
        Some(Latency {
            count: self.count,
            p50: percentile(50)?,
            p95: percentile(95)?,
        })
    }

    fn bin(&mut self, number: usize) -> &mut u64 {
        if self.bins.is_empty() {
            self.first = number;
        }
        if number < self.first {
            let missing = self.first - number;
            self.bins.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = number;
        }
        let place = number - self.first;
        if place >= self.bins.len() {
            self.bins.resize(place + 1, 0);
        }
        &mut self.bins[place]
    }
}

/// The bin of a duration: the doublings above 64, and the five bits behind the
/// highest.
fn bin_of(micros: u64) -> usize {
    let doublings = (u64::BITS - micros.leading_zeros()).saturating_sub(FINE + 1);
    doublings as usize * (1 << FINE) + (micros >> doublings) as usize
}

fn middle_of(bin: usize) -> u64 {
    let doublings = (bin >> FINE).saturating_sub(1);
    let from = ((bin - (doublings << FINE)) as u64) << doublings;
    from + ((1 << doublings) - 1) / 2
}

/// The bits of a duration that its bin tells behind the highest.
const FINE: u32 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_within_two_percent_of_the_exact_one(
            mut durations in prop::collection::vec(duration(), 1..200),
            percent in 1..=100_u64,
            split in any::<prop::sample::Index>(),
        ) {
            let (one, two) = durations.split_at(split.index(durations.len()));
            let mut sketch = sketch_of(one);
            sketch.merge(&sketch_of(two));
            let told = sketch.percentile(percent).unwrap();

            durations.sort_unstable();
            let rank = (durations.len() * percent as usize).div_ceil(100).max(1);
            let exact = durations[rank - 1];
            prop_assert!(told.abs_diff(exact) <= exact / 64, "{told} for {exact}");
        }

        #[test]
        fn a_bin_holds_its_middle(micros in duration()) {
            prop_assert_eq!(bin_of(middle_of(bin_of(micros))), bin_of(micros));
        }
    }

    #[test]
    fn the_longest_duration_has_the_last_bin() {
        assert_eq!(bin_of(i64::MAX.unsigned_abs()), 1887);
        let mut sketch = sketch_of(&[i64::MAX.unsigned_abs(), 0]);
        sketch.add(1);
        assert_eq!(sketch.bins.len(), 1888);
        assert_eq!(sketch.percentile(50), Some(1));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Sketch::default().percentile(50), None);
    }

    fn sketch_of(durations: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for micros in durations {
            sketch.add(*micros);
        }
        sketch
    }

    /// As many short ones as long ones.
    fn duration() -> impl Strategy<Value = u64> {
        (any::<u64>(), 1..64_u32).prop_map(|(bits, shift)| bits >> shift)
    }
}
