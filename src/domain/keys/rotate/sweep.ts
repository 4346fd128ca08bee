import type { Work } from '../../../context.ts';
import { forgetHealedValues } from './bad-row-queries.ts';
import { readLeaves } from './relation-queries.ts';
import { resultOf } from './figures.ts';
import type { RowJob } from './row-job.ts';
import { runRowWork, withJob } from './row-work.ts';
import { createStandstill } from './standstill.ts';
import { addUp, NAMED_ROWS, sweepLeaf } from './sweep-leaf.ts';
import type { PassOutcome } from './sweep-leaf.ts';
import { withSweepLock } from './sweep-lock.ts';
import { readServerTime } from './sweep-queries.ts';
import type { RotationTable, RowWorkNeeds, RowWorkRequest, RowWorkResult } from './types.ts';

type Locked = RowWorkResult['locked'];

const NONE_LOCKED: Locked = { count: 0, rows: [] };
/** When so many passes found work, something keeps writing under another key; the proof then says what is left. */
const MOST_PASSES = 50;

/**
 * Renews what is left of the request's tables, to zero: rows that were changed or locked while their chunk was worked on,
 * and rows that came later, in partitions that came later too. One process sweeps a run at a time; others wait, and then
 * find nothing. Values that cannot be decrypted are tried once more and then passed over. Rows that stay locked are named.
 * @throws OrdersyncError `partial` when a whole table stays locked, and what the server's refusals mean
 */
export async function* sweepRows(needs: RowWorkNeeds, request: RowWorkRequest): Work<RowWorkResult> {
  let locked = NONE_LOCKED;
  return yield* runRowWork(needs, request, {
    prepare: async (work) => {
      const relations: number[] = [];
      for (const { table } of request.tables) {
        for (const { relationId } of await readLeaves(work.control, table.name)) relations.push(relationId);
        work.figures.tables.set(table.name, { done: 0, total: undefined, rowsPerPage: 1, news: false });
      }
      return {
        relations,
        keep: async () => undefined,
        run: async () =>
          withSweepLock(work, async () => {
            locked = await withJob(work, 'scanner', sweepToZero);
          }),
      };
    },
    result: (figures) => resultOf(figures, { locked, interrupted: needs.signal.aborted }),
  });
}

/** Passes over the tables until one finds nothing; a table is left out once a pass found nothing in it. */
async function sweepToZero(job: RowJob): Promise<Locked> {
  const { request, needs, signal } = job;
  const since = await readServerTime(job.control);
  const standstill = createStandstill(needs.clock);
  let locked = NONE_LOCKED;
  let unswept = request.tables;
  for (let pass = 1; pass <= MOST_PASSES && unswept.length > 0; pass += 1) {
    const passed: { table: RotationTable; outcome: PassOutcome }[] = [];
    for (const table of unswept) {
      passed.push({ table, outcome: await sweepTable(job, table, { since, leaveLocked: pass > 1 }) });
      if (signal.aborted) return locked;
    }
    unswept = passed.filter(({ outcome }) => outcome.found > 0).map(({ table }) => table);
    locked = NONE_LOCKED;
    if (unswept.length === 0) break;
    locked = lockedOf(passed);
    if (
      await standstill.lasts(
        passed.some(({ outcome }) => outcome.settled > 0),
        signal,
      )
    )
      break;
  }
  if (signal.aborted) return locked;
  for (const table of request.tables) await forgetHealedValues(job.reader, request.run, table);
  return locked;
}

/** The partitions are asked for in every pass: months come and go. */
async function sweepTable(
  job: RowJob,
  table: RotationTable,
  request: { readonly since: string; readonly leaveLocked: boolean },
): Promise<PassOutcome> {
  const outcomes: PassOutcome[] = [];
  const progress = job.figures.tables.get(table.table.name);
  if (progress !== undefined) progress.news = true; // a pass that finds nothing is told too
  for (const leaf of await readLeaves(job.control, table.table.name)) {
    outcomes.push(await sweepLeaf(job, { table, leaf, ...request }));
    if (job.signal.aborted) break;
  }
  return addUp(outcomes);
}

function lockedOf(passed: readonly { readonly table: RotationTable; readonly outcome: PassOutcome }[]): Locked {
  const rows = passed.flatMap(({ table, outcome }) => outcome.left.ids.map((id) => ({ table: table.table.name, id })));
  const count = passed.reduce((sum, { outcome }) => sum + outcome.left.count, 0);
  return { count, rows: rows.slice(0, NAMED_ROWS) };
}
