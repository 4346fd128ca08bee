import type { Session } from '../../db/session.ts';
import { inSection } from '../checks/section.ts';
import { requireRows } from './access.ts';
import type { AttemptTotals, Counted, LockableAccount } from './failed-logins-queries.ts';
import {
  readFailingAccounts,
  readLockedAccounts,
  readStuffingAddresses,
  readSuccessAfterFailures,
  readTotals,
} from './failed-logins-queries.ts';
import type { SecurityFinding, SecurityReport } from './finding.ts';

export interface FailedLoginsRequest {
  readonly sinceMs: number;
  /** Failures of one account. */
  readonly threshold: number;
  /** Accounts that fail from one address. */
  readonly accounts: number;
  /** Failures before a success. */
  readonly before: number;
  /** Accounts that fail once each, from wherever. */
  readonly burst: number;
  readonly limitMs: number;
}

/** `users.failed_login_count`: locked after more than this, says the specification. */
const LOCKING_FAILURES = 5;

/** The attacks that failed log-ins show, by account, by address, and over all. */
export async function findFailedLogins(session: Session, request: FailedLoginsRequest): Promise<SecurityReport> {
  await requireRows(session, ['login_attempts', 'users']);
  const { sql } = session;
  const { sinceMs, threshold, accounts, before, burst, limitMs } = request;
  return inSection(session, limitMs, async () => {
    const totals = await readTotals(sql, sinceMs);
    const findings = [
      ...(await readFailingAccounts(sql, sinceMs, threshold)).map(bruteForce),
      ...(await readStuffingAddresses(sql, sinceMs, accounts)).map(stuffing),
      ...(await readSuccessAfterFailures(sql, sinceMs, before)).map(takeover),
      ...burstOf(totals, burst),
      ...(await readLockedAccounts(sql, LOCKING_FAILURES)).map(locked),
    ];
    const { withoutAddress, attempts } = totals;
    return {
      findings,
      warnings:
        withoutAddress === 0
          ? []
          : [`${withoutAddress} of ${attempts} attempts have no ip_hash: they are not counted by address`],
    };
  });
}

function bruteForce({ subject, count, firstAt, lastAt, other }: Counted): SecurityFinding {
  const detail = `${count} failures on one account, from ${other} addresses`;
  return { severity: 'critical', finding: 'brute_force', subject, count, firstAt, lastAt, detail };
}

function stuffing({ subject, count, firstAt, lastAt, other }: Counted): SecurityFinding {
  const detail = `${count} accounts failed from one address; ${other} got in`;
  return { severity: 'critical', finding: 'credential_stuffing', subject, count, firstAt, lastAt, detail };
}

function takeover({ subject, count, firstAt, lastAt, other }: Counted): SecurityFinding {
  const detail = `a log-in succeeded after ${count} failures within 10 minutes, from ${other} addresses`;
  return { severity: 'critical', finding: 'success_after_failures', subject, count, firstAt, lastAt, detail };
}

function burstOf({ attempts, failures, accounts, once }: AttemptTotals, burst: number): SecurityFinding[] {
  if (once < burst) return [];
  const share = Math.round((100 * failures) / Math.max(1, attempts));
  const detail = `${once} of ${accounts} accounts failed exactly once; ${share} % of ${attempts} attempts failed`;
  return [
    {
      severity: 'critical',
      finding: 'failure_burst',
      subject: 'all accounts',
      count: once,
      firstAt: null,
      lastAt: null,
      detail,
    },
  ];
}

function locked({ id, failures, lockedUntil }: LockableAccount): SecurityFinding {
  const rest = { subject: `user ${id}`, count: failures, firstAt: null, lastAt: null };
  return lockedUntil === null
    ? {
        severity: 'critical',
        finding: 'not_locked',
        ...rest,
        detail: `${failures} failures, and the account was never locked`,
      }
    : { severity: 'warning', finding: 'locked_account', ...rest, detail: `locked until ${lockedUntil}` };
}
