//! Who issued and redeemed what, when.

use crate::support::{World, on_every_database};
use contracts::OrderId;
use sqlx::Row;

/// Caller, role, action, voucher, order, in the order in which it happened.
async fn trail(world: &World) -> Vec<[String; 5]> {
    let sql = "select caller, role, action, subject, order_id from audit_trail order by at_ms, id";
    let rows = sqlx::query(sql).fetch_all(world.database.reader()).await.expect("the trail");
    let text = |row: &sqlx::any::AnyRow, column: usize| row.try_get(column).expect("a text");
    rows.iter().map(|row| std::array::from_fn(|column| text(row, column))).collect()
}

#[tokio::test]
async fn what_was_done_is_on_record_once_with_who_did_it() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        let (id, code) = (issued.text("id"), issued.text("code"));
        let (first, second) = (OrderId::make(), OrderId::make());
        world.shop().redeem(&code, "cus_eve", first).await;
        world.shop().redeem(&code, "cus_ada", first).await;
        world.shop().redeem(&code, "cus_ada", first).await;
        world.back_office().redeem(&code, "cus_ada", second).await;

        let expected = [
            ["worker-1", "worker", "voucher.issued", &id, &issued.text("order_id")],
            ["shop-1", "shop", "voucher.redeemed", &id, &first.to_string()],
        ];
        assert_eq!(trail(&world).await, expected.map(|entry| entry.map(str::to_owned)));
    })
    .await;
}

#[tokio::test]
async fn the_record_cannot_be_changed() {
    on_every_database(|world| async move {
        world.issued_to("cus_ada").await;

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
        assert_eq!(trail(&world).await.len(), 1);
    })
    .await;
}
