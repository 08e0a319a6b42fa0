//! Reads an order export of Shopify: rows of one `Name` are one order. The first row carries the order and its first
//! line, the others further lines.
//!
//! A row that cannot be read drops its whole order, is reported with its line and the reason, and stops nothing else.
//! Nothing is guessed: half an order would be another order.

mod records;

use anyhow::{Context, bail};
use contracts::{Currency, Money, MoneyError};
use csv::ByteRecord;
use jiff::Timestamp;
use records::{Record, Records};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;

/// As many lines as an order may have at order-api.
const MAX_LINES: usize = 200;

/// As many pieces as a line may have at order-api.
const MAX_QUANTITY: i64 = 1_000_000;

/// Longest `Name`, so that order-api takes it as a reference.
const MAX_NAME: usize = 200;

/// Longest article number and article name at order-api.
const MAX_SKU: usize = 255;
const MAX_ITEM_NAME: usize = 512;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// Its orders, in the order of their first rows.
    pub orders: Vec<ExportedOrder>,
    /// The rows that could not be read, in the order of the file.
    pub bad_rows: Vec<BadRow>,
}

/// One order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedOrder {
    /// As in `#1001`.
    pub name: String,
    /// Where its first row stands.
    pub line: u64,
    /// The customer's address. Never stored, logged or sent.
    pub email: Address,
    /// What it cost, as given.
    pub total: Money,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What became of it.
    pub fate: Fate,
    /// What was ordered.
    pub lines: Vec<ExportedLine>,
}

/// An address that shows itself to nobody by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

/// What became of an order over there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing yet, or only a part was sent.
    Open,
    /// All of it was sent.
    Fulfilled,
    /// It was cancelled; that wins over everything else.
    Cancelled,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedLine {
    /// The article's number.
    pub sku: Option<String>,
    /// The article's name.
    pub name: Option<String>,
    /// How many pieces.
    pub quantity: i64,
    /// What one piece cost.
    pub unit_price: Money,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Where it stands, counted from 1, the header included.
    pub line: u64,
    /// The order that is dropped because of it; absent where the row names none.
    pub name: Option<String>,
    /// What is wrong with it. Holds no address.
    pub reason: String,
}

/// Reads a whole file.
///
/// # Errors
/// When it is not an export at all: it cannot be read, or a column without which there are no orders is missing.
pub fn read(mut file: impl Read) -> anyhow::Result<Export> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).context("the file cannot be read")?;
    let mut records = Records::of(&bytes);
    let header = records.next().map(|record| record.fields).unwrap_or_default();
    let columns = Columns::of(&header)?;
    let mut gathered = Gathered::default();
    while let Some(Record { line, fields, is_quoted_well }) = records.next() {
        let row = Row { columns: &columns, record: &fields };
        let is_whole = if is_quoted_well {
            row.is_whole()
        } else {
            Err("its quotation marks do not match".to_owned())
        };
        if is_whole.is_err() {
            records.go_on_with_the_line_after(line);
        }
        gathered.take(line, &row, is_whole);
    }
    Ok(gathered.into_export())
}

/// Where each column stands; order and further columns do not matter.
struct Columns {
    places: HashMap<String, usize>,
    count: usize,
}

impl Columns {
    /// Without these there are no orders.
    const NEEDED: [&str; 5] = ["Name", "Email", "Currency", "Total", "Created at"];

    /// All that is read.
    const THAT_COUNT: [&str; 12] = [
        "Name",
        "Email",
        "Currency",
        "Total",
        "Created at",
        "Fulfillment Status",
        "Fulfilled at",
        "Cancelled at",
        "Lineitem quantity",
        "Lineitem name",
        "Lineitem price",
        "Lineitem sku",
    ];

    fn of(header: &ByteRecord) -> anyhow::Result<Self> {
        let mut places = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name);
            let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
            if places.insert(name.clone(), place).is_some() && !name.is_empty() {
                bail!("the file has two columns {name:?}");
            }
        }
        for needed in Self::NEEDED {
            if !places.contains_key(&needed.to_lowercase()) {
                bail!("the file has no column {needed:?}: is it an order export of Shopify?");
            }
        }
        Ok(Self { places, count: header.len() })
    }
}

/// One row.
struct Row<'a> {
    columns: &'a Columns,
    record: &'a ByteRecord,
}

impl Row<'_> {
    /// A line break within a field that counts comes from a quotation mark too many: it swallowed other rows.
    fn is_whole(&self) -> Result<(), String> {
        let (found, expected) = (self.record.len(), self.columns.count);
        if found != expected {
            return Err(format!("it has {found} fields where the header has {expected}"));
        }
        for column in Columns::THAT_COUNT {
            if self.bytes(column).iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                return Err(format!("{column} holds a line break"));
            }
        }
        Ok(())
    }

    fn bytes(&self, column: &str) -> &[u8] {
        let place = self.columns.places.get(&column.to_lowercase());
        place.and_then(|place| self.record.get(*place)).unwrap_or_default()
    }

    /// The trimmed text of a field; empty where the file has no such column.
    fn text(&self, column: &str) -> Result<&str, String> {
        let text = std::str::from_utf8(self.bytes(column))
            .map_err(|_| format!("{column} is not UTF-8"))?;
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(format!("{column} holds control characters"));
        }
        Ok(text)
    }

    fn short_text(&self, column: &str, at_most: usize) -> Result<Option<String>, String> {
        let text = self.text(column)?;
        if text.chars().count() > at_most {
            return Err(format!("{column} is longer than {at_most} characters"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn needed(&self, column: &str) -> Result<&str, String> {
        let text = self.text(column)?;
        if text.is_empty() { Err(format!("{column} is empty")) } else { Ok(text) }
    }

    fn amount(&self, column: &str, currency: Currency) -> Result<Money, String> {
        // What stands there is not repeated: where columns have slipped, it is an address.
        let amount = Money::parse_decimal(self.needed(column)?, currency).map_err(|e| match e {
            MoneyError::TooLarge => format!("{column} is too large"),
            _ => format!("{column} is no amount in {currency}"),
        })?;
        if amount.amount_minor < 0 {
            return Err(format!("{column} is negative"));
        }
        Ok(amount)
    }

    fn name(&self) -> Result<String, String> {
        let name = self.short_text("Name", MAX_NAME)?;
        name.ok_or_else(|| "Name is empty: the row belongs to no order".to_owned())
    }

    /// The order as its first row tells it.
    fn order(&self, name: String, line: u64) -> Result<ExportedOrder, String> {
        let email = self.needed("Email")?;
        let is_address = email.split_once('@').is_some_and(|(who, host)| {
            !who.is_empty() && !host.is_empty() && !email.contains(char::is_whitespace)
        });
        if !is_address {
            return Err("Email is no address".to_owned());
        }
        let currency = self.currency()?;
        let first_line = self.line_item(currency)?;
        Ok(ExportedOrder {
            name,
            line,
            email: Address(email.to_owned()),
            total: self.amount("Total", currency)?,
            placed_at: moment("Created at", self.needed("Created at")?)?,
            fate: self.fate()?,
            lines: first_line.into_iter().collect(),
        })
    }

    fn currency(&self) -> Result<Currency, String> {
        let code = self.needed("Currency")?;
        code.parse().map_err(|_| "Currency is no code such as EUR".to_owned())
    }

    /// Where the file says how much of an order was fulfilled that counts, otherwise the moment alone: a partly
    /// fulfilled order has one too.
    fn fate(&self) -> Result<Fate, String> {
        let is_set = |column: &str| -> Result<bool, String> {
            let text = self.text(column)?;
            if text.is_empty() { Ok(false) } else { moment(column, text).map(|_| true) }
        };
        let has_moment = is_set("Fulfilled at")?;
        if is_set("Cancelled at")? {
            return Ok(Fate::Cancelled);
        }
        let is_fulfilled = match self.text("Fulfillment Status")?.to_lowercase().as_str() {
            "" => has_moment,
            status => status == "fulfilled",
        };
        Ok(if is_fulfilled { Fate::Fulfilled } else { Fate::Open })
    }

    /// The line of a row; `None` where the row tells of none.
    fn line_item(&self, currency: Currency) -> Result<Option<ExportedLine>, String> {
        let sku = self.short_text("Lineitem sku", MAX_SKU)?;
        let name = self.short_text("Lineitem name", MAX_ITEM_NAME)?;
        let (quantity, price) = (self.text("Lineitem quantity")?, self.text("Lineitem price")?);
        if sku.is_none() && name.is_none() {
            if quantity.is_empty() && price.is_empty() {
                return Ok(None);
            }
            return Err("its line item has neither Lineitem name nor Lineitem sku".to_owned());
        }
        let quantity = quantity.parse().ok().filter(|n| (1..=MAX_QUANTITY).contains(n));
        let quantity = quantity.ok_or("Lineitem quantity is no number of pieces")?;
        let unit_price = self.amount("Lineitem price", currency)?;
        Ok(Some(ExportedLine { sku, name, quantity, unit_price }))
    }

    fn further_item(&self, currency: Currency) -> Result<ExportedLine, String> {
        self.line_item(currency)?.ok_or_else(|| "it has no line item".to_owned())
    }

    /// A further row adds a line. What it repeats of the order must be the same: otherwise these are two orders of one
    /// name, and nobody knows which is meant.
    fn add_to(&self, order: &mut ExportedOrder) -> Result<(), String> {
        let currency = order.total.currency;
        if !self.text("Currency")?.is_empty() && self.currency()? != currency {
            return Err(format!("Currency is not that of line {}", order.line));
        }
        if !self.text("Total")?.is_empty() && self.amount("Total", currency)? != order.total {
            return Err(format!("Total is not that of line {}", order.line));
        }
        let email = self.text("Email")?;
        if !email.is_empty() && !email.eq_ignore_ascii_case(&order.email.0) {
            return Err(format!("Email is not that of line {}", order.line));
        }
        let item = self.further_item(currency)?;
        if order.lines.len() >= MAX_LINES {
            return Err(format!("the order has more than {MAX_LINES} lines"));
        }
        order.lines.push(item);
        Ok(())
    }
}

/// `2026-10-01 12:34:56 +0200`, as Shopify writes it, or RFC 3339.
fn moment(column: &str, text: &str) -> Result<Timestamp, String> {
    let moment = Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).or_else(|_| text.parse());
    let moment: Timestamp =
        moment.map_err(|_| format!("{column} is no time such as 2026-10-01 12:34:56 +0200"))?;
    if moment < Timestamp::UNIX_EPOCH || moment.strftime("%Y").to_string().len() != 4 {
        return Err(format!("{column} lies outside 1970 to 9999"));
    }
    Ok(moment)
}

/// The orders so far.
#[derive(Default)]
struct Gathered {
    orders: BTreeMap<usize, ExportedOrder>,
    /// Where an order was first seen, by name: also that of a dropped one.
    seen: HashMap<String, usize>,
    dropped: HashSet<usize>,
    currencies: HashMap<usize, Currency>,
    bad_rows: Vec<BadRow>,
}

impl Gathered {
    fn take(&mut self, line: u64, row: &Row<'_>, is_whole: Result<(), String>) {
        let name = match row.name() {
            Ok(name) => name,
            Err(reason) => return self.bad_rows.push(BadRow { line, name: None, reason }),
        };
        let next = self.seen.len();
        let place = *self.seen.entry(name.clone()).or_insert(next);
        if place == next
            && let Ok(currency) = row.currency()
        {
            self.currencies.insert(place, currency);
        }
        let taken = is_whole.and_then(|()| match self.orders.get_mut(&place) {
            Some(order) => row.add_to(order),
            None if place == next => {
                row.order(name.clone(), line).map(|order| drop(self.orders.insert(place, order)))
            }
            // Its first row was bad; a further row may be bad as well, and is reported in the same pass.
            None => match self.currencies.get(&place) {
                Some(currency) => row.further_item(*currency).map(drop),
                None => Ok(()),
            },
        });
        if let Err(reason) = taken {
            self.dropped.insert(place);
            self.bad_rows.push(BadRow { line, name: Some(name), reason });
        }
    }

    fn into_export(self) -> Export {
        let Self { orders, dropped, bad_rows, .. } = self;
        let kept = orders.into_iter().filter(|(place, _)| !dropped.contains(place));
        Export { orders: kept.map(|(_, order)| order).collect(), bad_rows }
    }
}

#[cfg(test)]
mod tests;
