//! The endings of the release of an order's credit.

use crate::Recorder;
use contracts::OrderId;
use serde_json::json;
use tests::Ending;

impl Recorder {
    pub(crate) async fn release_credit(&self) {
        let ada = self.world.customer_with_credit("cus_ada", 1_000_00).await;
        let mut orders = Vec::new();
        for key in ["sent", "cancelled", "live", "late", "terminated"] {
            let order_id = ada.places(key, 1_00).await.order_id();
            self.world.placement_ends(order_id).await;
            orders.push(tests::Order { id: order_id, customer_id: ada.id.clone() });
        }
        let [sent, cancelled, live, late, terminated] = &orders[..] else {
            panic!("five orders were placed");
        };

        self.world.mark_sent(sent).await;
        self.world.cancel(cancelled).await;
        for (scenario, order) in
            [("released_when_sent", sent), ("released_when_cancelled", cancelled)]
        {
            let id = releasing(order.id);
            let ending = self.world.ending_of(&id).await;
            assert!(matches!(ending, Ending::Completed(_)), "{ending:?}");
            self.record(scenario, &id).await;
        }

        let unknown = OrderId::make();
        for (scenario, kind, order_id) in
            [("order_is_live", "OrderIsLive", live.id), ("order_unknown", "OrderUnknown", unknown)]
        {
            let input = json!({ "order_id": order_id }).to_string();
            self.start_by_hand(&releasing(order_id), &input).await;
            self.record_failure(scenario, kind, &releasing(order_id)).await;
        }
        let other = releasing(OrderId::make());
        self.start_by_hand(&other, &json!({ "order_id": live.id }).to_string()).await;
        self.record_failure("invalid_input_id_mismatch", "InvalidInput", &other).await;
        let other = releasing(OrderId::make());
        self.start_by_hand(&other, "7").await;
        self.record_failure("invalid_input_json", "InvalidInput", &other).await;

        let risk_api = self.world.process("risk-api");
        risk_api.stop().await.expect("stopped");
        self.world.mark_sent(late).await;
        self.world.mark_sent(terminated).await;
        self.is_retried(&releasing(late.id)).await;
        self.record("open_while_risk_api_is_down", &releasing(late.id)).await;
        self.operator("cancel", &releasing(late.id)).await;
        self.is_retried(&releasing(terminated.id)).await;
        self.operator("terminate", &releasing(terminated.id)).await;
        self.record("terminated", &releasing(terminated.id)).await;
        risk_api.start().await.expect("started");
        self.world.ending_of(&releasing(late.id)).await;
        self.record("released_although_cancel_was_requested", &releasing(late.id)).await;
    }
}

fn releasing(order_id: OrderId) -> String {
    format!("credit-{order_id}")
}
