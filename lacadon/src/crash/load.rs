//! The load: customers order at the front door, the back office records, sends and cancels, operators lay hands on runs.
//!
//! Everybody repeats the same request with the same key until it is answered, or gives up after two minutes; what was
//! heard instead of answers is counted. What each order is to become is decided by the seed alone.

use super::back_office::BackOffice;
use super::lab::Lab;
use super::naive::Writers;
use super::operators::{Obeyed, Operators};
use super::plan::{Crowd, Hand, Intent, Plan, Run, Then, Way};
use crate::api::CallError;
use crate::front_door::{FrontDoor, Heard, Shopper, Wanted};
use crate::placement_verdict::{Standing, ToldPlacement};
use contracts::OrderId;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// So many orders are under way at once; more would hide that the system is slow.
const UNDER_WAY: usize = 128;

/// Accounts that are opened at once.
const ACCOUNTS_AT_ONCE: usize = 32;

/// How much, how fast, and by whom.
#[derive(Debug, Clone)]
pub struct Load {
    plan: Plan,
    orders: u64,
    per_second: u32,
    writers: Option<Writers>,
}

impl Load {
    /// So many orders, so many of them begun per second, as this seed has it.
    #[must_use]
    pub fn of(seed: u64, orders: u64, per_second: u32) -> Self {
        let plan = Plan::of(seed, orders, Crowd::CustomersAndBackOffice);
        Self { plan, orders, per_second, writers: None }
    }

    /// The same with operators, who start, cancel and terminate some runs by hand.
    #[must_use]
    pub fn with_operators(seed: u64, orders: u64, per_second: u32) -> Self {
        let plan = Plan::of(seed, orders, Crowd::OperatorsToo);
        Self { plan, orders, per_second, writers: None }
    }

    /// The back office alone, whose orders are sent by naive writers, some of which are killed.
    #[must_use]
    pub fn with_naive_writers(seed: u64, orders: u64, per_second: u32, writers: Writers) -> Self {
        let plan = Plan::of(seed, orders, Crowd::BackOfficeAlone);
        Self { plan, orders, per_second, writers: Some(writers) }
    }
}

/// What everybody was told.
#[derive(Debug, Default)]
pub struct Told {
    /// What customers were told of their placements.
    pub placements: Vec<ToldPlacement>,
    /// Orders that the back office recorded.
    pub recorded: BTreeSet<OrderId>,
    /// Orders that order-api says are sent.
    pub sent: BTreeSet<OrderId>,
    /// Orders with a run that an operator terminated, or may have: no answer came.
    pub terminated: BTreeSet<OrderId>,
    /// Orders with a run that an operator cancelled, or may have.
    pub cancelled: BTreeSet<OrderId>,
    /// Voucher runs that an operator started by hand.
    pub started_by_hand: u64,
    /// Requests without an answer after all the patience.
    pub unanswered: Vec<String>,
    /// Requests that were refused, and why.
    pub refused: BTreeMap<String, u64>,
    /// What was heard instead of answers.
    pub errors: BTreeMap<String, u64>,
}

impl Load {
    /// Opens the accounts; before anything is broken.
    ///
    /// # Errors
    /// When risk-api does not answer.
    pub async fn open_accounts(&self, lab: &Lab) -> anyhow::Result<()> {
        let door = FrontDoor::of(&lab.system)?;
        for some in self.plan.accounts()?.chunks(ACCOUNTS_AT_ONCE) {
            for opened in join_all(some.iter().map(|terms| door.grants(terms))).await {
                opened?;
            }
        }
        Ok(())
    }

    /// Begins one order after the other and returns when everybody has been answered. `begun` is told how many orders
    /// have begun.
    ///
    /// # Errors
    /// When the laboratory itself does not work.
    pub async fn run(&self, lab: &Lab, begun: &watch::Sender<u64>) -> anyhow::Result<Told> {
        let people = Arc::new(People::of(lab, self.writers.clone()).await?);
        let places = Arc::new(Semaphore::new(UNDER_WAY));
        let mut pace = tokio::time::interval(Duration::from_secs(1) / self.per_second.max(1));
        let mut under_way = JoinSet::new();
        let mut told = Told::default();
        for number in 0..self.orders {
            pace.tick().await;
            let place = Arc::clone(&places).acquire_owned().await?;
            let (people, intent) = (Arc::clone(&people), self.plan.order(number)?);
            under_way.spawn(async move {
                let told = people.live_through(intent).await;
                drop(place);
                told
            });
            begun.send_replace(number + 1);
            while let Some(ended) = under_way.try_join_next() {
                told.add(ended?);
            }
        }
        while let Some(ended) = under_way.join_next().await {
            told.add(ended?);
        }
        told.errors = people.heard.borrow().errors.clone();
        Ok(told)
    }

    /// Asks again how those placements stand whose customers heard no last word, or on whose runs somebody laid hands.
    /// For when nothing is under way any more.
    ///
    /// # Errors
    /// When the laboratory itself does not work.
    pub async fn ask_again(&self, lab: &Lab, told: &mut Told) -> anyhow::Result<()> {
        let door = FrontDoor::of(&lab.system)?;
        let hands: BTreeSet<OrderId> = told.cancelled.union(&told.terminated).copied().collect();
        for placement in &mut told.placements {
            let is_open = matches!(placement.told, Standing::Undecided | Standing::Unknown);
            if is_open || hands.contains(&placement.order_id) {
                let shopper = door.lets_in(&placement.customer_id)?;
                match shopper.stands(placement.order_id).await {
                    Ok(standing) => placement.told = standing,
                    Err(error) => told.unanswered.push(format!("{}: {error}", placement.order_id)),
                }
            }
        }
        Ok(())
    }
}

/// What became of one order.
#[derive(Debug, Default)]
struct Life {
    placement: Option<ToldPlacement>,
    recorded: Option<OrderId>,
    sent: Option<OrderId>,
    terminated: Option<OrderId>,
    cancelled: Option<OrderId>,
    is_started_by_hand: bool,
    unanswered: Option<String>,
    refused: Option<String>,
}

impl Told {
    fn add(&mut self, life: Life) {
        self.placements.extend(life.placement);
        self.recorded.extend(life.recorded);
        self.sent.extend(life.sent);
        self.terminated.extend(life.terminated);
        self.cancelled.extend(life.cancelled);
        self.started_by_hand += u64::from(life.is_started_by_hand);
        self.unanswered.extend(life.unanswered);
        if let Some(refusal) = life.refused {
            *self.refused.entry(refusal).or_default() += 1;
        }
    }
}

/// Everybody who has to do with orders.
struct People {
    door: FrontDoor,
    back_office: BackOffice,
    operators: Operators,
    writers: Option<Writers>,
    heard: watch::Sender<Heard>,
}

impl People {
    async fn of(lab: &Lab, writers: Option<Writers>) -> anyhow::Result<Self> {
        let order_api = lab.url_for("client", "order-api")?;
        Ok(Self {
            door: FrontDoor::at(&lab.system, &lab.url_for("client", "gateway")?)?,
            back_office: BackOffice::at(&lab.system, &order_api)?,
            operators: Operators::of(&lab.system).await?,
            writers,
            heard: watch::Sender::new(Heard::default()),
        })
    }

    async fn live_through(&self, intent: Intent) -> Life {
        let mut life = Life::default();
        if let Err(error) = self.try_to_live(&intent, &mut life).await {
            match error.downcast_ref::<CallError>() {
                Some(CallError::Refused { service, problem }) if problem.status < 500 => {
                    life.refused =
                        Some(format!("{service}: {} {}", problem.status, problem.code()));
                }
                _ => life.unanswered = Some(format!("{}: {error:#}", intent.wanted.key)),
            }
        }
        life
    }

    async fn try_to_live(&self, intent: &Intent, life: &mut Life) -> anyhow::Result<()> {
        let order_id = match intent.way {
            Way::BackOffice => {
                let Wanted { key, customer_id, total, .. } = &intent.wanted;
                let order_id =
                    self.back_office.records(key, customer_id, *total, &self.heard).await?;
                life.recorded = Some(order_id);
                order_id
            }
            Way::FrontDoor => {
                let shopper = self.door.lets_in(&intent.wanted.customer_id)?;
                let order_id = shopper.order_of(&intent.wanted.key)?;
                self.places(intent, &shopper, order_id, life).await?;
                if !life.placement.as_ref().is_some_and(|one| one.told == Standing::Approved) {
                    return Ok(());
                }
                order_id
            }
        };
        if intent.hand == Some(Hand::StartBeforeItIsSent) {
            self.operators.start_voucher(order_id).await;
            life.is_started_by_hand = true;
        }
        match intent.then {
            Then::Leave => Ok(()),
            Then::Send => self.sends(intent, order_id, life).await,
            Then::Cancel => {
                self.back_office.tells(&format!("/orders/{order_id}/cancel"), &self.heard).await?;
                if let Some(placement) = &mut life.placement {
                    placement.told = Standing::Cancelled;
                }
                Ok(())
            }
        }
    }

    async fn places(
        &self,
        intent: &Intent,
        shopper: &Shopper,
        order_id: OrderId,
        life: &mut Life,
    ) -> anyhow::Result<()> {
        let placing = shopper.orders(&intent.wanted, &self.heard);
        let is_placement = |run| run == Run::Placement;
        let (placed, handled) = match intent.hand {
            Some(Hand::Cancel(run) | Hand::Terminate(run)) if is_placement(run) => {
                tokio::join!(placing, self.lays_hands_on(intent.hand, order_id))
            }
            _ => (placing.await, Handled::default()),
        };
        handled.note(order_id, life);
        life.placement = Some(placed?);
        Ok(())
    }

    async fn sends(
        &self,
        intent: &Intent,
        order_id: OrderId,
        life: &mut Life,
    ) -> anyhow::Result<()> {
        if let Some(writers) = &self.writers {
            // Nobody is told anything: a naive writer that has ended is forgotten.
            return match intent.writer_dies_after {
                Some(after) => writers.send_and_be_killed(order_id, after).await,
                None => writers.send(order_id).await,
            };
        }
        let path = format!("/orders/{order_id}/mark-sent");
        let sending = self.back_office.tells(&path, &self.heard);
        let (sent, handled) =
            tokio::join!(sending, self.lays_hands_on_voucher(intent.hand, order_id));
        handled.note(order_id, life);
        sent?;
        life.sent = Some(order_id);
        Ok(())
    }

    async fn lays_hands_on_voucher(&self, hand: Option<Hand>, order_id: OrderId) -> Handled {
        match hand {
            Some(Hand::Cancel(Run::Placement) | Hand::Terminate(Run::Placement)) => {
                Handled::default()
            }
            hand => self.lays_hands_on(hand, order_id).await,
        }
    }

    async fn lays_hands_on(&self, hand: Option<Hand>, order_id: OrderId) -> Handled {
        let mut handled = Handled::default();
        match hand {
            None | Some(Hand::StartBeforeItIsSent) => {}
            Some(Hand::StartWhileItIsSent) => {
                self.operators.start_voucher(order_id).await;
                handled.is_started = true;
            }
            Some(Hand::Cancel(run)) => {
                handled.is_cancelled = self.operators.cancel(run, order_id).await != Obeyed::NoRun;
            }
            Some(Hand::Terminate(run)) => {
                handled.is_terminated =
                    self.operators.terminate(run, order_id).await != Obeyed::NoRun;
            }
        }
        handled
    }
}

/// What an operator did to a run.
#[derive(Debug, Clone, Copy, Default)]
struct Handled {
    is_started: bool,
    is_cancelled: bool,
    is_terminated: bool,
}

impl Handled {
    fn note(self, order_id: OrderId, life: &mut Life) {
        life.is_started_by_hand |= self.is_started;
        life.cancelled = life.cancelled.or(self.is_cancelled.then_some(order_id));
        life.terminated = life.terminated.or(self.is_terminated.then_some(order_id));
    }
}
