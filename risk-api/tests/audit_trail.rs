//! Who changed what, when.

use crate::support::{on_every_database, terms};
use contracts::OrderId;

#[tokio::test]
async fn what_was_done_is_on_record_once_with_who_did_it() {
    on_every_database(|world| async move {
        let (failed, undone, closed) = (OrderId::make(), OrderId::make(), OrderId::make());
        for _ in 0..2 {
            world.put_account("cus_ada", &terms(100_00, 10, 0)).await;
        }
        for _ in 0..2 {
            world.put_account("cus_ada", &terms(90_00, 10, 0)).await;
        }
        world.reserve(failed, "cus_ada", 5_00).await;
        world.undo(failed, "timed_out").await;
        world.reserve(undone, "cus_ada", 5_00).await;
        for _ in 0..2 {
            world.confirm(undone).await;
        }
        for _ in 0..2 {
            world.undo(undone, "timed_out").await;
        }
        world.reserve(closed, "cus_ada", 6_00).await;
        for _ in 0..2 {
            world.confirm(closed).await;
        }
        world.close(closed, "order_sent").await;
        world.close(closed, "order_sent").await;

        let trail = "select caller || '|' || action || '|' || subject || '|' || contents
            from audit_trail order by at_ms, id";
        let expected = [
            "back-office-1|account.opened|cus_ada|limit 100.00 EUR, base score 10, minimum score 0"
                .to_owned(),
            "back-office-1|account.changed|cus_ada|limit 90.00 EUR, base score 10, minimum score 0"
                .to_owned(),
            format!("worker-1|reservation.confirmed|{undone}|5.00 EUR of cus_ada"),
            format!("worker-1|reservation.undone|{undone}|timed_out"),
            format!("worker-1|reservation.confirmed|{closed}|6.00 EUR of cus_ada"),
            format!("worker-1|reservation.closed|{closed}|order_sent"),
        ];
        assert_eq!(world.rows(trail).await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_placement_that_fails_leaves_nothing_but_its_tombstone() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;
        let (before, record) = (world.dump().await, world.rows("select id from audit_trail").await);
        let (reserved, refused, late) = (OrderId::make(), OrderId::make(), OrderId::make());

        world.reserve(reserved, "cus_ada", 60_00).await;
        world.reserve(refused, "cus_ada", 60_00).await;
        for order_id in [reserved, refused, late] {
            world.undo(order_id, "order_store_failed").await;
        }
        world.reserve(late, "cus_ada", 60_00).await;

        assert_eq!(world.dump().await, before);
        assert_eq!(world.rows("select id from audit_trail").await, record);
        assert_eq!(world.tombstones().await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn the_record_cannot_be_changed() {
    on_every_database(|world| async move {
        world.grant("cus_ada", 100_00).await;

        for change in ["update audit_trail set caller = 'nobody'", "delete from audit_trail"] {
            let work = world.database.write(change, |tx, change| {
                Box::pin(async move {
                    sqlx::query(*change).execute(tx).await?;
                    Ok(())
                })
            });
            let refused = work.await.expect_err(change).to_string();
            assert!(refused.contains("append-only"), "{refused}");
        }
        assert_eq!(world.rows("select id from audit_trail").await.len(), 1);
    })
    .await;
}
