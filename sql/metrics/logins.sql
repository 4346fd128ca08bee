-- summary: log-ins of the application in the last 15 minutes, as figures without accounts
-- example: ordersync monitor export
-- requires: table public.login_attempts
-- column: failed bigint gauge  log-ins that failed in the last 15 minutes
-- column: succeeded bigint gauge  log-ins that succeeded in the last 15 minutes
-- column: failing_accounts bigint gauge  accounts with a failed log-in in the last 15 minutes
-- column: failing_addresses bigint gauge  addresses with a failed log-in in the last 15 minutes
-- column: most_failures_of_account bigint gauge  failures of the account with the most of them in the last 15 minutes
-- column: most_accounts_of_address bigint gauge  accounts that failed from one address, of the address with the most of them
-- metrics: logins
with recent as materialized (
  select l.email_hash, l.ip_hash, l.success
  from public.login_attempts as l
  where l.created_at > now() - interval '15 minutes'
)
select
  (select count(*) from recent as r where not r.success) as failed,
  (select count(*) from recent as r where r.success) as succeeded,
  (select count(distinct r.email_hash) from recent as r where not r.success) as failing_accounts,
  (select count(distinct r.ip_hash) from recent as r where not r.success) as failing_addresses,
  coalesce((select count(*) from recent as r where not r.success group by r.email_hash order by 1 desc limit 1), 0) as most_failures_of_account,
  coalesce((select count(distinct r.email_hash) from recent as r where not r.success and r.ip_hash is not null group by r.ip_hash order by 1 desc limit 1), 0)
    as most_accounts_of_address
