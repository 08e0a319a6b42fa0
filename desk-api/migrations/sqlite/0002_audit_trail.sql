-- Who opened, closed and decided which case, when and why: the decisions themselves are read from here. Written in the
-- transaction that did it; only ever added to.
create table audit_trail (
  id          text   not null primary key,
  at_ms       bigint not null,
  caller      text   not null,
  role        text   not null,
  action      text   not null,
  kind        text   not null,
  subject     text   not null,
  contents    text,
  request_id  text
);

create index audit_trail_by_subject on audit_trail (kind, subject, at_ms);

create trigger audit_trail_keeps_rows before delete on audit_trail
begin
  select raise(abort, 'the audit trail is append-only');
end;

create trigger audit_trail_keeps_contents before update on audit_trail
begin
  select raise(abort, 'the audit trail is append-only');
end;
