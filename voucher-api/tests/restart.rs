//! Ending the process and starting it again.

use crate::support::{issue, on_every_database};
use contracts::OrderId;

#[tokio::test]
async fn a_restart_keeps_everything() {
    on_every_database(|world| async move {
        let order_id = OrderId::make();
        let issued = world.worker().post("/vouchers", &issue(order_id, "cus_ada")).await;
        let before = world.shop().get("/vouchers").await;
        let code = before.body["data"][0]["code"].as_str().expect("a code").to_owned();

        let world = world.restart().await;

        assert_eq!(world.shop().get("/vouchers").await.body, before.body);
        let again = world.worker().post("/vouchers", &issue(order_id, "cus_ada")).await;
        assert_eq!((again.status, again.body), (200, issued.body));
        assert_eq!(world.shop().redeem(&code, "cus_ada", OrderId::make()).await.status, 200);
    })
    .await;
}
