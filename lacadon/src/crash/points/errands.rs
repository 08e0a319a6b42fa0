//! What people do while a point is armed: a round of errands in which every step of the system is taken, all at once.
//!
//! Everybody repeats what was not answered. What they were told is kept over all rounds, for the auditor.

use crate::api::{Api, segment, text};
use crate::crash::back_office::{BackOffice, PATIENCE, id_of};
use crate::crash::lab::Lab;
use crate::crash::load::{Load, Told};
use crate::front_door::{CallOff, FrontDoor, Heard, Terms, Wanted, insists};
use crate::placement_verdict::{Standing, ToldPlacement};
use crate::system::Role;
use crate::system::keys::Keys;
use contracts::cases::CaseKind;
use contracts::{CustomerId, Money, OrderId};
use gateway::derivation::DerivationKey;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Between two looks for a voucher that is on its way.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Sent orders of this earn a voucher.
const EARNS: Money = Money::eur_cents(120_50);

/// Sent orders of this earn none.
const EARNS_NONE: Money = Money::eur_cents(100_00);

/// The errands, and all that people were told since the first.
pub(super) struct Errands {
    people: People,
    rich: CustomerId,
    poor: CustomerId,
    rounds: u32,
    told: Told,
}

/// Everybody on an errand.
struct People {
    door: FrontDoor,
    back_office: BackOffice,
    voucher_api: Api,
    desk_api: Api,
    finder: Api,
    fingerprint: String,
    heard: watch::Sender<Heard>,
}

impl Errands {
    /// Opens the accounts: one customer has credit without end, one has almost none.
    pub(super) async fn of(lab: &Lab) -> anyhow::Result<Self> {
        let system = &lab.system;
        let key = system.secret(Role::BackOffice)?;
        let people = People {
            door: FrontDoor::of(system)?,
            back_office: BackOffice::at(system, system.order_api_url())?,
            voucher_api: Api::new("voucher-api", system.voucher_api_url(), key.clone())?,
            desk_api: Api::new("desk-api", system.desk_api_url(), key)?,
            finder: Api::new("desk-api", system.desk_api_url(), system.secret(Role::Worker)?)?,
            fingerprint: DerivationKey::read(&Keys::of(system.data_dir()).derivation())?
                .fingerprint(),
            heard: watch::Sender::new(Heard::default()),
        };
        let (rich, poor) = ("cus_rich".parse()?, "cus_poor".parse()?);
        people.grants(&rich, Money::eur_cents(1_000_000_00)).await?;
        people.grants(&poor, Money::eur_cents(10_00)).await?;
        Ok(Self { people, rich, poor, rounds: 0, told: Told::default() })
    }

    /// What people heard so far.
    pub(super) fn heard(&self) -> Heard {
        self.people.heard.borrow().clone()
    }

    /// What people were told so far.
    pub(super) fn told(&self) -> &Told {
        &self.told
    }

    /// Asks again for placements whose customers heard no last word. For when nothing is under way any more.
    pub(super) async fn ask_again(&mut self, lab: &Lab) -> anyhow::Result<()> {
        Load::of(0, 0, 1).ask_again(lab, &mut self.told).await
    }

    /// One customer orders and calls it off as soon as it is approved; nobody else does anything.
    pub(super) async fn call_one_off(&mut self) -> anyhow::Result<()> {
        self.rounds += 1;
        let wanted = Wanted {
            customer_id: self.rich.clone(),
            key: format!("alone-{}", self.rounds),
            total: EARNS,
            call_off: CallOff::OnceApproved,
        };
        self.told.placements.push(self.people.buys(&wanted).await?);
        Ok(())
    }

    /// One round. It ends when everybody was answered.
    pub(super) async fn run(&mut self) -> anyhow::Result<()> {
        self.rounds += 1;
        let (round, people) = (self.rounds, &self.people);
        let order = |what: &str, customer: &CustomerId, total, call_off| Wanted {
            customer_id: customer.clone(),
            key: format!("{what}-{round}"),
            total,
            call_off,
        };
        let kept = order("kept", &self.rich, EARNS, CallOff::Never);
        let called_off = order("called-off", &self.rich, EARNS, CallOff::OnceApproved);
        let called_back = order("called-back", &self.rich, EARNS_NONE, CallOff::OnceApproved);
        let refused = order("refused", &self.poor, EARNS, CallOff::Never);
        let at_once = (
            people.buys_and_gets(&kept),
            people.buys(&called_off),
            people.buys(&called_back),
            people.buys(&refused),
            people.sells_and_pays(&self.rich, round),
            people.records_and_cancels(&self.rich, round),
            people.imports(&self.rich, round),
            people.mends(&self.rich),
            people.finds_and_decides(round),
        );
        let (kept, called_off, called_back, refused, sold, cancelled, imported, mended, decided) = tokio::join!(
            at_once.0, at_once.1, at_once.2, at_once.3, at_once.4, at_once.5, at_once.6, at_once.7,
            at_once.8
        );
        let (kept, is_sent) = kept?;
        self.told.sent.extend(is_sent.then_some(kept.order_id));
        self.told.placements.extend([kept, called_off?, called_back?, refused?]);
        let sold = sold?;
        self.told.sent.insert(sold);
        self.told.recorded.extend([sold, cancelled?, imported?]);
        mended.and(decided)
    }
}

impl People {
    fn give_up(&self) -> Instant {
        Instant::now() + PATIENCE
    }

    async fn grants(&self, customer_id: &CustomerId, limit: Money) -> anyhow::Result<()> {
        let terms = Terms { customer_id: customer_id.clone(), limit, base_score: 1_000_000 };
        Ok(insists(|| self.door.grants(&terms), self.give_up(), &self.heard).await?)
    }

    async fn buys(&self, wanted: &Wanted) -> anyhow::Result<ToldPlacement> {
        self.door.lets_in(&wanted.customer_id)?.orders(wanted, &self.heard).await
    }

    /// Whether it was sent: an order that was not accepted is not.
    async fn buys_and_gets(&self, wanted: &Wanted) -> anyhow::Result<(ToldPlacement, bool)> {
        let placement = self.buys(wanted).await?;
        let is_approved = placement.told == Standing::Approved;
        if is_approved {
            self.back_office
                .tells(&format!("/orders/{}/mark-sent", placement.order_id), &self.heard)
                .await?;
        }
        Ok((placement, is_approved))
    }

    /// An order by telephone: recorded, sent, and the voucher that it earned is redeemed.
    async fn sells_and_pays(&self, customer: &CustomerId, round: u32) -> anyhow::Result<OrderId> {
        let order_id = self
            .back_office
            .records(&format!("sold-{round}"), customer, EARNS, &self.heard)
            .await?;
        self.back_office.tells(&format!("/orders/{order_id}/mark-sent"), &self.heard).await?;
        let code = self.code_of_the_voucher(order_id).await?;
        let body = json!({"order_id": order_id, "customer_id": customer});
        let path = format!("/vouchers/{}/redeem", segment(&code));
        insists(|| self.voucher_api.post(&path, &body), self.give_up(), &self.heard).await?;
        Ok(order_id)
    }

    async fn records_and_cancels(
        &self,
        customer: &CustomerId,
        round: u32,
    ) -> anyhow::Result<OrderId> {
        let order_id = self
            .back_office
            .records(&format!("cancelled-{round}"), customer, EARNS, &self.heard)
            .await?;
        self.back_office.tells(&format!("/orders/{order_id}/cancel"), &self.heard).await?;
        Ok(order_id)
    }

    async fn imports(&self, customer: &CustomerId, round: u32) -> anyhow::Result<OrderId> {
        let line = json!({"name": "a duck", "quantity": 1, "unit_price": EARNS_NONE});
        let order = json!({
            "external_ref": format!("elsewhere-{round}"),
            "customer_id": customer,
            "placed_at": "2026-01-01T00:00:00Z",
            "total": EARNS_NONE,
            "lines": [line],
        });
        let import = || self.back_office.order_api.post("/orders/import", &order);
        let imported = insists(import, self.give_up(), &self.heard).await?;
        id_of(&imported.body)
    }

    /// What the back office does now and then: terms, the derivation key, an event that it lets out of quarantine.
    async fn mends(&self, customer: &CustomerId) -> anyhow::Result<()> {
        self.grants(customer, Money::eur_cents(1_000_000_00)).await?;
        let key = json!({"fingerprint": self.fingerprint});
        let record = || self.back_office.order_api.put("/derivation-key", &key);
        insists(record, self.give_up(), &self.heard).await?;
        let one = [("limit", "1".to_owned()), ("state", "settled".to_owned())];
        let list = || self.back_office.order_api.get("/outbox/events", &one);
        let events = insists(list, self.give_up(), &self.heard).await?;
        // In the first round there may be none yet.
        if let Some(event) = events.pointer("/data/0") {
            let path = format!("/outbox/events/{}", text(event, "event_id"));
            self.back_office.tells(&format!("{path}/release"), &self.heard).await?;
            // It is settled, so neither changes anything.
            self.back_office.tells(&format!("{path}/settle"), &self.heard).await?;
        }
        Ok(())
    }

    /// Two cases are found: one is gone by itself, of the other a person decides.
    async fn finds_and_decides(&self, round: u32) -> anyhow::Result<()> {
        let found = json!({"summary": "a case of the crash lab"});
        let [gone, decided] = ["gone", "decided"]
            .map(|name| format!("/cases/{}/{name}-{round}", CaseKind::StepKeepsFailing.as_str()));
        for path in [&gone, &decided] {
            insists(|| self.finder.put(path, &found), self.give_up(), &self.heard).await?;
        }
        let resolve = format!("{gone}/resolve");
        insists(|| self.finder.post_empty(&resolve), self.give_up(), &self.heard).await?;
        let (decide, skip) =
            (format!("{decided}/decide"), json!({"decision": "skip", "because": "it is none"}));
        insists(|| self.desk_api.post(&decide, &skip), self.give_up(), &self.heard).await?;
        Ok(())
    }

    /// Waits for the voucher of a sent order.
    async fn code_of_the_voucher(&self, order_id: OrderId) -> anyhow::Result<String> {
        let (give_up, query) = (self.give_up(), [("order_id", order_id.to_string())]);
        while Instant::now() < give_up {
            let list = || self.voucher_api.get("/vouchers", &query);
            let page = insists(list, give_up, &self.heard).await?;
            if let Some(code) = page.pointer("/data/0/code").and_then(Value::as_str) {
                return Ok(code.to_owned());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        anyhow::bail!("order {order_id} was sent, and its voucher did not come")
    }
}
