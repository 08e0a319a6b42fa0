-- The fingerprint of the one key from which this installation derives ids. One row, never changed: with another key the
-- same address would become another customer.
create table derivation_key (
  only_row        bigint not null primary key check (only_row = 1),
  fingerprint     text   not null,
  recorded_at_ms  bigint not null
);
