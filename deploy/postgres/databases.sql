-- One database and one role for each service, and one role with two databases for Temporal. Run once, by the
-- superuser, when the server's data directory is made. No role can connect to another's database.
--
-- The passwords come from the secret files, so they stand in no argument, no environment and no log.
\set ON_ERROR_STOP on
\set order_password `cut -d: -f5 "${SECRETS_DIR:-/run/secrets}/order-db.pgpass"`
\set voucher_password `cut -d: -f5 "${SECRETS_DIR:-/run/secrets}/voucher-db.pgpass"`
\set risk_password `cut -d: -f5 "${SECRETS_DIR:-/run/secrets}/risk-db.pgpass"`
\set desk_password `cut -d: -f5 "${SECRETS_DIR:-/run/secrets}/desk-db.pgpass"`
\set temporal_password `cat "${SECRETS_DIR:-/run/secrets}/temporal-db.password"`

create role order_api login password :'order_password';
create database orders owner order_api;
revoke all on database orders from public;

create role voucher_api login password :'voucher_password';
create database vouchers owner voucher_api;
revoke all on database vouchers from public;

create role risk_api login password :'risk_password';
create database risk owner risk_api;
revoke all on database risk from public;

create role desk_api login password :'desk_password';
create database desk owner desk_api;
revoke all on database desk from public;

create role temporal login password :'temporal_password';
create database temporal owner temporal;
revoke all on database temporal from public;
create database temporal_visibility owner temporal;
revoke all on database temporal_visibility from public;
