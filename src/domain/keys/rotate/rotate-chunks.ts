import type { Work } from '../../../context.ts';
import type { ChunkTotals } from './chunk-queries.ts';
import { readChunkTotals } from './chunk-queries.ts';
import { createClaims } from './claim.ts';
import type { Figures } from './figures.ts';
import { resultOf } from './figures.ts';
import type { RowTask } from './row-work.ts';
import { allOrStop, runRowWork, withJob } from './row-work.ts';
import type { RowWork } from './row-job.ts';
import type { RowWorkNeeds, RowWorkRequest, RowWorkResult } from './types.ts';
import { workChunks } from './work-chunks.ts';

/** Where a table has no statistics yet: the users table of the reference figures. */
const ROWS_PER_PAGE = 12;

/**
 * Renews the values in the chunks of a run, as many at once as `jobs` says, until none of the request's tables is open:
 * chunks that other processes hold are waited for, and taken over when their holder is gone. When the signal aborts it ends
 * after the statement under way. Rows that others change meanwhile, or hold locked, are left to the sweep.
 * @throws OrdersyncError `partial` when a whole table stays locked, and what the server's refusals mean
 */
export async function* rotateChunks(needs: RowWorkNeeds, request: RowWorkRequest): Work<RowWorkResult> {
  return yield* runRowWork(needs, request, {
    prepare: async (work) => prepareChunks(work),
    result: (figures) => resultOf(figures, { locked: { count: 0, rows: [] }, interrupted: needs.signal.aborted }),
  });
}

async function prepareChunks(work: RowWork): Promise<RowTask> {
  const { control, request, figures, signal, needs, say } = work;
  const scope = { run: request.run.id, tables: request.tables.map(({ table }) => table.name) };
  const totals = await readChunkTotals(control, scope);
  recordTotals(figures, totals);
  const onWait = () => say('other processes work on the chunks that are left: waiting for them');
  const claims = createClaims({ control, clock: needs.clock, signal, onWait }, scope);
  return {
    relations: totals.flatMap(({ relations }) => relations),
    keep: async () => claims.keep(),
    run: async () => runJobs(work, async (job) => workChunks(job, claims)),
  };
}

async function runJobs(work: RowWork, run: Parameters<typeof withJob<void>>[2]): Promise<void> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([work.signal, stopped.signal]);
  const jobs = Array.from({ length: work.request.jobs }, async () => withJob({ ...work, signal }, 'reader', run));
  await allOrStop(stopped, jobs);
}

function recordTotals({ tables }: Figures, totals: readonly ChunkTotals[]): void {
  for (const { table, pages, donePages, rowsPerPage } of totals) {
    const each = rowsPerPage ?? ROWS_PER_PAGE;
    const total = Math.round(pages * each);
    tables.set(table, { done: donePages * each, total, rowsPerPage: each, news: false });
  }
}
