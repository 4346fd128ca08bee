import type { Sql } from '../../db/session.ts';

/** Times are ISO 8601 in UTC. */
export interface Counted {
  readonly subject: string;
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly other: number;
}

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS"Z"';

/** Accounts with so many failures; `other` is the number of addresses they came from. */
export function readFailingAccounts(sql: Sql, sinceMs: number, threshold: number): Promise<Counted[]> {
  return sql<Counted[]>`
    select email_hash as subject,
           count(*)::double precision as count,
           to_char(min(created_at) at time zone 'UTC', ${ISO}) as "firstAt",
           to_char(max(created_at) at time zone 'UTC', ${ISO}) as "lastAt",
           count(distinct ip_hash)::double precision as other
      from public.login_attempts
     where not success
       and created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
     group by email_hash
    having count(*) >= ${threshold}
     order by count(*) desc, email_hash
     limit 1000`;
}

/** Addresses from which so many accounts failed; `other` is the number of accounts that then got in. */
export function readStuffingAddresses(sql: Sql, sinceMs: number, accounts: number): Promise<Counted[]> {
  return sql<Counted[]>`
    select ip_hash as subject,
           count(distinct email_hash) filter (where not success)::double precision as count,
           to_char(min(created_at) at time zone 'UTC', ${ISO}) as "firstAt",
           to_char(max(created_at) at time zone 'UTC', ${ISO}) as "lastAt",
           count(distinct email_hash) filter (where success)::double precision as other
      from public.login_attempts
     where ip_hash is not null
       and created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
     group by ip_hash
    having count(distinct email_hash) filter (where not success) >= ${accounts}
     order by 2 desc, ip_hash
     limit 1000`;
}

/** Log-ins that succeeded after so many failures on the same account within ten minutes; `other` counts addresses. */
export function readSuccessAfterFailures(sql: Sql, sinceMs: number, failures: number): Promise<Counted[]> {
  return sql<Counted[]>`
    select entered.email_hash as subject,
           count(*)::double precision as count,
           to_char(min(failed.created_at) at time zone 'UTC', ${ISO}) as "firstAt",
           to_char(entered.created_at at time zone 'UTC', ${ISO}) as "lastAt",
           count(distinct failed.ip_hash)::double precision as other
      from public.login_attempts entered
      join public.login_attempts failed
        on failed.email_hash = entered.email_hash
       and not failed.success
       and failed.created_at between entered.created_at - interval '10 minutes' and entered.created_at
     where entered.success
       and entered.created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
     group by entered.id, entered.email_hash, entered.created_at
    having count(*) >= ${failures}
     order by 2 desc, entered.created_at
     limit 1000`;
}

export interface AttemptTotals {
  readonly attempts: number;
  readonly failures: number;
  readonly accounts: number;
  /** Accounts that failed exactly once: what lists of stolen passwords look like. */
  readonly once: number;
  readonly withoutAddress: number;
}

export async function readTotals(sql: Sql, sinceMs: number): Promise<AttemptTotals> {
  const [totals] = await sql<AttemptTotals[]>`
    select coalesce(sum(tries), 0)::double precision as attempts,
           coalesce(sum(failures), 0)::double precision as failures,
           count(*) filter (where failures > 0)::double precision as accounts,
           count(*) filter (where failures = 1)::double precision as once,
           coalesce(sum(hashless), 0)::double precision as "withoutAddress"
      from (select count(*) as tries,
                   count(*) filter (where not success) as failures,
                   count(*) filter (where ip_hash is null) as hashless
              from public.login_attempts
             where created_at > now() - ${sinceMs}::double precision * interval '1 millisecond'
             group by email_hash) accounts`;
  return totals ?? { attempts: 0, failures: 0, accounts: 0, once: 0, withoutAddress: 0 };
}

export interface LockableAccount {
  readonly id: string;
  readonly failures: number;
  /** Null when it is not locked now. */
  readonly lockedUntil: string | null;
}

/** Accounts that are locked, or would have to be: the specification locks after more than five failures. */
export function readLockedAccounts(sql: Sql, failures: number): Promise<LockableAccount[]> {
  return sql<LockableAccount[]>`
    select id,
           coalesce(failed_login_count, 0) as failures,
           case when locked_until > now() then to_char(locked_until at time zone 'UTC', ${ISO}) end as "lockedUntil"
      from public.users
     where locked_until > now()
        or failed_login_count > ${failures} and status = 'ACTIVE' and locked_until is null
     order by failed_login_count desc, id
     limit 1000`;
}
