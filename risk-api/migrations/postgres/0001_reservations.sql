-- What customers may owe, and what their orders hold of it. Available credit and score are derived from the live
-- reservations and stored nowhere, so that an undo touches one row.
create table accounts (
  customer_id    text   not null primary key,
  currency       text   not null check (length(currency) = 3),
  limit_minor    bigint not null check (limit_minor >= 0),
  base_score     bigint not null check (base_score >= 0),
  minimum_score  bigint not null,
  created_at     bigint not null,
  updated_at     bigint not null
);

create table reservations (
  order_id      text   not null primary key,
  customer_id   text   not null references accounts (customer_id),
  amount_minor  bigint not null check (amount_minor > 0),
  currency      text   not null check (length(currency) = 3),
  score_delta   bigint not null check (score_delta > 0),
  state         text   not null check (state in ('reserved', 'confirmed', 'released')),
  reason        text,
  created_at    bigint not null,
  updated_at    bigint not null,
  check ((state = 'released') = (reason is not null))
);

create index reservations_listed on reservations (created_at, order_id);
create index reservations_live on reservations (customer_id, created_at, order_id) where state <> 'released';

-- The row in which reserve, confirm and release of an order meet. Without a reason it is a lock and nothing else; with
-- one it is for ever, and the order reserves no more.
create table tombstones (
  order_id  text not null primary key,
  reason    text
);
