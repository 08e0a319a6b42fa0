//! The worker's time limits, in one place because they only make sense together: the longest chain of them decides
//! how late a voucher can be after one process died. The last test adds the chains up.

use std::time::Duration;

/// How long a claimed event is ours. After it, or when we restart, another worker may have it.
pub const LEASE: Duration = Duration::from_secs(5);

/// A start is given up this long before its event's lease ends, so that what became of it can still be acknowledged.
pub const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// A start that takes longer counts as "Temporal is away": the SDK's own retries would hide it for ten seconds.
pub const START_LIMIT: Duration = Duration::from_secs(3);

/// No start is tried with less time than this before it must be given up.
pub const SHORTEST_START: Duration = Duration::from_millis(250);

/// How long Temporal waits for a workflow task's answer.
pub const TASK_LIMIT: Duration = workflows::TASK_LIMIT;

/// How long a task waits for the worker that has the run in its cache before any other may take it.
pub const STICKY_LIMIT: Duration = Duration::from_secs(2);

/// How soon whoever supervises the worker starts it again.
pub const SUPERVISOR_RESTART: Duration = Duration::from_secs(1);

/// Starts under way at once; more only adds latency.
pub const STARTS_IN_FLIGHT: usize = 16;

/// Events in one claim: twice what is in flight, so that starts never wait for a claim.
pub const CLAIM_LIMIT: u32 = 32;

/// Events in hand, claimed and not yet acknowledged: one claim being started while the next is on its way.
pub const IN_HAND_LIMIT: u32 = 48;

/// A new claim is made once this many more events may be in hand.
pub const CLAIM_ROOM: u32 = 16;

/// How long a claim waits at order-api for the first event. The service itself waits 30 s at most.
pub const CLAIM_WAIT: Duration = Duration::from_secs(20);

/// How much longer than it asked the service to wait the relay waits for the answer.
pub const CLAIM_MARGIN: Duration = Duration::from_secs(2);

/// How long an acknowledgement may take before it is sent again.
pub const ACK_LIMIT: Duration = Duration::from_secs(2);

/// The longest wait between two tries: how late the relay notices that something is back.
pub const MAX_BACK_OFF: Duration = connections::back_off::MAX_BACK_OFF;

// A connection attempt may not last longer than a worker would be missed by others.
const _: () =
    assert!(connections::temporal::CONNECT_LIMIT.as_millis() <= STICKY_LIMIT.as_millis() * 2);

/// An event that has been waiting longer than this for an open run, or a run of another type, needs a person.
pub const POSTPONED_ALARM: Duration = Duration::from_secs(60);

/// How often the worker looks whether Temporal is there and sees it polling.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long Temporal may take to answer that look.
pub const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// After Temporal was away for so long the SDK's worker is replaced: its pollers have backed off, up to 10 s by and by.
pub const LONG_AWAY: Duration = Duration::from_secs(2);

/// How often the search attributes are asserted; a restored or replaced server may have lost them.
pub const ASSERT_EVERY: Duration = Duration::from_secs(60);

/// How long the replaced SDK worker may take to finish what it has; the normal activities' limit is 5 s.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use activities::attempt::{LOCAL_DEADLINE, NORMAL_DEADLINE};
    use workflows::steps::{LOCAL_ATTEMPT, MAX_BACK_OFF as MAX_STEP_BACK_OFF, START_TO_CLOSE};

    /// What must hold after any one crash.
    const LATEST: Duration = Duration::from_secs(15);

    #[test]
    fn each_limit_ends_before_the_one_around_it() {
        assert!(LOCAL_DEADLINE < LOCAL_ATTEMPT);
        assert!(NORMAL_DEADLINE < START_TO_CLOSE);
        assert!(START_LIMIT + LEASE_MARGIN < LEASE);
        // The worker heartbeats a task at 80 % of its limit, which costs events: both local steps fit before.
        assert!(LOCAL_ATTEMPT * 2 < TASK_LIMIT * 8 / 10);
        const { assert!(CLAIM_LIMIT <= IN_HAND_LIMIT && CLAIM_ROOM <= CLAIM_LIMIT) };
    }

    #[test]
    fn whichever_process_dies_when_the_voucher_is_there_within_fifteen_seconds() {
        let both_steps = LOCAL_ATTEMPT * 2;
        let after_claim = LEASE + START_LIMIT + TASK_LIMIT + both_steps;
        let after_start = SUPERVISOR_RESTART + TASK_LIMIT + both_steps;
        let in_the_first_step = START_TO_CLOSE + MAX_STEP_BACK_OFF + STICKY_LIMIT + LOCAL_ATTEMPT;
        let service_was_away = MAX_STEP_BACK_OFF + STICKY_LIMIT + LOCAL_ATTEMPT;
        let temporal_was_away = MAX_BACK_OFF + LOOK_LIMIT + START_LIMIT + both_steps;
        // A blip too short to replace the pollers left them waiting no longer than it lasted, twice.
        let in_a_step_meanwhile = LONG_AWAY * 2 + MAX_STEP_BACK_OFF + STICKY_LIMIT + LOCAL_ATTEMPT;

        for chain in [
            after_claim,
            after_start,
            in_the_first_step,
            service_was_away,
            temporal_was_away,
            in_a_step_meanwhile,
        ] {
            assert!(chain < LATEST, "{chain:?}");
        }
    }
}
