-- Events for other processes, written in the transaction that changes the state. Copied into each service's first
-- migration that needs it; SQLite and PostgreSQL read the same text.
create table outbox_events (
    event_id text primary key,
    event_type text not null,
    subject text not null,
    occurred_at bigint not null,
    state text not null default 'waiting' check (state in ('waiting', 'settled', 'quarantined')),
    -- When it may be handed out (again): the end of its lease while it has one.
    due_at bigint not null,
    lease_id text,
    lease_owner text,
    -- Which process of the service handed it out: leases from before its start count for nothing.
    leased_by text,
    is_leased_alone bigint not null default 0 check (is_leased_alone in (0, 1)),
    hand_outs bigint not null default 0,
    poison_count bigint not null default 0,
    -- Leases that ended without an acknowledgement, and those of them in which it was handed out alone.
    lost_count bigint not null default 0,
    lost_alone_count bigint not null default 0,
    last_failure text,
    settled_at bigint
);
create index outbox_events_due on outbox_events (due_at, event_id) where state = 'waiting';
create index outbox_events_leased on outbox_events (lease_owner) where lease_id is not null;
create index outbox_events_suspect on outbox_events (due_at) where state = 'waiting' and lost_count >= 2;
create index outbox_events_listed on outbox_events (occurred_at, event_id);
create index outbox_events_settled on outbox_events (settled_at) where state = 'settled';
create index outbox_events_quarantined on outbox_events (occurred_at) where state = 'quarantined';
