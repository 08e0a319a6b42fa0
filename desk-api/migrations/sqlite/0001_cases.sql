-- What a person must look at. Never deleted: a case is named by its kind and subject for ever, and found again it is the
-- same one.
create table cases (
  kind           text   not null,
  subject        text   not null check (length(subject) between 1 and 128),
  state          text   not null check (state in ('open', 'retried', 'skipped', 'abandoned', 'resolved')),
  summary        text   not null,
  workflow_id    text,
  run_id         text,
  activity_id    text,
  event_id       text,
  times_seen     bigint not null check (times_seen > 0),
  first_seen_at  bigint not null,
  last_seen_at   bigint not null,
  opened_at      bigint not null,
  primary key (kind, subject)
);

create index cases_listed on cases (first_seen_at, kind, subject);
create index cases_open on cases (kind, opened_at) where state = 'open';
