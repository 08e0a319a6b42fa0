//! How often somebody may look for a code that does not exist. Eighty bits are not guessed; the limit keeps guessing
//! from costing anything.
//!
//! Two buckets pay for a failed look-up: the customer's (a few slips of the pen) and the caller's (all of a shop's
//! customers). They are kept in memory: a restart forgives.

use chassis::auth::Caller;
use contracts::CustomerId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A customer may fail so often at once, and once more every [`CUSTOMER_REFILL`]. Also the most look-ups under way for one
/// customer: until it is answered, each might fail.
const CUSTOMER_BURST: u32 = 10;
const CUSTOMER_REFILL: Duration = Duration::from_secs(30);
/// A caller may fail so often at once, and once more every [`CALLER_REFILL`].
const CALLER_BURST: u32 = 300;
const CALLER_REFILL: Duration = Duration::from_millis(200);
/// Buckets kept before full ones are thrown away. Each cost its caller a failure, so that they stay few.
const BUCKETS_LIMIT: usize = 4_096;

/// Counts failed look-ups.
#[derive(Default)]
pub(crate) struct LookupLimit {
    buckets: Mutex<HashMap<String, Bucket>>,
}

/// A look-up under way, paid for in advance. It gives its price back when it is dropped: a code that exists, a database
/// that is away and a caller who hung up cost nothing. Only what was found not to exist is charged.
#[must_use]
pub(crate) struct UnderWay {
    limit: Arc<LookupLimit>,
    by: Option<[String; 2]>,
}

impl UnderWay {
    /// The code does not exist: the price is kept.
    pub(crate) fn charge(mut self) {
        self.by = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(by) = self.by.take() {
            self.limit.give_back(by);
        }
    }
}

/// Too many failures; how long until the next one is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) retry_after: Duration,
}

struct Bucket {
    /// When the bucket is full again, if nothing more is taken.
    full_at: Instant,
    refill: Duration,
    burst: u32,
}

impl Bucket {
    fn new(now: Instant, refill: Duration, burst: u32) -> Self {
        Self { full_at: now, refill, burst }
    }

    /// How long until one can be taken; zero is now.
    fn wait(&self, now: Instant) -> Duration {
        let missing = self.full_at.saturating_duration_since(now);
        let allowed = self.refill.saturating_mul(self.burst.saturating_sub(1));
        missing.saturating_sub(allowed)
    }

    fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.refill;
    }

    fn give_back(&mut self) {
        self.full_at = self.full_at.checked_sub(self.refill).unwrap_or(self.full_at);
    }
}

impl LookupLimit {
    /// Takes the price of a failed look-up before it is known to fail, so that many at once cannot slip through.
    pub(crate) fn take(
        self: &Arc<Self>,
        caller: &Caller,
        customer_id: &CustomerId,
        now: Instant,
    ) -> Result<UnderWay, TooMany> {
        let by = [format!("customer {customer_id}"), format!("caller {}", caller.name)];
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() > BUCKETS_LIMIT {
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let [customer, everybody] = &by;
        let prices =
            [(customer, CUSTOMER_REFILL, CUSTOMER_BURST), (everybody, CALLER_REFILL, CALLER_BURST)];
        let wait_of = |(name, ..): &(&String, _, _)| buckets.get(*name).map(|b| b.wait(now));
        let wait = prices.iter().filter_map(wait_of).max().unwrap_or_default();
        if !wait.is_zero() {
            return Err(TooMany { retry_after: wait });
        }
        for (name, refill, burst) in prices {
            let bucket = || Bucket::new(now, refill, burst);
            buckets.entry(name.clone()).or_insert_with(bucket).take(now);
        }
        Ok(UnderWay { limit: self.clone(), by: Some(by) })
    }

    fn give_back(&self, by: [String; 2]) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        for name in by {
            if let Some(bucket) = buckets.get_mut(&name) {
                bucket.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SHOP;

    fn shop() -> Caller {
        Caller { name: "shop-1".into(), role: SHOP }
    }

    fn customer(name: &str) -> CustomerId {
        format!("cus_{name}").parse().expect("a customer")
    }

    #[test]
    fn ten_failures_are_forgiven_and_one_more_every_thirty_seconds() {
        let (limit, now) = (Arc::<LookupLimit>::default(), Instant::now());
        for _ in 0..10 {
            limit.take(&shop(), &customer("ada"), now).expect("forgiven").charge();
        }

        let refused = limit.take(&shop(), &customer("ada"), now).err().expect("the eleventh");

        assert_eq!(refused.retry_after, Duration::from_secs(30));
        assert!(limit.take(&shop(), &customer("bob"), now).is_ok());
        let later = now + Duration::from_secs(30);
        limit.take(&shop(), &customer("ada"), later).expect("one more").charge();
        assert!(limit.take(&shop(), &customer("ada"), later).is_err());
    }

    #[test]
    fn a_look_up_that_was_not_found_to_fail_costs_nothing() {
        let (limit, now) = (Arc::<LookupLimit>::default(), Instant::now());

        for _ in 0..1000 {
            let under_way = limit.take(&shop(), &customer("ada"), now).expect("it is free");
            drop(under_way);
        }
    }

    #[test]
    fn look_ups_under_way_count_until_they_are_answered() {
        let (limit, now) = (Arc::<LookupLimit>::default(), Instant::now());
        let ten: Vec<_> = (0..10).map(|_| limit.take(&shop(), &customer("ada"), now)).collect();

        assert!(ten.iter().all(Result::is_ok));
        assert!(limit.take(&shop(), &customer("ada"), now).is_err());
        drop(ten);
        assert!(limit.take(&shop(), &customer("ada"), now).is_ok());
    }

    #[test]
    fn one_caller_with_many_customers_is_limited_too() {
        let (limit, now) = (Arc::<LookupLimit>::default(), Instant::now());
        for number in 0..300 {
            limit.take(&shop(), &customer(&number.to_string()), now).expect("forgiven").charge();
        }

        assert!(limit.take(&shop(), &customer("one-more"), now).is_err());
    }

    #[test]
    fn forgotten_buckets_are_thrown_away() {
        let (limit, mut now) = (Arc::<LookupLimit>::default(), Instant::now());
        for number in 0..3 * BUCKETS_LIMIT {
            now += CALLER_REFILL;
            limit.take(&shop(), &customer(&number.to_string()), now).expect("slow enough").charge();
        }

        assert!(limit.buckets.lock().expect("not poisoned").len() <= BUCKETS_LIMIT + 1);
    }
}
