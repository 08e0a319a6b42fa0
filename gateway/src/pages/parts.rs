//! The parts of the page that services fill: orders, vouchers, credit. Each is loaded by itself, so that a service that is
//! away leaves a mark in its own part and nowhere else.

use super::{Person, readable};
use crate::services::NotListed;
use crate::services::credit::Credit;
use crate::services::orders::{Asked, Notice, ShopOrder};
use crate::services::vouchers::ShopVoucher;
use crate::shop::Shop;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contracts::CustomerId;
use contracts::orders::OrderStatus;
use futures::future::join_all;

/// The newest so many of a list are shown.
const SHOWN: usize = 20;

/// Notices are asked for order by order: of the newest so many.
const SHOWN_WITH_NOTICES: usize = 10;

/// Lists come oldest first: at most so many pages of 100 are walked through to the newest.
const MAX_PAGES: usize = 10;

/// The orders of a customer.
#[derive(Template)]
#[template(path = "orders.html")]
pub(crate) struct OrdersPart {
    orders: Option<Vec<ShownOrder>>,
    note: String,
}

struct ShownOrder {
    order: ShopOrder,
    placed_at: String,
    notices: Vec<Notice>,
}

#[derive(Template)]
#[template(path = "vouchers.html")]
struct VouchersPart {
    vouchers: Option<Vec<ShopVoucher>>,
}

#[derive(Template)]
#[template(path = "credit.html")]
struct CreditPart {
    /// Away, no account, or an account.
    credit: Option<Option<Credit>>,
}

/// `GET /page/orders`.
pub(crate) async fn orders(State(shop): State<Shop>, person: Person) -> Response {
    let part = OrdersPart::of(&shop, &person.customer_id, "").await;
    person.show(StatusCode::OK, "Your orders", &part)
}

/// `GET /page/vouchers`.
pub(crate) async fn vouchers(State(shop): State<Shop>, person: Person) -> Response {
    let vouchers = latest_vouchers(&shop, &person.customer_id).await.ok();
    person.show(StatusCode::OK, "Your vouchers", &VouchersPart { vouchers })
}

/// `GET /page/credit`.
pub(crate) async fn credit(State(shop): State<Shop>, person: Person) -> Response {
    let credit = shop.services().credit_of(&person.customer_id).await.ok();
    person.show(StatusCode::OK, "Your credit", &CreditPart { credit })
}

impl OrdersPart {
    /// A customer's newest orders, with a note above them.
    pub(crate) async fn of(shop: &Shop, customer_id: &CustomerId, note: &str) -> Self {
        let orders = match latest_orders(shop, customer_id).await {
            Ok(orders) => Some(with_notices(shop, orders).await),
            Err(_) => None,
        };
        Self { orders, note: note.to_owned() }
    }
}

impl ShownOrder {
    fn is_open(&self) -> bool {
        matches!(self.order.status, OrderStatus::Pending | OrderStatus::Approved)
    }

    fn status(&self) -> &'static str {
        match self.order.status {
            OrderStatus::Pending => "not decided yet",
            OrderStatus::Rejected => "not accepted",
            OrderStatus::Approved => "accepted",
            OrderStatus::Sent => "sent",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Unknown => "",
        }
    }

    fn status_code(&self) -> &'static str {
        match self.order.status {
            OrderStatus::Pending => "pending",
            OrderStatus::Rejected => "rejected",
            OrderStatus::Approved => "approved",
            OrderStatus::Sent => "sent",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Unknown => "unknown",
        }
    }
}

impl Notice {
    /// What a customer reads; nothing for a kind of tomorrow.
    fn sentence(&self) -> &'static str {
        match self.kind.as_str() {
            "order_approved" => "We have accepted this order.",
            "order_cancelled" => "This order was accepted and called off again.",
            _ => "",
        }
    }
}

async fn latest_orders(shop: &Shop, customer_id: &CustomerId) -> Result<Vec<ShopOrder>, NotListed> {
    let mut latest = Vec::new();
    let mut asked = first_page();
    for _ in 0..MAX_PAGES {
        let page = shop.services().orders_of(customer_id, &asked).await?;
        latest.extend(page.data);
        keep_newest(&mut latest);
        match page.next_cursor.filter(|_| page.has_more) {
            Some(next) => asked.starting_after = Some(next),
            None => break,
        }
    }
    // Whoever comes back while an order waits finds it here, and at the top.
    let waiting = Asked { status: Some("pending"), ..first_page() };
    latest.extend(shop.services().orders_of(customer_id, &waiting).await?.data);
    latest.reverse();
    Ok(latest)
}

async fn latest_vouchers(
    shop: &Shop,
    customer_id: &CustomerId,
) -> Result<Vec<ShopVoucher>, NotListed> {
    let mut latest = Vec::new();
    let mut asked = first_page();
    for _ in 0..MAX_PAGES {
        let page = shop.services().vouchers_of(customer_id, &asked).await?;
        latest.extend(page.data);
        keep_newest(&mut latest);
        match page.next_cursor.filter(|_| page.has_more) {
            Some(next) => asked.starting_after = Some(next),
            None => break,
        }
    }
    latest.reverse();
    Ok(latest)
}

fn first_page() -> Asked {
    Asked { status: None, limit: Some("100".to_owned()), starting_after: None }
}

fn keep_newest<T>(list: &mut Vec<T>) {
    list.drain(..list.len().saturating_sub(SHOWN));
}

/// An order whose notices cannot be read is shown without them.
async fn with_notices(shop: &Shop, orders: Vec<ShopOrder>) -> Vec<ShownOrder> {
    let asked =
        orders.iter().take(SHOWN_WITH_NOTICES).map(|order| shop.services().notices(order.id));
    let mut notices = join_all(asked).await.into_iter();
    let shown = orders.into_iter().map(|order| ShownOrder {
        placed_at: readable(&order.placed_at),
        order,
        notices: notices.next().and_then(Result::ok).unwrap_or_default(),
    });
    shown.collect()
}
