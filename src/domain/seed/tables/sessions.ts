import { isoTime } from '../calendar.ts';
import type { Demo } from '../demo.ts';
import { plantedFailures, plantedVisits } from '../planted-visits.ts';
import type { FailedAttempt } from '../planted-visits.ts';
import { contactOf } from '../contact.ts';
import { hex, pick, uuidV4 } from '../random.ts';
import type { Random } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { blind } from '../table.ts';
import type { Visit } from '../visit.ts';
import { makeVisit } from '../visit.ts';
import { userId } from '../world.ts';

const ACCESS_MS = 3_600_000;
const REFRESH_MS = 14 * 86_400_000;

/** Visits one by one, and after them the planted ones as one unit. */
export const userSessions: SeedTable = {
  name: 'user_sessions',
  columns: [
    'id',
    'user_id',
    'access_token_hash',
    'refresh_token_hash',
    'ip_address_encrypted',
    'ip_hash',
    'user_agent_encrypted',
    'device_info_encrypted',
    'expires_at',
    'refresh_expires_at',
    'last_activity_at',
    'is_revoked',
    'created_at',
  ],
  needs: ['users'],
  unitsOf: ({ volumes, firstSession }) => volumes.visits - firstSession + 1,
  rowsOf: (demo, unit) => {
    const index = demo.firstSession + unit;
    const random = demo.random('session', index);
    const visits = index < demo.volumes.visits ? [makeVisit(demo, index)] : plantedVisits(demo);
    return visits.map((visit) => sessionRow(demo, random, visit));
  },
};

function sessionRow(demo: Demo, random: Random, { at, user, client, endedAt }: Visit): SeedRow {
  return {
    id: uuidV4(random),
    user_id: userId(demo, user),
    access_token_hash: hex(random, 8),
    refresh_token_hash: hex(random, 8),
    ip_address_encrypted: client.ip,
    ip_hash: blind('ip', client.ip),
    user_agent_encrypted: client.agent,
    device_info_encrypted: JSON.stringify({
      device: pick(random, ['phone', 'phone', 'tablet', 'desktop']),
      push: hex(random, 2),
    }),
    expires_at: isoTime(at + ACCESS_MS),
    refresh_expires_at: isoTime(at + REFRESH_MS),
    last_activity_at: isoTime(endedAt ?? Math.min(at + ACCESS_MS / 2, demo.span.until)),
    is_revoked: endedAt !== null,
    created_at: isoTime(at),
  };
}

export const loginAttempts: SeedTable = {
  name: 'login_attempts',
  columns: [
    'id',
    'email_hash',
    'ip_address_encrypted',
    'ip_hash',
    'user_agent_encrypted',
    'success',
    'failure_reason',
    'created_at',
  ],
  needs: [],
  unitsOf: ({ volumes, firstAttempt }) => volumes.visits - firstAttempt + 1,
  rowsOf: (demo, unit) => {
    const index = demo.firstAttempt + unit;
    const random = demo.random('login attempt', index);
    if (index < demo.volumes.visits) return attemptsOf(demo, random, makeVisit(demo, index));
    const successes = plantedVisits(demo).flatMap((visit) => attemptsOf(demo, random, visit));
    return [...successes, ...plantedFailures(demo).map((attempt) => attemptRow(random, attempt))];
  },
};

function attemptsOf(demo: Demo, random: Random, { at, user, client, failures }: Visit): SeedRow[] {
  const { email } = contactOf(demo, user);
  const failed = failures.map((time) =>
    attemptRow(random, { at: time, email, user, ...client, reason: 'INVALID_PASSWORD' }),
  );
  return [...failed, attemptRow(random, { at, email, user, ...client, reason: null })];
}

function attemptRow(
  random: Random,
  { at, email, ip, agent, reason }: Omit<FailedAttempt, 'reason'> & { readonly reason: FailedAttempt['reason'] | null },
): SeedRow {
  return {
    id: uuidV4(random),
    email_hash: blind('email', email),
    ip_address_encrypted: ip,
    ip_hash: blind('ip', ip),
    user_agent_encrypted: agent,
    success: reason === null,
    failure_reason: reason,
    created_at: isoTime(at),
  };
}
