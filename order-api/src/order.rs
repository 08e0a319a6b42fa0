//! An order and its rules, pure: what it costs, and what it may become.
//!
//! A pending order is approved or rejected. An approved order may be sent or cancelled, never both, and neither is ever
//! taken back. What was asked before is told from what is refused by what is recorded (`approved_at_ms`, `sent_at_ms`,
//! `cancelled_at_ms`), not by today's status.

use contracts::{Currency, CustomerId, Money, MoneyError, OrderId};
use std::fmt;
use std::str::FromStr;

/// Most lines of one order: a shopping cart, and an answer that stays well under the body limit.
pub const MAX_LINES: usize = 200;
/// Most pieces in one line.
pub const MAX_QUANTITY: i64 = 1_000_000;

/// An order as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Names it for ever.
    pub id: OrderId,
    /// Where it stands.
    pub status: Status,
    /// How it came here.
    pub origin: Origin,
    /// What it is called where it was imported from.
    pub external_ref: Option<String>,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// What was ordered, in the customer's order; may be empty for an import.
    pub lines: Vec<Line>,
    /// What it costs.
    pub total: Money,
    /// When the customer placed it, milliseconds since 1970 (UTC).
    pub placed_at_ms: i64,
    /// When it was approved; never cleared, whatever becomes of the order.
    pub approved_at_ms: Option<i64>,
    /// When it was marked sent.
    pub sent_at_ms: Option<i64>,
    /// When it was cancelled.
    pub cancelled_at_ms: Option<i64>,
    /// When this service first wrote it down.
    pub created_at_ms: i64,
    /// When this service last changed it.
    pub updated_at_ms: i64,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Written down, not decided: neither sent nor cancelled until it is.
    Pending,
    /// Decided against, and kept all the same. Final.
    Rejected,
    /// Accepted; may be sent or cancelled.
    Approved,
    /// Handed to the carrier. Final.
    Sent,
    /// Called off before it was sent. Final.
    Cancelled,
}

/// How an order came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Entered by the back office.
    BackOffice,
    /// Placed in the shop: decided by a process, and on credit.
    Shop,
    /// Brought from another system.
    Import,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The article's number, where it has one.
    pub sku: Option<String>,
    /// The article's name, where it is known.
    pub name: Option<String>,
    /// How many pieces, 1 to [`MAX_QUANTITY`].
    pub quantity: i64,
    /// What one piece costs, not negative.
    pub unit_price: Money,
}

/// Why lines have no total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TotalRefusal {
    /// There is nothing to add up.
    #[error("an order has at least one line")]
    NoLines,
    /// Amounts of two currencies cannot be added.
    #[error("line {} is in {found}, the order in {expected}; an order has one currency", .line_index.saturating_add(1))]
    MixedCurrencies {
        /// The first line that does not fit, counted from 0.
        line_index: usize,
        /// The order's currency.
        expected: Currency,
        /// The line's.
        found: Currency,
    },
    /// The sum does not fit 64 bits of minor units.
    #[error("the total is too large; it must be at most {} minor units", i64::MAX)]
    TooLarge {
        /// The line at which the sum overflows, counted from 0.
        line_index: usize,
    },
}

/// Why an order is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendRefusal {
    /// It was cancelled.
    Cancelled,
    /// It is not approved.
    NotApproved(NotApproved),
}

/// Why an order is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelRefusal {
    /// It was sent.
    Sent,
    /// It is not approved.
    NotApproved(NotApproved),
}

/// Why an order that was never approved is neither sent nor cancelled, nor told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApproved {
    /// It is not decided yet.
    Pending,
    /// It was decided against.
    Rejected,
}

/// What a change comes to for the order as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<R> {
    /// The change may be made.
    Due,
    /// It was made before; the answer is the same.
    Done,
    /// It may not be made; why also says whether ever.
    Refused(R),
}

impl Order {
    /// What marking this order sent comes to.
    #[must_use]
    pub fn sending(&self) -> Verdict<SendRefusal> {
        match (self.sent_at_ms, self.cancelled_at_ms) {
            (Some(_), _) => Verdict::Done,
            (None, Some(_)) => Verdict::Refused(SendRefusal::Cancelled),
            (None, None) => match self.not_approved() {
                Some(why) => Verdict::Refused(SendRefusal::NotApproved(why)),
                None => Verdict::Due,
            },
        }
    }

    /// What cancelling this order comes to.
    #[must_use]
    pub fn cancelling(&self) -> Verdict<CancelRefusal> {
        match (self.cancelled_at_ms, self.sent_at_ms) {
            (Some(_), _) => Verdict::Done,
            (None, Some(_)) => Verdict::Refused(CancelRefusal::Sent),
            (None, None) => match self.not_approved() {
                Some(why) => Verdict::Refused(CancelRefusal::NotApproved(why)),
                None => Verdict::Due,
            },
        }
    }

    /// Why this order cannot be treated as approved. `None`: it was approved, whatever became of it since.
    #[must_use]
    pub fn not_approved(&self) -> Option<NotApproved> {
        match (self.approved_at_ms, self.status) {
            (Some(_), _) => None,
            (None, Status::Rejected) => Some(NotApproved::Rejected),
            // The database holds none of the last three without `approved_at_ms`.
            (None, Status::Pending | Status::Approved | Status::Sent | Status::Cancelled) => {
                Some(NotApproved::Pending)
            }
        }
    }

    /// Whether a reservation of its customer's credit belongs to this order, to be released when it is sent or cancelled.
    ///
    /// Only placements reserve: orders of the back office and imports hold nothing. Orders that the shop wrote down by
    /// itself in former times never reserved either; releasing their nothing does no harm.
    #[must_use]
    pub fn holds_credit(&self) -> bool {
        self.origin == Origin::Shop
    }

    /// The order as it was when it was placed: the same answer for a repeated request, whatever happened since.
    #[must_use]
    pub fn as_placed(self) -> Self {
        Self {
            status: Status::Approved,
            sent_at_ms: None,
            cancelled_at_ms: None,
            updated_at_ms: self.created_at_ms,
            ..self
        }
    }
}

/// What the lines cost together, exactly or not at all.
///
/// # Errors
/// [`TotalRefusal`], naming the first line that does not fit.
pub fn total_of(lines: &[Line]) -> Result<Money, TotalRefusal> {
    let first = lines.first().ok_or(TotalRefusal::NoLines)?;
    let nothing = Money::of_minor(0, first.unit_price.currency);
    lines.iter().enumerate().try_fold(nothing, |sum, (line_index, line)| {
        line.unit_price
            .checked_times(line.quantity)
            .and_then(|price| sum.checked_add(price))
            .map_err(|refusal| at_line(line_index, &refusal, sum.currency, line))
    })
}

/// Checks that every line is in the currency of a total that was given and not added up.
///
/// # Errors
/// [`TotalRefusal::MixedCurrencies`], naming the first line that does not fit.
pub fn check_currency(total: Money, lines: &[Line]) -> Result<(), TotalRefusal> {
    let expected = total.currency;
    let mixed = lines.iter().enumerate().find_map(|(line_index, line)| {
        let found = line.unit_price.currency;
        (found != expected).then_some(TotalRefusal::MixedCurrencies { line_index, expected, found })
    });
    mixed.map_or(Ok(()), Err)
}

fn at_line(index: usize, refusal: &MoneyError, expected: Currency, line: &Line) -> TotalRefusal {
    match refusal {
        MoneyError::MixedCurrencies { .. } => TotalRefusal::MixedCurrencies {
            line_index: index,
            expected,
            found: line.unit_price.currency,
        },
        MoneyError::TooLarge
        | MoneyError::UnknownCurrency { .. }
        | MoneyError::NotAnAmount { .. } => TotalRefusal::TooLarge { line_index: index },
    }
}

/// A stored word that this build does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct UnknownWord {
    /// What would have been right.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

impl Status {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Origin {
    /// The word on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackOffice => "back_office",
            Self::Shop => "shop",
            Self::Import => "import",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Pending, Self::Rejected, Self::Approved, Self::Sent, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| UnknownWord {
                expected: "pending, rejected, approved, sent or cancelled",
                found: text.to_owned(),
            })
    }
}

impl FromStr for Origin {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::BackOffice, Self::Shop, Self::Import]
            .into_iter()
            .find(|origin| origin.as_str() == text)
            .ok_or_else(|| UnknownWord {
                expected: "back_office, shop or import",
                found: text.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(quantity: i64, unit_price: Money) -> Line {
        Line { sku: Some("lamp".into()), name: None, quantity, unit_price }
    }

    fn approved() -> Order {
        Order {
            id: OrderId::make(),
            status: Status::Approved,
            origin: Origin::Shop,
            external_ref: None,
            customer_id: "cus_ada".parse().expect("a customer id"),
            lines: vec![line(1, Money::eur_cents(100_01))],
            total: Money::eur_cents(100_01),
            placed_at_ms: 1,
            approved_at_ms: Some(1),
            sent_at_ms: None,
            cancelled_at_ms: None,
            created_at_ms: 1,
            updated_at_ms: 1,
        }
    }

    #[test]
    fn an_order_costs_the_sum_of_its_lines() {
        for (cents, lines) in [
            (99_99, vec![line(3, Money::eur_cents(33_33))]),
            (100_00, vec![line(2, Money::eur_cents(25_00)), line(1, Money::eur_cents(50_00))]),
            (100_01, vec![line(1, Money::eur_cents(100_00)), line(1, Money::eur_cents(1))]),
            (0, vec![line(5, Money::eur_cents(0))]),
        ] {
            assert_eq!(total_of(&lines), Ok(Money::eur_cents(cents)));
        }
    }

    #[test]
    fn an_order_without_lines_has_no_total() {
        assert_eq!(total_of(&[]), Err(TotalRefusal::NoLines));
    }

    #[test]
    fn a_total_that_does_not_fit_is_refused_at_the_line_that_breaks_it() {
        let most = Money::eur_cents(i64::MAX);

        assert_eq!(total_of(&[line(1, most)]), Ok(most));
        assert_eq!(total_of(&[line(2, most)]), Err(TotalRefusal::TooLarge { line_index: 0 }));
        assert_eq!(
            total_of(&[line(1, most), line(1, Money::eur_cents(1))]),
            Err(TotalRefusal::TooLarge { line_index: 1 })
        );
    }

    #[test]
    fn an_order_has_one_currency() {
        let usd: Currency = "USD".parse().expect("a currency");
        let lines = [line(1, Money::eur_cents(1)), line(1, Money::of_minor(1, usd))];
        let mixed =
            TotalRefusal::MixedCurrencies { line_index: 1, expected: Currency::EUR, found: usd };

        assert_eq!(total_of(&lines), Err(mixed));
        assert_eq!(check_currency(Money::eur_cents(5), &lines), Err(mixed));
        assert_eq!(check_currency(Money::eur_cents(5), &[]), Ok(()));
    }

    #[test]
    fn an_approved_order_may_be_sent_or_cancelled() {
        assert_eq!(approved().sending(), Verdict::Due);
        assert_eq!(approved().cancelling(), Verdict::Due);
    }

    #[test]
    fn a_sent_order_stays_sent() {
        let sent = Order { status: Status::Sent, sent_at_ms: Some(2), ..approved() };

        assert_eq!(sent.sending(), Verdict::Done);
        assert_eq!(sent.cancelling(), Verdict::Refused(CancelRefusal::Sent));
    }

    #[test]
    fn a_cancelled_order_stays_cancelled() {
        let cancelled = Order { status: Status::Cancelled, cancelled_at_ms: Some(2), ..approved() };

        assert_eq!(cancelled.cancelling(), Verdict::Done);
        assert_eq!(cancelled.sending(), Verdict::Refused(SendRefusal::Cancelled));
    }

    #[test]
    fn an_order_that_was_never_approved_is_neither_sent_nor_cancelled() {
        for (status, why) in
            [(Status::Pending, NotApproved::Pending), (Status::Rejected, NotApproved::Rejected)]
        {
            let undecided = Order { status, approved_at_ms: None, ..approved() };

            assert_eq!(undecided.not_approved(), Some(why));
            assert_eq!(undecided.sending(), Verdict::Refused(SendRefusal::NotApproved(why)));
            assert_eq!(undecided.cancelling(), Verdict::Refused(CancelRefusal::NotApproved(why)));
        }
    }

    #[test]
    fn an_order_was_approved_by_what_is_recorded_and_not_by_where_it_stands() {
        for status in [Status::Approved, Status::Sent, Status::Cancelled] {
            assert_eq!(Order { status, ..approved() }.not_approved(), None);
        }
    }

    #[test]
    fn only_what_a_placement_made_holds_credit() {
        for (origin, holds) in
            [(Origin::Shop, true), (Origin::BackOffice, false), (Origin::Import, false)]
        {
            assert_eq!(Order { origin, ..approved() }.holds_credit(), holds, "{origin}");
        }
    }

    #[test]
    fn a_repeated_request_is_told_what_the_first_one_was_told() {
        let sent =
            Order { status: Status::Sent, sent_at_ms: Some(2), updated_at_ms: 2, ..approved() };

        assert_eq!(Order { id: sent.id, ..approved() }, sent.as_placed());
    }

    #[test]
    fn every_word_is_read_back() {
        for status in
            [Status::Pending, Status::Rejected, Status::Approved, Status::Sent, Status::Cancelled]
        {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for origin in [Origin::BackOffice, Origin::Shop, Origin::Import] {
            assert_eq!(origin.as_str().parse(), Ok(origin));
        }
        assert!("lost".parse::<Status>().is_err());
        assert!("lost".parse::<Origin>().is_err());
    }

    proptest! {
        #[test]
        fn a_total_is_exact_or_refused(
            prices in prop::collection::vec((1..=MAX_QUANTITY, 0..=i64::MAX), 1..20)
        ) {
            let lines: Vec<_> =
                prices.iter().map(|(quantity, cents)| line(*quantity, Money::eur_cents(*cents))).collect();
            let exact: i128 = prices.iter().map(|(q, c)| i128::from(*q) * i128::from(*c)).sum();

            match total_of(&lines) {
                Ok(total) => prop_assert_eq!(i128::from(total.amount_minor), exact),
                Err(refusal) => {
                    let is_too_large = matches!(refusal, TotalRefusal::TooLarge { .. });
                    prop_assert!(is_too_large && exact > i128::from(i64::MAX));
                }
            }
        }
    }
}
