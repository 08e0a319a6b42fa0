//! What the services have on record of one order, as its explanation needs it: with every time, and whoever's it is.

use super::orders::{Notice, RecordedPlacement};
use super::{Away, Services, find, get, read};
use crate::money_body::MoneyBody;
use contracts::credit::problem::RESERVATION_UNKNOWN;
use contracts::orders::{ORDER_UNKNOWN, OrderStatus};
use contracts::{CustomerId, OrderId, VoucherId};
use serde::Deserialize;

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OrderRecord {
    pub(crate) customer_id: CustomerId,
    pub(crate) status: OrderStatus,
    pub(crate) total: MoneyBody,
    pub(crate) placed_at: String,
    #[serde(default)]
    pub(crate) approved_at: Option<String>,
    #[serde(default)]
    pub(crate) sent_at: Option<String>,
    #[serde(default)]
    pub(crate) cancelled_at: Option<String>,
}

/// What an order holds of its customer's credit, or held.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ReservationRecord {
    pub(crate) amount: MoneyBody,
    /// A text: risk-api may know states of tomorrow.
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// A voucher that the order earned, without its code: that is money.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct VoucherRecord {
    pub(crate) id: VoucherId,
    pub(crate) order_id: OrderId,
    pub(crate) value: MoneyBody,
    pub(crate) issued_at: String,
    #[serde(default)]
    pub(crate) redeemed_at: Option<String>,
}

/// Everything that order-api has.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderRecords {
    pub(crate) order: Option<OrderRecord>,
    pub(crate) placement: Option<RecordedPlacement>,
    pub(crate) notices: Vec<Notice>,
}

#[derive(Deserialize)]
struct Listed<T> {
    data: Vec<T>,
}

impl Services {
    /// What order-api has on record, asked at once.
    pub(crate) async fn order_records(&self, id: OrderId) -> Result<OrderRecords, Away> {
        let id_text = id.to_string();
        let (of_order, of_notices) = (["orders", &id_text], ["orders", &id_text, "notices"]);
        let order = find(&self.order_api, get(&of_order, &[]), ORDER_UNKNOWN);
        let notices = find(&self.order_api, get(&of_notices, &[]), ORDER_UNKNOWN);
        let (order, placement, notices) =
            tokio::try_join!(order, self.recorded_placement(id), notices)?;
        let notices = notices.map(|listed: Listed<Notice>| listed.data).unwrap_or_default();
        Ok(OrderRecords { order, placement, notices })
    }

    /// The reservation of an order; `None` if it has reserved nothing or that was undone.
    pub(crate) async fn reservation_of(
        &self,
        id: OrderId,
    ) -> Result<Option<ReservationRecord>, Away> {
        let id = id.to_string();
        find(&self.risk_api, get(&["reservations", &id], &[]), RESERVATION_UNKNOWN).await
    }

    /// The vouchers that an order earned: one per rule.
    pub(crate) async fn vouchers_earned_by(&self, id: OrderId) -> Result<Vec<VoucherRecord>, Away> {
        let id_text = id.to_string();
        let query = [("order_id", id_text.as_str())];
        let mut listed: Listed<VoucherRecord> =
            read(&self.voucher_api, get(&["vouchers"], &query)).await?;
        // Whatever a service might ignore of a query, only this order's are told.
        listed.data.retain(|voucher| voucher.order_id == id);
        Ok(listed.data)
    }
}
