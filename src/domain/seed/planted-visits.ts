import { TOOL_AGENT } from './clients.ts';
import { PLANTED, PLANTED_CUSTOMER, plantedTime } from './planted.ts';
import { digits, pick } from './random.ts';
import { contactOf } from './contact.ts';
import type { Visit } from './visit.ts';
import { firstCustomer } from './world.ts';
import type { World } from './world.ts';

/** A log-in attempt that failed. */
export interface FailedAttempt {
  readonly at: number;
  readonly email: string;
  /** Null when no account has that address. */
  readonly user: number | null;
  readonly ip: string;
  readonly agent: string;
  readonly reason: 'INVALID_PASSWORD' | 'ACCOUNT_LOCKED' | 'UNKNOWN_ACCOUNT';
}

const BUSY_AGENT = 'OrderSync/5.2.1 (Shared kiosk; ko_KR)';

/** The log-ins of planted attacks that succeed: the takeover's, and those of the busy address, which all log out again. */
export function plantedVisits(world: World): Visit[] {
  const { busyAddress, takeover } = PLANTED;
  const { until } = world.span;
  const first = firstCustomer(world);
  const busy = Array.from({ length: busyAddress.logins }, (_, nth): Visit => {
    const at = plantedTime(until, busyAddress, [nth, busyAddress.logins]);
    const user = first + PLANTED_CUSTOMER.busyAddress + (nth % busyAddress.users);
    return { at, user, client: { ip: busyAddress.ip, agent: BUSY_AGENT }, failures: [], endedAt: at + 20_000 };
  });
  const intruder = { ip: takeover.ip, agent: TOOL_AGENT };
  const taken = { at: plantedTime(until, takeover, [1, 1]), user: first + PLANTED_CUSTOMER.takeover, client: intruder };
  return [...busy, { ...taken, failures: [], endedAt: null }];
}

/** The failures of planted attacks, each of them one log-in attempt. */
export function plantedFailures(world: World): FailedAttempt[] {
  return [...bruteForce(world), ...takeoverFailures(world), ...stuffing(world)];
}

function bruteForce(world: World): FailedAttempt[] {
  const { failures, lockedAt, ip } = PLANTED.bruteForce;
  const user = firstCustomer(world) + PLANTED_CUSTOMER.bruteForce;
  return Array.from({ length: failures }, (_, nth) => ({
    at: plantedTime(world.span.until, PLANTED.bruteForce, [nth, failures]),
    email: contactOf(world, user).email,
    user,
    ip,
    agent: TOOL_AGENT,
    reason: nth < lockedAt ? 'INVALID_PASSWORD' : 'ACCOUNT_LOCKED',
  }));
}

function takeoverFailures(world: World): FailedAttempt[] {
  const { failures, ip } = PLANTED.takeover;
  const user = firstCustomer(world) + PLANTED_CUSTOMER.takeover;
  return Array.from({ length: failures }, (_, nth) => ({
    at: plantedTime(world.span.until, PLANTED.takeover, [nth, failures]),
    email: contactOf(world, user).email,
    user,
    ip,
    agent: TOOL_AGENT,
    reason: 'INVALID_PASSWORD',
  }));
}

function stuffing(world: World): FailedAttempt[] {
  const { accounts, customers, ips } = PLANTED.stuffing;
  const random = world.random('leaked list', 0);
  return Array.from({ length: accounts }, (_, nth): FailedAttempt => {
    const at = plantedTime(world.span.until, PLANTED.stuffing, [nth, accounts]);
    const source = { ip: ips[nth % ips.length] ?? ips[0], agent: TOOL_AGENT };
    // Customers stand spread over the list.
    const customer = nth % Math.floor(accounts / customers) === 0 ? nth / Math.floor(accounts / customers) : customers;
    if (customer < customers) {
      const user = firstCustomer(world) + PLANTED_CUSTOMER.stuffing + customer;
      return { at, email: contactOf(world, user).email, user, ...source, reason: 'INVALID_PASSWORD' };
    }
    const email = `${pick(random, world.words.englishFirst).toLowerCase()}${nth}${digits(random, 3)}@example.com`;
    return { at, email, user: null, ...source, reason: 'UNKNOWN_ACCOUNT' };
  });
}
