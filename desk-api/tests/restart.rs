//! Ending the process and starting it again.

use crate::support::{UNDO, VOUCHER, on_every_database};

#[tokio::test]
async fn a_restart_keeps_everything() {
    on_every_database(|world| async move {
        world.report(UNDO, "it fails").await;
        world.report(VOUCHER, "it was not earned").await;
        world.decide(VOUCHER, "skip", Some("a gift")).await;
        let before = (world.show(UNDO).await.body, world.show(VOUCHER).await.body);
        let trail = world.trail().await;

        let world = world.restart().await;

        assert_eq!((world.show(UNDO).await.body, world.show(VOUCHER).await.body), before);
        assert_eq!(world.trail().await, trail);
        assert_eq!(world.decide(VOUCHER, "skip", Some("a gift")).await.status, 200);
        assert_eq!(world.trail().await, trail);
    })
    .await;
}
