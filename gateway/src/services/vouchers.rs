//! What voucher-api tells: a customer's vouchers.

use super::orders::{Asked, Page};
use super::{NotListed, Services, list};
use crate::money_body::MoneyBody;
use contracts::{CustomerId, OrderId, VoucherId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A voucher of the caller.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Voucher)]
pub(crate) struct ShopVoucher {
    /// Names the voucher. Not the secret that redeems it.
    #[schema(value_type = String, example = "vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    pub(crate) id: VoucherId,
    /// The secret that redeems it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "7K3M-9QXA-2VWT-0HRD-C")]
    pub(crate) code: Option<String>,
    /// `issued`, or `redeemed` once it is used up.
    #[schema(example = "issued")]
    pub(crate) status: String,
    /// The order that earned it.
    #[schema(value_type = String, example = "ord_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01")]
    pub(crate) order_id: OrderId,
    /// Whose it is.
    #[schema(value_type = String, example = "cus_ada")]
    pub(crate) customer_id: CustomerId,
    /// What it is worth.
    pub(crate) value: MoneyBody,
    /// When it was issued.
    #[schema(format = DateTime)]
    pub(crate) issued_at: String,
}

impl Services {
    /// A page of a customer's vouchers, oldest first.
    pub(crate) async fn vouchers_of(
        &self,
        customer_id: &CustomerId,
        asked: &Asked,
    ) -> Result<Page<ShopVoucher>, NotListed> {
        let query = asked.query(customer_id);
        let mut page: Page<ShopVoucher> = list(&self.voucher_api, "vouchers", &query).await?;
        // A voucher's code is money: nobody sees somebody else's.
        page.data.retain(|voucher| voucher.customer_id == *customer_id);
        Ok(page)
    }
}
