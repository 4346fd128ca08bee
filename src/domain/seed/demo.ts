import { countThrough } from './counting.ts';
import { makeOrder, orderTime } from './order.ts';
import { plantedVisits } from './planted-visits.ts';
import { firstVisitFrom, makeVisit } from './visit.ts';
import type { World } from './world.ts';

/**
 * A world and the few things that cannot be derived row by row, because they sum up many of them: all that is remembered
 * between rows. Eight bytes a user are 70 kB at ten million rows.
 */
export interface Demo extends World {
  /** Number of the first visit that still has a session, and of the first whose log-in attempts are kept. */
  readonly firstSession: number;
  readonly firstAttempt: number;
  /** Each user's last log-in, in milliseconds; 0 for never. */
  readonly lastVisits: Float64Array;
  /** How many of each menu were ordered since midnight in Seoul, and not cancelled. */
  readonly soldToday: ReadonlyMap<number, number>;
}

const DAY_MS = 86_400_000;
/** What the scheduled jobs would have deleted by now is not made: sessions expired for a week, attempts of a month ago. */
const SESSION_DAYS = 14 + 7;
const ATTEMPT_DAYS = 30;

/** Stops when the signal aborts. */
export async function createDemo(world: World, signal: AbortSignal): Promise<Demo> {
  const firstOf = (days: number): number => firstVisitFrom(world, world.span.until - days * DAY_MS);
  return {
    ...world,
    firstSession: firstOf(SESSION_DAYS),
    firstAttempt: firstOf(ATTEMPT_DAYS),
    lastVisits: await findLastVisits(world, signal),
    soldToday: countSales(world),
  };
}

async function findLastVisits(world: World, signal: AbortSignal): Promise<Float64Array> {
  const last = new Float64Array(world.volumes.users);
  await countThrough([0, world.volumes.visits], signal, (index) => {
    const { user, at } = makeVisit(world, index);
    last[user] = at; // later visits have later times
  });
  for (const { user, at } of plantedVisits(world)) last[user] = at;
  return last;
}

const SEOUL_MS = 9 * 3_600_000;

function countSales(world: World): Map<number, number> {
  const { until } = world.span;
  const midnight = Math.floor((until + SEOUL_MS) / DAY_MS) * DAY_MS - SEOUL_MS;
  const sold = new Map<number, number>();
  for (let index = world.volumes.orders - 1; index >= 0 && orderTime(world, index) >= midnight; index -= 1) {
    const { lines, steps } = makeOrder(world, index);
    if (steps.at(-1)?.status === 'CANCELLED') continue;
    for (const { menu, quantity } of lines) sold.set(menu, (sold.get(menu) ?? 0) + quantity);
  }
  return sold;
}
