//! Who did what, when and why.

use crate::support::{UNDO, VOUCHER, on_every_database};

#[tokio::test]
async fn what_became_of_a_case_is_on_record_once_with_who_did_it_and_why() {
    on_every_database(|world| async move {
        for _ in 0..2 {
            world.report(UNDO, "credit.release fails").await;
        }
        for _ in 0..2 {
            world.decide(UNDO, "retry", None).await;
        }
        world.report(UNDO, "credit.release still fails").await;
        for _ in 0..2 {
            world.decide(UNDO, "skip", Some("risk-api was wound up")).await;
        }
        world.report(VOUCHER, "earned nothing").await;
        for _ in 0..2 {
            world.resolve(VOUCHER).await;
        }

        assert_eq!(
            world.trail().await,
            [
                "worker-1|opened|undo_keeps_failing/place-ord_1|credit.release fails",
                "back-office-1|retry|undo_keeps_failing/place-ord_1|",
                "worker-1|opened_again|undo_keeps_failing/place-ord_1|credit.release still fails",
                "back-office-1|skip|undo_keeps_failing/place-ord_1|risk-api was wound up",
                "worker-1|opened|voucher_not_owed/vou_1|earned nothing",
                "worker-1|resolved|voucher_not_owed/vou_1|",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn the_record_cannot_be_changed() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;

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
        assert_eq!(world.trail().await.len(), 1);
    })
    .await;
}
