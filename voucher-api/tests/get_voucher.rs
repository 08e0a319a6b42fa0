//! `GET /vouchers/{id}`, and who sees the code.

use crate::support::on_every_database;
use contracts::VoucherId;
use voucher_api::{AUDITOR, BACK_OFFICE, ROLES, SHOP, WORKER};

#[tokio::test]
async fn the_back_office_and_the_shop_see_the_code_and_nobody_else_does() {
    on_every_database(|world| async move {
        let issued = world.issued_to("cus_ada").await;
        let path = format!("/vouchers/{}", issued.text("id"));
        assert_eq!(issued.text("code").len(), "7K3M-9QXA-2VWT-0HRD-C".len());

        for role in ROLES {
            let shown = world.caller(role).get(&path).await;
            let listed = world.caller(role).get("/vouchers").await;

            let sees_code = shown.body.get("code").is_some();
            assert_eq!(sees_code, [BACK_OFFICE, SHOP].contains(&role), "{role:?}");
            assert_eq!(listed.body["data"][0].get("code").is_some(), sees_code, "{role:?}");
            assert_eq!(shown.text("customer_id"), "cus_ada");
        }
        assert!(ROLES.contains(&AUDITOR) && ROLES.contains(&WORKER));
    })
    .await;
}

#[tokio::test]
async fn a_voucher_that_is_not_there_is_unknown_and_so_is_what_is_no_id() {
    on_every_database(|world| async move {
        for id in [VoucherId::make().to_string(), "vch_1".into(), "%00".into(), "%ff".into()] {
            let unknown = world.auditor().get(&format!("/vouchers/{id}")).await;

            assert_eq!(unknown.status, 404, "{unknown:?}");
            let (_, code) = unknown.problem();
            assert!(["voucher_unknown", "not_found"].contains(&code.as_str()), "{code}");
        }
    })
    .await;
}
