//! Which process owes what the books lack: the very one that the event would have started, and the placement of an order.

use crate::limits::TASK_LIMIT;
use crate::subscriptions;
use activities::books::{Owners, Start};
use contracts::OrderId;

/// How the books find and start processes.
pub const OWNERS: Owners = Owners { placement: workflows::place_order::workflow_id, started_by };

fn started_by(event_type: &str, order_id: OrderId) -> Option<Start> {
    let process = subscriptions::to(event_type)?.start_for(&order_id.to_string()).ok()?;
    Some(Start {
        workflow_type: process.workflow_type,
        workflow_id: process.workflow_id,
        input: process.input,
        summary: process.summary,
        task_limit: TASK_LIMIT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::outbox::{ORDER_CANCELLED, ORDER_SENT, ORDER_SENT_CREDIT};

    #[test]
    fn what_the_books_start_again_is_what_the_event_starts() {
        let order_id = OrderId::make();

        for (event_type, id) in [
            (ORDER_SENT, format!("voucher-{order_id}")),
            (ORDER_SENT_CREDIT, format!("credit-{order_id}")),
            (ORDER_CANCELLED, format!("credit-{order_id}")),
        ] {
            let start = started_by(event_type, order_id).expect("heard");

            assert_eq!(start.workflow_id, id);
        }
        assert_eq!(started_by("order.lost", order_id), None);
    }
}
