//! What became of an order, for people: one box of the page, the same for an answer and for a placement that is watched.

use crate::decision::Answer;
use crate::idempotency_key::IdempotencyKey;
use crate::placement::{Placement, PlacementStateBody};
use crate::placing::Placed;
use askama::Template;
use contracts::orders::OrderStatus;
use contracts::placement::RejectReason;
use contracts::{Money, OrderId};
use serde::Deserialize;

/// Where on the page an outcome is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// Below the form: its key is renewed at the end, and the other parts are shown anew.
    Shop,
    /// On a page of its own.
    #[default]
    Own,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "outcome.html")]
pub(crate) struct Outcome {
    /// Stable, for programs: the `data-state` of the box.
    pub(crate) state: &'static str,
    pub(crate) headline: &'static str,
    pub(crate) sentence: String,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) reason: Option<RejectReason>,
    pub(crate) total: Option<Money>,
    /// It may still be called off.
    pub(crate) is_open: bool,
    /// It changes by itself, and is watched.
    pub(crate) is_watched: bool,
    pub(crate) place: Place,
    /// Renews the form's key, once the old one has had its final answer.
    pub(crate) new_key: Option<IdempotencyKey>,
}

/// An outcome, and what keeps it up to date.
#[derive(Template)]
#[template(path = "result.html")]
pub(crate) struct ResultBox<'a> {
    pub(crate) outcome: &'a Outcome,
}

impl Place {
    fn is_shop(self) -> bool {
        self == Self::Shop
    }

    /// How it is named in a query.
    fn word(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Own => "own",
        }
    }
}

impl Outcome {
    /// Nothing was placed yet.
    pub(crate) fn none() -> Self {
        Self::told("none", "", String::new())
    }

    fn is_nothing(&self) -> bool {
        self.state == "none"
    }

    fn told(state: &'static str, headline: &'static str, sentence: impl Into<String>) -> Self {
        Self {
            state,
            headline,
            sentence: sentence.into(),
            order_id: None,
            reason: None,
            total: None,
            is_open: false,
            is_watched: false,
            place: Place::Shop,
            new_key: None,
        }
    }

    /// The cart cannot be ordered; what is wrong is said beside it.
    pub(crate) fn invalid() -> Self {
        Self::told("invalid", "Please look at your order again.", "Nothing was placed.")
    }

    /// The answer to a form.
    pub(crate) fn of_placed(placed: &Placed) -> Self {
        let order_id = placed.order_id;
        match &placed.answer {
            Answer::Approved { total } => Self { total: Some(*total), ..Self::approved(order_id) },
            Answer::Rejected { reason } => Self::rejected(order_id, *reason),
            Answer::Pending => Self::pending(order_id),
            Answer::KeyReused => Self::told(
                "key_reused",
                "This form has placed another order already.",
                "Nothing new was placed. If you want this order too, place it once more.",
            ),
            Answer::Failed { .. } => Self {
                order_id: Some(order_id),
                ..Self::told(
                    "failed",
                    "Something went wrong on our side.",
                    "A person will look at it. Placing it once more is safe: it makes no second order.",
                )
            },
            Answer::NotConfirmed => Self::told(
                "not_confirmed",
                "We cannot say yet whether your order was placed.",
                "Please place it once more in a moment. It makes no second order.",
            ),
        }
    }

    /// Where a placement stands.
    pub(crate) fn of_placement(placement: &Placement, place: Place) -> Self {
        let order_id = placement.order_id;
        let told = match placement.state {
            PlacementStateBody::Pending | PlacementStateBody::Approved
                if placement.is_being_called_off =>
            {
                Self::being_called_off(order_id)
            }
            PlacementStateBody::Pending => Self::pending(order_id),
            PlacementStateBody::Approved if placement.status == Some(OrderStatus::Sent) => {
                Self { order_id: Some(order_id), ..Self::told("sent", "Your order is sent.", "") }
            }
            PlacementStateBody::Approved => {
                Self { is_watched: !placement.is_final, ..Self::approved(order_id) }
            }
            PlacementStateBody::Rejected => {
                Self::rejected(order_id, placement.reason.unwrap_or(RejectReason::Other))
            }
            PlacementStateBody::Cancelled => Self {
                order_id: Some(order_id),
                ..Self::told("cancelled", "Your order is cancelled.", "")
            },
        };
        let is_renewed = placement.is_final && place.is_shop();
        let new_key = is_renewed.then(IdempotencyKey::make);
        Self { total: placement.total.map(Money::from), place, new_key, ..told }
    }

    /// The same, with something to say beside it.
    pub(crate) fn with_note(self, note: &str) -> Self {
        Self { sentence: format!("{} {note}", self.sentence).trim().to_owned(), ..self }
    }

    fn approved(order_id: OrderId) -> Self {
        Self {
            order_id: Some(order_id),
            is_open: true,
            ..Self::told("approved", "Your order is accepted.", "We will send it soon.")
        }
    }

    fn pending(order_id: OrderId) -> Self {
        Self {
            order_id: Some(order_id),
            is_open: true,
            is_watched: true,
            ..Self::told(
                "pending",
                "Your order is not decided yet.",
                "This page shows it as soon as it is. There is no need to place it again.",
            )
        }
    }

    fn being_called_off(order_id: OrderId) -> Self {
        Self {
            is_open: false,
            sentence: "This page shows what became of it as soon as that is known.".to_owned(),
            headline: "Your order is being called off.",
            ..Self::pending(order_id)
        }
    }

    fn rejected(order_id: OrderId, reason: RejectReason) -> Self {
        Self {
            order_id: Some(order_id),
            reason: Some(reason),
            ..Self::told("rejected", "Your order was not accepted.", as_sentence(reason.sentence()))
        }
    }
}

/// Refusals are written in lower case, to stand behind a colon; here one stands by itself.
pub(crate) fn as_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
