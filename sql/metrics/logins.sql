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
with pairs as materialized (
  -- The only pass over the attempts: what follows counts accounts and addresses, of which there are fewer. Collation "C", because hashes
  -- have no language; it also keeps the planner from reading all of the table in the order of idx_login_attempts_email_hash.
  select
    l.email_hash collate "C" as account,
    l.ip_hash collate "C" as address,
    count(*) filter (where not l.success) as failures,
    count(*) filter (where l.success) as successes
  from public.login_attempts as l
  where l.created_at > now() - interval '15 minutes'
  group by 1, 2
),
accounts as (
  select sum(p.failures)::bigint as failures from pairs as p where p.failures > 0 group by p.account
),
addresses as (
  select count(*) as accounts from pairs as p where p.failures > 0 and p.address is not null group by p.address
)
select
  (select coalesce(sum(p.failures), 0)::bigint from pairs as p) as failed,
  (select coalesce(sum(p.successes), 0)::bigint from pairs as p) as succeeded,
  (select count(*) from accounts) as failing_accounts,
  (select count(*) from addresses) as failing_addresses,
  (select coalesce(max(a.failures), 0) from accounts as a) as most_failures_of_account,
  (select coalesce(max(a.accounts), 0) from addresses as a) as most_accounts_of_address
