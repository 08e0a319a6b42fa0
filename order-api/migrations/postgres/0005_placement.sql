-- The row in which create, approve and discard of an order meet. Without a reason it is a lock and nothing else; with one
-- it is for ever: there is no such order, and whose it would have been and by which request stands beside the reason.
create table tombstones (
  order_id       text not null primary key,
  customer_id    text,
  contents_hash  text,
  reason         text,
  check ((reason is null) = (customer_id is null)),
  check ((reason is null) = (contents_hash is null))
);

-- What a customer's page tells of an order, each once. Only of approved orders, so that a discard leaves none behind.
create table notices (
  order_id       text   not null references orders (id),
  kind           text   not null,
  created_at_ms  bigint not null,
  primary key (order_id, kind)
);
