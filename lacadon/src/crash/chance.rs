//! Chance that a seed decides: the same question under the same seed has the same answer, on every machine and in every
//! order of asking.

use sha2::{Digest, Sha256};

/// What a seed decides.
#[derive(Debug, Clone, Copy)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    /// What this seed decides.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self { seed }
    }

    /// A number from 0 up to, but not including, `end`; 0 where there is none. `what` and `number` name the question.
    #[must_use]
    pub fn below(self, what: &str, number: u64, end: u64) -> u64 {
        let question = format!("{}/{what}/{number}", self.seed);
        let digest = Sha256::digest(question.as_bytes());
        let first = digest.iter().take(8).fold(0, |so_far, byte| so_far << 8 | u64::from(*byte));
        first.checked_rem(end).unwrap_or_default()
    }

    /// One of these, `None` if there are none.
    #[must_use]
    pub fn one_of<T: Copy>(self, what: &str, number: u64, all: &[T]) -> Option<T> {
        let place = self.below(what, number, u64::try_from(all.len()).unwrap_or(u64::MAX));
        usize::try_from(place).ok().and_then(|place| all.get(place)).copied()
    }

    /// Whether something happens that happens `times` in a thousand.
    #[must_use]
    pub fn happens(self, what: &str, number: u64, times: u64) -> bool {
        self.below(what, number, 1000) < times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_answers_the_same_question_the_same_way_for_ever() {
        let answers: Vec<u64> = (0..5).map(|n| Chance::of(7).below("amount", n, 100)).collect();

        assert_eq!(
            answers,
            (0..5).map(|n| Chance::of(7).below("amount", n, 100)).collect::<Vec<_>>()
        );
        assert_ne!(
            answers,
            (0..5).map(|n| Chance::of(8).below("amount", n, 100)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_answer_is_given_about_as_often_as_the_others() {
        let mut counts = [0_u32; 4];
        for number in 0..4000 {
            let answer = Chance::of(1).below("which", number, 4);
            counts[usize::try_from(answer).expect("small")] += 1;
        }

        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
