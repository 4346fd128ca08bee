import type { Client } from './clients.ts';
import { clientOf } from './clients.ts';
import { between, chance, fraction } from './random.ts';
import { anyUserAt, customerAt } from './world.ts';
import type { World } from './world.ts';

/** A log-in that succeeded, the typing errors before it, and the log-out after it. Times in milliseconds. */
export interface Visit {
  readonly at: number;
  readonly user: number;
  readonly client: Client;
  readonly failures: readonly number[];
  /** Null for a session that just runs out, or still goes on. */
  readonly endedAt: number | null;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const TYPING_ERROR_SHARE = 0.07;
const LOGOUT_SHARE = 0.6;
const CUSTOMER_SHARE = 0.85;

/** The nth visit, oldest first. */
export function makeVisit(world: World, index: number): Visit {
  const random = world.random('visit', index);
  const at = visitTime(world, index);
  const user = chance(random, CUSTOMER_SHARE) ? customerAt(world, random, at) : anyUserAt(world, random, at);
  const client = clientOf(random, user);
  const errors = chance(random, TYPING_ERROR_SHARE) ? between(random, 1, 2) : 0;
  const failures = Array.from({ length: errors }, (_, nth) => at - (errors - nth) * between(random, 4, 20) * SECOND);
  const ends = at + between(random, 2, 90) * MINUTE;
  const endedAt = chance(random, LOGOUT_SHARE) && ends <= world.span.until ? ends : null;
  return { at, user, client, failures: failures.filter((time) => time >= world.span.start), endedAt };
}

/** Later visits never have earlier times. */
function visitTime(world: World, index: number): number {
  const within = fraction(world.random('visit time', index));
  return world.timeAt((index + within) / world.volumes.visits);
}

/** The number of the first visit at or after a time. */
export function firstVisitFrom(world: World, time: number): number {
  let low = 0;
  let high = world.volumes.visits;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (visitTime(world, middle) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
