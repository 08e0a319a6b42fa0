//! `voucher show|list|redeem`: what the back office does with vouchers.

use crate::api::{money, segment, text};
use crate::order::more;
use crate::out::{Out, plain};
use crate::system::Role;
use crate::target::Target;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// What to do with a voucher.
#[derive(Debug, Subcommand)]
pub enum VoucherVerb {
    /// Show a voucher.
    Show {
        /// As in vch_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
        voucher_id: String,
    },
    /// List vouchers, oldest first.
    List(List),
    /// Redeem a voucher for another order of its customer; repeatable for the same order.
    Redeem(Redeem),
}

/// Which vouchers.
#[derive(Debug, Args)]
pub struct List {
    /// Only those that this order earned.
    #[arg(long)]
    order: Option<String>,
    /// Only this customer's.
    #[arg(long)]
    customer: Option<String>,
    /// At most so many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on after this cursor, which the page before ended with.
    #[arg(long)]
    starting_after: Option<String>,
}

/// What to redeem, and for what.
#[derive(Debug, Args)]
pub struct Redeem {
    /// The secret code of the voucher.
    code: String,
    /// The order that is paid with it.
    #[arg(long)]
    order: String,
    /// Whose voucher it is.
    #[arg(long)]
    customer: String,
}

impl VoucherVerb {
    /// Does it.
    ///
    /// # Errors
    /// When voucher-api refuses or does not answer.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::Show { voucher_id } => {
                let api = target.voucher_api(Role::BackOffice)?;
                let path = format!("/vouchers/{}", segment(&voucher_id));
                show(&api.get(&path, &[]).await?, out)
            }
            Self::List(list) => list.run(target, out).await,
            Self::Redeem(redeem) => {
                let api = target.voucher_api(Role::BackOffice)?;
                let body = json!({"order_id": redeem.order, "customer_id": redeem.customer});
                let path = format!("/vouchers/{}/redeem", segment(&redeem.code));
                show(&api.post(&path, &body).await?.body, out)
            }
        }
    }
}

impl List {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.voucher_api(Role::BackOffice)?;
        let mut query = vec![("limit", self.limit.to_string())];
        for (name, value) in [
            ("order_id", self.order),
            ("customer_id", self.customer),
            ("starting_after", self.starting_after),
        ] {
            query.extend(value.map(|value| (name, value)));
        }
        let page = api.get("/vouchers", &query).await?;
        if out.is_json {
            return Ok(out.json(&page)?);
        }
        let vouchers = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = vouchers.iter().map(|voucher| {
            vec![
                plain(text(voucher, "id")),
                plain(money(voucher, "value")),
                plain(text(voucher, "order_id")),
                plain(text(voucher, "customer_id")),
                plain(text(voucher, "issued_at")),
                plain(text(voucher, "redeemed_at")),
            ]
        });
        out.table(
            &["voucher", "value", "earned by", "customer", "issued", "redeemed"],
            rows.collect(),
        )?;
        more(out, &page)
    }
}

/// Every field that the service gives, the value as people write it.
fn show(voucher: &Value, out: Out) -> anyhow::Result<()> {
    if out.is_json {
        return Ok(out.json(voucher)?);
    }
    for field in voucher.as_object().into_iter().flat_map(|fields| fields.keys()) {
        let shown = match field.as_str() {
            "value" => money(voucher, field),
            _ => text(voucher, field),
        };
        out.line(&format!("{:<14} {shown}", field.replace('_', " ")))?;
    }
    Ok(())
}
