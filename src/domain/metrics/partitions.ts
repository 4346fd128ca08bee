import { inTransaction } from '../../db/transaction.ts';
import { readTableStates } from '../partitions/catalog.ts';
import { runwayMs } from '../partitions/check/ranges.ts';
import { monthOf, monthsLater, startOf } from '../partitions/month.ts';
import type { TableState } from '../partitions/table.ts';
import { readOnlyMode } from '../reports/session-settings.ts';
import type { Sample } from './family.ts';
import { sample } from './family.ts';
import { PARTITION } from './own.ts';
import type { Look } from './own-collector.ts';

/** The specification keeps six months; whole months leave. */
const KEPT_MONTHS = 6;

/** Runway, catch-alls and what waits for the archive, from the catalogue alone: no row is read. */
export const collectPartitions: Look = async ({ session, clock }, statementTimeoutMs) => {
  const tables = await inTransaction(
    session,
    () => readTableStates(session, []),
    readOnlyMode(statementTimeoutMs, { searchPath: false }),
  );
  const now = clock.now().getTime();
  return { samples: tables.flatMap((table) => samplesOf(table, now)), problem: undefined };
};

function samplesOf(table: TableState, now: number): Sample[] {
  const months = table.partitions.filter(({ kind }) => kind === 'month');
  const caught = table.partitions.filter(
    ({ kind }) => kind === 'underflow' || kind === 'overflow' || kind === 'default',
  );
  const cut = startOf(monthsLater(monthOf(now), -KEPT_MONTHS));
  const due = months.filter(({ end }) => end <= cut);
  const figures = [
    [PARTITION.runway, Math.max(0, runwayMs(table, now)) / 1000],
    [PARTITION.months, months.length],
    [PARTITION.caught, caught.reduce((sum, { rows }) => sum + Math.max(0, rows), 0)],
    [PARTITION.pending, table.partitions.filter(({ pending }) => pending).length],
    [PARTITION.due, due.length],
    [PARTITION.dueBytes, due.reduce((sum, { bytes }) => sum + bytes, 0n)],
  ] as const;
  return figures.flatMap(([family, value]) => sample(family, value, [table.name]) ?? []);
}
