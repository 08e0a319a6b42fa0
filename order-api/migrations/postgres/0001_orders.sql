-- Orders, one row each. Times are milliseconds since 1970 (UTC), money is minor units and a currency code.
--
-- The lines are one JSON text: they are frozen when the order is placed, always read whole and never searched, and a
-- second table would cost up to two hundred inserts for an order.
--
-- `pending`, `rejected` and an empty `approved_at_ms` are for orders that are not decided, or against. They are in the list
-- before anything writes them, and `origin` has none, because a new word would need the table rebuilt.
create table orders (
  id               text   not null primary key,
  status           text   not null check (status in ('pending', 'approved', 'rejected', 'sent', 'cancelled')),
  origin           text   not null,
  external_ref     text   unique,
  placed_by        text,
  idempotency_key  text,
  contents_hash    text   not null,
  customer_id      text   not null,
  lines            text   not null,
  total_minor      bigint not null check (total_minor >= 0),
  currency         text   not null check (length(currency) = 3),
  placed_at_ms     bigint not null,
  approved_at_ms   bigint,
  sent_at_ms       bigint,
  cancelled_at_ms  bigint,
  created_at_ms    bigint not null,
  updated_at_ms    bigint not null,
  -- For ever, not for a day: a caller that repeats a request after a restored backup still gets its order.
  unique (placed_by, idempotency_key),
  check ((placed_by is null) = (idempotency_key is null)),
  check (origin <> 'import' or external_ref is not null),
  check (status in ('pending', 'rejected') or approved_at_ms is not null),
  check ((status = 'sent') = (sent_at_ms is not null)),
  check ((status = 'cancelled') = (cancelled_at_ms is not null))
);

create index orders_by_age on orders (created_at_ms, id);
create index orders_by_status on orders (status, created_at_ms, id);
create index orders_by_customer on orders (customer_id, created_at_ms, id);
create index orders_by_change on orders (updated_at_ms);
