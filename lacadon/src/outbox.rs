//! `outbox list|release`: events that wait, and events in quarantine.

use crate::api::{segment, text};
use crate::order::more;
use crate::out::{Out, Tone, plain};
use crate::system::Role;
use crate::target::Target;
use clap::{Args, Subcommand};
use serde_json::Value;

/// What to do with the outbox of order-api.
#[derive(Debug, Subcommand)]
pub enum OutboxVerb {
    /// List events, oldest first.
    List(List),
    /// Let an event out of quarantine, once what made it fail is mended.
    Release {
        /// As in evt_019a9f0c-52d1-7c3e-9d2b-6f1f0f6f7a01.
        event_id: String,
    },
}

/// Which events.
#[derive(Debug, Args)]
pub struct List {
    /// Only events that stand here: waiting, leased, postponed, quarantined or settled.
    #[arg(long)]
    state: Option<String>,
    /// At most so many, 1 to 100.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Go on after this cursor, which the page before ended with.
    #[arg(long)]
    starting_after: Option<String>,
}

impl OutboxVerb {
    /// Does it.
    ///
    /// # Errors
    /// When order-api refuses or does not answer.
    pub async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        match self {
            Self::List(list) => list.run(target, out).await,
            Self::Release { event_id } => {
                let api = target.order_api(Role::BackOffice)?;
                let path = format!("/outbox/events/{}/release", segment(&event_id));
                let event = api.post_empty(&path).await?.body;
                if out.is_json {
                    return Ok(out.json(&event)?);
                }
                let (id, state) = (text(&event, "event_id"), text(&event, "state"));
                Ok(out.line(&format!("event {id} of {} is {state}", text(&event, "subject")))?)
            }
        }
    }
}

impl List {
    async fn run(self, target: &Target, out: Out) -> anyhow::Result<()> {
        let api = target.order_api(Role::Auditor)?;
        let mut query = vec![("limit", self.limit.to_string())];
        for (name, value) in [("state", self.state), ("starting_after", self.starting_after)] {
            query.extend(value.map(|value| (name, value)));
        }
        let page = api.get("/outbox/events", &query).await?;
        if out.is_json {
            return Ok(out.json(&page)?);
        }
        let events = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        let rows = events.iter().map(|event| {
            let state = text(event, "state");
            let tone = match state.as_str() {
                "settled" => Some(Tone::Quiet),
                "quarantined" => Some(Tone::Bad),
                "postponed" => Some(Tone::Notable),
                _ => None,
            };
            vec![
                plain(text(event, "event_id")),
                plain(text(event, "type")),
                plain(text(event, "subject")),
                (state, tone),
                plain(text(event, "occurred_at")),
                plain(text(event, "hand_outs")),
                plain(text(event, "last_failure")),
            ]
        });
        out.table(
            &["event", "type", "of", "state", "occurred", "handed out", "last failure"],
            rows.collect(),
        )?;
        more(out, &page)
    }
}
