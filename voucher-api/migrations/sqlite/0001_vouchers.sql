-- One voucher per order and rule, for ever: the unique key is the guard that nothing else replaces. The rule's version
-- is not part of it, so that a new version gives no second voucher.
create table vouchers (
  id                 text   not null primary key,
  code               text   not null unique,
  order_id           text   not null,
  customer_id        text   not null,
  rule               text   not null,
  rule_version       bigint not null check (rule_version > 0),
  value_minor        bigint not null check (value_minor > 0),
  currency           text   not null check (length(currency) = 3),
  created_at         bigint not null,
  redeemed_at        bigint,
  redeemed_order_id  text,
  unique (order_id, rule),
  check ((redeemed_at is null) = (redeemed_order_id is null))
);

create index vouchers_listed on vouchers (created_at, id);
create index vouchers_by_customer on vouchers (customer_id, created_at, id);
