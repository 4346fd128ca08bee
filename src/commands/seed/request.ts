import type { SeedRequest } from '../../domain/seed/plan.ts';
import type { TableName } from '../../domain/seed/table.ts';
import { SEED_TABLES } from '../../domain/seed/tables.ts';
import { parseScale } from '../../domain/seed/volumes.ts';
import { OrdersyncError } from '../../errors.ts';

export interface SeedOptions {
  readonly scale: string;
  readonly months: number;
  readonly until: string | undefined;
  readonly randomSeed: string;
  readonly tables: readonly string[];
}

const MINUTE_MS = 60_000;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/u;

/** What the words of the call mean. @throws OrdersyncError usage */
export function parseSeedRequest(options: SeedOptions, now: Date): SeedRequest {
  const { scale, months, until, randomSeed, tables } = options;
  return {
    rows: parseScale(scale),
    months,
    until: until === undefined ? thisMinute(now) : parseUntil(until, now),
    randomSeed,
    tables: tables.length === 0 ? undefined : tables.flatMap((list) => list.split(',').map(parseTable)),
  };
}

/** The planted attacks belong to the last hour before now, so a coarser default would hide them from the reports. */
function thisMinute(now: Date): Date {
  return new Date(Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS);
}

function parseUntil(text: string, now: Date): Date {
  const until = new Date(INSTANT.test(text) ? text : Number.NaN);
  if (Number.isNaN(until.getTime()) || until.getUTCFullYear() < 1990) {
    throw new OrdersyncError('usage', `--until: "${text}" is not a time`, {
      hint: 'write it with its zone, such as 2026-11-01T00:00Z or 2026-11-01T09:00+09:00',
    });
  }
  if (until <= now) return until;
  throw new OrdersyncError('usage', `--until: ${text} is in the future`, {
    hint: 'demo data is history; leave --until out to let it end now',
  });
}

function parseTable(text: string): TableName {
  const name = text.trim();
  const table = SEED_TABLES.find((candidate) => candidate.name === name);
  if (table !== undefined) return table.name;
  throw new OrdersyncError('usage', `--tables: "${name}" is not a table that is seeded`, {
    hint: `there are ${SEED_TABLES.map((candidate) => candidate.name).join(', ')}`,
  });
}
