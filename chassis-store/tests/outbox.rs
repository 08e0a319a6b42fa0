//! What the outbox promises, on every database that is there.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use chassis_store::outbox::{
    self, Ack, Acked, Claim, ClaimedEvent, EventFilter, EventRow, EventState, Leased, Outbox,
    Poison, Postponed, Released,
};
use chassis_store::{Database, Migrations};
use service_tests::databases::on_every_database;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const A_SECOND: i64 = 1_000;
const A_DAY: i64 = 86_400_000;

/// A service with an outbox.
struct World {
    database: Database,
    outbox: Outbox,
}

impl World {
    async fn open(url: &str) -> Self {
        let migrator = || {
            let sql = outbox::SCHEMA.into_sql_str();
            let first = Migration::new(1, "outbox".into(), MigrationType::Simple, sql, false);
            Migrator::with_migrations(vec![first])
        };
        let migrations = Migrations { sqlite: migrator(), postgres: migrator() };
        let database = Database::connect(url, &migrations).await.expect("the database opens");
        Self { outbox: Outbox::new(database.clone()), database }
    }

    /// The process of the service was killed and started again.
    async fn restart(self, url: &str) -> Self {
        self.database.close().await;
        Self::open(url).await
    }

    async fn append(&self, event_type: &'static str, subject: &str) -> String {
        let work = self.database.write(subject.to_owned(), move |tx, subject| {
            Box::pin(async move { outbox::append(tx, event_type, subject).await })
        });
        work.await.expect("an event is written")
    }

    async fn claim(&self, owner: &str) -> Vec<ClaimedEvent> {
        self.outbox.claim(asking(owner)).await.expect("the claim is answered")
    }

    async fn claim_after_restart_of(&self, owner: &str) -> Vec<ClaimedEvent> {
        let claim = Claim { is_first_since_start: true, ..asking(owner) };
        self.outbox.claim(claim).await.expect("the claim is answered")
    }

    async fn ack(&self, ack: Ack) -> Acked {
        self.outbox.ack(ack).await.expect("the acknowledgement is answered")
    }

    async fn settle(&self, events: &[ClaimedEvent]) -> u64 {
        let settled = events.iter().map(leased).collect();
        self.ack(Ack { settled, ..Ack::default() }).await.settled
    }

    async fn postpone(&self, event: &ClaimedEvent, pause: Duration) -> u64 {
        let (event_id, lease_id) = (event.event_id.clone(), event.lease_id.clone());
        let postponed = vec![Postponed { event_id, lease_id, pause }];
        self.ack(Ack { postponed, ..Ack::default() }).await.postponed
    }

    async fn call_poison(&self, event: &ClaimedEvent) -> u64 {
        let (event_id, lease_id) = (event.event_id.clone(), event.lease_id.clone());
        let poison = vec![Poison { event_id, lease_id, reason: "cannot be read".to_owned() }];
        self.ack(Ack { poison, ..Ack::default() }).await.poison
    }

    /// As if the clock had gone on by so much; negative: as if it had been set back.
    async fn let_pass(&self, ms: i64) {
        let work = self.database.write(ms, |tx, ms| {
            Box::pin(async move {
                let sql =
                    "update outbox_events set due_at = due_at - $1, settled_at = settled_at - $1";
                sqlx::query(sql).bind(*ms).execute(tx).await?;
                Ok(())
            })
        });
        work.await.expect("time passes");
    }

    async fn the_event(&self) -> EventRow {
        let filter = EventFilter { limit: 2, ..EventFilter::default() };
        let mut events = self.outbox.list(&filter).await.expect("a listing");
        assert_eq!(events.len(), 1);
        events.remove(0)
    }

    /// Hands out whatever is due and lets the lease end, as when the owner died of it.
    async fn lose_a_lease_of(&self, owner: &str) -> Vec<ClaimedEvent> {
        let events = self.claim(owner).await;
        assert!(!events.is_empty(), "nothing was handed out");
        self.let_pass(10 * A_SECOND).await;
        events
    }
}

fn asking(owner: &str) -> Claim {
    Claim {
        owner: owner.to_owned(),
        types: vec!["thing.done".to_owned()],
        limit: 100,
        lease: Duration::from_secs(5),
        wait: Duration::ZERO,
        is_first_since_start: false,
    }
}

fn leased(event: &ClaimedEvent) -> Leased {
    Leased { event_id: event.event_id.clone(), lease_id: event.lease_id.clone() }
}

fn subjects(events: &[ClaimedEvent]) -> Vec<&str> {
    events.iter().map(|event| event.subject.as_str()).collect()
}

#[tokio::test]
async fn a_waiting_claim_is_answered_by_the_commit() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        let outbox = world.outbox.clone();
        let claim = Claim { wait: Duration::from_secs(20), ..asking("worker") };
        let waiting = tokio::spawn(async move { outbox.claim(claim).await });
        world.database.is_ready().await;

        let appended = Instant::now();
        world.append("thing.done", "thing 1").await;
        let events = waiting.await.expect("it lives").expect("it is answered");

        assert_eq!(subjects(&events), ["thing 1"]);
        assert!(appended.elapsed() < Duration::from_millis(900), "{:?}", appended.elapsed());
    })
    .await;
}

#[tokio::test]
async fn events_are_handed_out_oldest_first_and_at_most_so_many() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        for number in 1..=5 {
            world.append("thing.done", &format!("thing {number}")).await;
        }

        let first = world.outbox.claim(Claim { limit: 3, ..asking("worker") }).await;
        let rest = world.claim("worker").await;

        assert_eq!(subjects(&first.expect("answered")), ["thing 1", "thing 2", "thing 3"]);
        assert_eq!(subjects(&rest), ["thing 4", "thing 5"]);
    })
    .await;
}

#[tokio::test]
async fn a_type_that_was_not_asked_for_stays_where_it_is() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.undone", "thing 1").await;

        assert!(world.claim("worker").await.is_empty());
        assert_eq!(world.the_event().await.hand_outs, 0);
    })
    .await;
}

#[tokio::test]
async fn no_event_is_handed_out_to_two_claimers_at_once() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        for number in 0..100 {
            world.append("thing.done", &format!("thing {number}")).await;
        }

        let claims: Vec<_> = (0..20)
            .map(|number| {
                let outbox = world.outbox.clone();
                let claim = Claim { limit: 5, ..asking(&format!("worker {number}")) };
                let claim = Claim { wait: Duration::from_secs(5), ..claim };
                tokio::spawn(async move { outbox.claim(claim).await })
            })
            .collect();

        let mut handed_out = BTreeSet::new();
        for claim in claims {
            for event in claim.await.expect("it lives").expect("it is answered") {
                assert!(
                    handed_out.insert(event.event_id),
                    "{} was handed out twice",
                    event.subject
                );
            }
        }
        assert_eq!(handed_out.len(), 100);
    })
    .await;
}

#[tokio::test]
async fn a_settled_event_is_never_handed_out_again() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "thing 1").await;
        let events = world.claim("worker").await;

        assert_eq!(world.settle(&events).await, 1);
        assert_eq!(world.settle(&events).await, 0, "settled before");

        world.let_pass(A_DAY).await;
        assert!(world.claim("worker").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn settled_is_true_whoever_says_it_and_the_rest_only_under_the_current_lease() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "thing 1").await;
        let late = world.lose_a_lease_of("slow worker").await.remove(0);
        let current = world.claim("other worker").await.remove(0);

        assert_eq!(world.postpone(&late, Duration::ZERO).await, 0);
        assert_eq!(world.call_poison(&late).await, 0);
        assert_eq!(world.the_event().await.lease_owner.as_deref(), Some("other worker"));

        assert_eq!(world.settle(&[late]).await, 1);
        assert_eq!(world.postpone(&current, Duration::ZERO).await, 0);
        assert_eq!(world.the_event().await.state, EventState::Settled);
    })
    .await;
}

#[tokio::test]
async fn a_postponed_event_comes_back_in_time_and_is_not_counted() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "thing 1").await;
        for _ in 0..10 {
            let event = world.claim("worker").await.remove(0);
            assert_eq!(world.postpone(&event, Duration::from_secs(30)).await, 1);
            assert!(world.claim("worker").await.is_empty());
            world.let_pass(30 * A_SECOND).await;
        }

        assert_eq!(world.claim("worker").await.len(), 1);
        assert_eq!(world.the_event().await.poison_count, 0);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_frees_what_was_leased_and_what_was_postponed() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "leased").await;
        world.claim("worker").await;
        world.append("thing.done", "postponed").await;
        let event = world.claim("worker").await.remove(0);
        world.postpone(&event, Duration::from_secs(60)).await;
        assert!(world.claim("other worker").await.is_empty());

        world.let_pass(-A_DAY).await;

        assert_eq!(world.claim("other worker").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_starts_again_frees_its_own_leases_and_no_others() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "thing 1").await;
        world.claim("worker 1").await;
        world.append("thing.done", "thing 2").await;
        world.claim("worker 2").await;

        let freed = world.claim_after_restart_of("worker 1").await;

        assert_eq!(subjects(&freed), ["thing 1"]);
    })
    .await;
}

#[tokio::test]
async fn claims_whose_callers_hang_up_keep_nothing() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        for number in 0..20 {
            world.append("thing.done", &format!("thing {number}")).await;
        }

        // Callers that leave at every stage of a claim, from before the query to after the commit.
        for number in 0..200_u64 {
            let lease = Duration::from_secs(60);
            let claim = Claim { limit: 1, lease, ..asking(&format!("worker {number}")) };
            let patience = Duration::from_micros(number * 25);
            let mut claim = Box::pin(world.outbox.claim(claim));
            let answer = tokio::time::timeout(patience, &mut claim).await;
            if let Ok(events) = answer {
                let events = events.expect("answered");
                let Some(event) = events.first() else { continue };
                world.postpone(event, Duration::ZERO).await;
            }
        }

        let claim = Claim { wait: Duration::from_secs(5), ..asking("patient worker") };
        let mut held = world.outbox.claim(claim.clone()).await.expect("answered");
        while held.len() < 20 {
            let more = world.outbox.claim(claim.clone()).await.expect("answered");
            assert!(!more.is_empty(), "{} events are kept by nobody", 20 - held.len());
            held.extend(more);
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_lost_twice_is_handed_out_alone() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        for number in 1..=3 {
            world.append("thing.done", &format!("thing {number}")).await;
        }
        assert_eq!(world.lose_a_lease_of("worker").await.len(), 3);
        assert_eq!(world.lose_a_lease_of("worker").await.len(), 3);
        world.append("thing.done", "thing 4").await;

        for subject in ["thing 1", "thing 2", "thing 3"] {
            let alone = world.claim("worker").await;
            assert_eq!(subjects(&alone), [subject]);
            assert!(world.claim("worker").await.is_empty(), "its owner holds nothing beside it");
            world.settle(&alone).await;
        }

        assert_eq!(subjects(&world.claim("worker").await), ["thing 4"]);
    })
    .await;
}

#[tokio::test]
async fn an_owner_gives_back_what_it_holds_before_it_is_handed_an_event_alone() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "suspect").await;
        world.lose_a_lease_of("worker").await;
        world.lose_a_lease_of("worker").await;
        let suspect = world.claim("other worker").await;
        world.append("thing.done", "innocent").await;
        let innocent = world.claim("worker").await;
        assert_eq!(subjects(&innocent), ["innocent"]);
        world.postpone(&suspect[0], Duration::ZERO).await;
        assert_eq!(world.the_event_of("suspect").await.lost_count, 0, "an answer clears it");
        world.lose_alone("suspect").await;

        assert!(world.claim("worker").await.is_empty());
        world.settle(&innocent).await;

        assert_eq!(subjects(&world.claim("worker").await), ["suspect"]);
    })
    .await;
}

impl World {
    async fn the_event_of(&self, subject: &str) -> EventRow {
        let filter = EventFilter { limit: 100, ..EventFilter::default() };
        let events = self.outbox.list(&filter).await.expect("a listing");
        events.into_iter().find(|event| event.subject == subject).expect("the event")
    }

    /// As if two leases of just this event had ended without an acknowledgement.
    async fn lose_alone(&self, subject: &str) {
        let work = self.database.write(subject.to_owned(), |tx, subject| {
            Box::pin(async move {
                let sql = "update outbox_events set lost_count = 2 where subject = $1";
                sqlx::query(sql).bind(subject).execute(tx).await?;
                Ok(())
            })
        });
        work.await.expect("lost");
    }
}

#[tokio::test]
async fn an_event_that_kills_its_owner_each_time_is_quarantined_and_blocks_nobody() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "killer").await;
        world.lose_a_lease_of("worker").await;
        world.lose_a_lease_of("worker").await;
        world.append("thing.done", "innocent").await;

        for _ in 0..5 {
            assert_eq!(subjects(&world.lose_a_lease_of("worker").await), ["killer"]);
            // While it pauses, or is in quarantine, others have their turn.
            let others = world.claim("worker").await;
            assert_eq!(subjects(&others), ["innocent"]);
            world.postpone(&others[0], Duration::from_secs(1)).await;
            world.let_pass(10 * A_SECOND).await;
        }

        let killer = world.the_event_of("killer").await;
        assert_eq!(killer.state, EventState::Quarantined);
        assert!(killer.last_failure.is_some());
        assert_eq!(subjects(&world.claim("worker").await), ["innocent"]);
    })
    .await;
}

#[tokio::test]
async fn a_lease_from_before_the_service_started_never_counts() {
    on_every_database(async |url: String| {
        let mut world = World::open(&url).await;
        world.append("thing.done", "thing 1").await;

        for _ in 0..10 {
            assert_eq!(world.claim_after_restart_of("worker").await.len(), 1);
            world = world.restart(&url).await;
        }

        let event = world.the_event().await;
        assert_eq!((event.hand_outs, event.lost_count), (10, 0));
        assert_eq!(event.poison_count, 0);
    })
    .await;
}

#[tokio::test]
async fn an_event_called_poison_five_times_is_quarantined_until_it_is_released() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        let event_id = world.append("thing.done", "poison").await;
        world.append("thing.done", "good").await;

        for failures in 1..=5 {
            let events = world.claim("worker").await;
            assert_eq!(subjects(&events), ["poison", "good"]);
            assert_eq!(world.call_poison(&events[0]).await, 1);
            assert_eq!(world.call_poison(&events[0]).await, 0, "the same failure counts once");
            assert_eq!(world.the_event_of("poison").await.poison_count, failures);
            world.postpone(&events[1], Duration::ZERO).await;
            assert_eq!(subjects(&world.claim("other worker").await), ["good"], "it pauses");
            world.let_pass(10 * A_SECOND).await;
        }
        assert_eq!(world.the_event_of("poison").await.state, EventState::Quarantined);
        assert_eq!(subjects(&world.claim("worker").await), ["good"]);

        let Released::Now(released) = world.release(&event_id).await else {
            panic!("it was in quarantine")
        };
        assert_eq!((released.state, released.poison_count), (EventState::Waiting, 0));
        assert_eq!(subjects(&world.claim("worker").await), ["poison"]);
    })
    .await;
}

#[tokio::test]
async fn only_an_event_in_quarantine_is_released() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        let event_id = world.append("thing.done", "thing 1").await;
        let events = world.claim("worker").await;

        assert_eq!(world.release("evt_unknown").await, Released::Unknown);
        let leased = world.the_event().await;
        assert_eq!(world.release(&event_id).await, Released::Unchanged(leased));

        world.settle(&events).await;
        let settled = world.the_event().await;
        assert_eq!(world.release(&event_id).await, Released::Unchanged(settled));
    })
    .await;
}

impl World {
    async fn release(&self, event_id: &str) -> Released {
        let work = self.database.write(event_id.to_owned(), |tx, event_id| {
            Box::pin(async move { outbox::release(tx, event_id).await })
        });
        work.await.expect("the release is answered")
    }
}

#[tokio::test]
async fn settled_events_are_pruned_when_they_are_old_and_others_never() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        world.append("thing.done", "waits").await;
        let events = world.claim("worker").await;
        world.append("thing.done", "done").await;
        world.settle(&world.claim("worker").await).await;

        world.let_pass(6 * A_DAY).await;
        assert_eq!(world.outbox.prune(7).await.expect("answered"), 0);
        world.let_pass(2 * A_DAY).await;
        assert_eq!(world.outbox.prune(7).await.expect("answered"), 1);

        assert_eq!(world.the_event().await.subject, events[0].subject);
    })
    .await;
}

#[tokio::test]
async fn events_are_listed_page_by_page_and_by_state() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        for number in 1..=4 {
            world.append("thing.done", &format!("thing {number}")).await;
        }
        let claim = world.outbox.claim(Claim { limit: 3, ..asking("worker") }).await;
        let events = claim.expect("answered");
        world.settle(&events[..1]).await;
        world.postpone(&events[2], Duration::from_secs(9)).await;

        let mut listed = Vec::new();
        let mut page = EventFilter { limit: 3, ..EventFilter::default() };
        loop {
            let events = world.outbox.list(&page).await.expect("answered");
            let Some(last) = events.last() else { break };
            page.after = Some((last.occurred_at_ms, last.event_id.clone()));
            listed.extend(events.into_iter().map(|event| event.subject));
        }
        assert_eq!(listed, ["thing 1", "thing 2", "thing 3", "thing 4"]);

        for (state, expected) in [
            (EventState::Settled, vec!["thing 1"]),
            (EventState::Leased, vec!["thing 2"]),
            (EventState::Postponed, vec!["thing 3"]),
            (EventState::Waiting, vec!["thing 4"]),
            (EventState::Quarantined, vec![]),
        ] {
            let filter = EventFilter { state: Some(state), limit: 9, ..EventFilter::default() };
            let events = world.outbox.list(&filter).await.expect("answered");
            let found: Vec<_> = events.iter().map(|event| event.subject.as_str()).collect();
            assert_eq!(found, expected, "{}", state.name());
            assert!(events.iter().all(|event| event.state == state));
        }
    })
    .await;
}

#[tokio::test]
async fn a_stopping_service_answers_waiting_claims_at_once() {
    on_every_database(async |url: String| {
        let world = World::open(&url).await;
        let outbox = world.outbox.clone();
        let claim = Claim { wait: Duration::from_secs(20), ..asking("worker") };
        let waiting = tokio::spawn(async move { outbox.claim(claim).await });

        let stopped = Instant::now();
        world.outbox.stop_waiting();

        assert!(waiting.await.expect("it lives").expect("answered").is_empty());
        assert!(stopped.elapsed() < Duration::from_secs(2));
    })
    .await;
}

#[tokio::test]
async fn the_age_of_the_oldest_unsettled_event_is_a_metric() {
    chassis::telemetry::start();
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::open(&format!("sqlite://{}/a.sqlite", folder.path().display())).await;
    world.append("thing.done", "thing 1").await;
    world.append("thing.done", "thing 2").await;
    world.outbox.claim(Claim { limit: 1, ..asking("worker") }).await.expect("answered");

    world.outbox.measure().await.expect("measured");

    let metrics = chassis::telemetry::metrics().render();
    assert!(metrics.contains("outbox_oldest_event_age_seconds"), "{metrics}");
    assert!(metrics.contains(r#"outbox_events{state="waiting"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"outbox_events{state="leased"} 1"#), "{metrics}");
}
