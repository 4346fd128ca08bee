import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { recordBadValues } from './bad-row-queries.ts';
import type { Claims } from './claim.ts';
import { readAhead } from './read-ahead.ts';
import type { ChunkRead, OpenChunk } from './read-chunks.ts';
import { readChunks } from './read-chunks.ts';
import { readPendingRows } from './read-stripes.ts';
import { renewStripe } from './renew-stripe.ts';
import type { RowJob, Target } from './row-job.ts';
import { readerOf, whileItStands, writerOf } from './row-job.ts';
import type { BadValue, Stripe } from './stripe.ts';
import { cutStripe, fieldCount, packRows } from './stripe.ts';
import { renewedRows, writeStripe } from './write-stripe.ts';
import { createWriteLine } from './write-line.ts';
import type { WriteLine } from './write-line.ts';

/**
 * At full speed the server has the next statement before it has answered the last one: between two it would wait for this
 * process, a fifth of the time with large rows.
 */
const STATEMENTS_AT_ONCE = { fullSpeed: 2, gentle: 1 };

/**
 * Works on chunks until none is open, or the signal aborts: then it stops after the stripes that are being written. While
 * the server writes a stripe the next one is read and encrypted.
 */
export async function workChunks(job: RowJob, claims: Claims): Promise<void> {
  const unfinished = new Set<OpenChunk>();
  const reads = readAhead(readChunks(job, claims, (open) => unfinished.add(open)));
  const line = createWriteLine(job.request.pace.fullSpeed ? STATEMENTS_AT_ONCE.fullSpeed : STATEMENTS_AT_ONCE.gentle);
  try {
    for await (const read of reads) {
      await workRead(job, read, line);
      if (job.signal.aborted) break;
      if (!read.last) continue;
      line.startAfterAll(async () => {
        await claims.finish(read.open.chunk, read.open.counts);
        unfinished.delete(read.open);
        job.figures.chunks += 1;
      });
    }
    await line.wait();
  } finally {
    await line.settled();
    if (!job.control.lost) for (const { chunk, counts } of unfinished) await claims.abandon(chunk, counts);
  }
}

async function workRead(job: RowJob, { found, open, share }: ChunkRead, line: WriteLine): Promise<void> {
  const { chunk } = open;
  const pages = (chunk.endPage - chunk.firstPage) * share;
  if (found === undefined) return progressed(job, chunk.table, pages);
  const { target, stripe, statementRows } = found;
  for (const piece of cutStripe(stripe, statementRows)) {
    if (job.signal.aborted) return;
    const ready = await renew(job, target, piece);
    await line.room();
    if (job.signal.aborted || open.gone) return;
    line.start(async () =>
      job.pace.write(async () => {
        open.gone ||= !(await write(job, { target, ready, open }));
        progressed(job, chunk.table, (pages * piece.rows) / stripe.rows);
      }),
    );
  }
}

interface Ready {
  readonly stripe: Stripe;
  readonly texts: readonly string[];
  readonly bad: readonly BadValue[];
}

async function renew(job: RowJob, target: Target, stripe: Stripe): Promise<Ready> {
  const renewal = { batch: job.needs.batch, ring: job.ring, to: job.request.run.to.key };
  // Were there commas in the row ids and in a text, the counts could agree and every value stand one row off.
  if (stripe.rowIds === stripe.ids || fieldCount(stripe.rowIds) === stripe.rows) {
    try {
      return { stripe, ...(await job.pace.prepare(async () => renewStripe(renewal, target.table, stripe))) };
    } catch (error) {
      // Not as many fields as rows: some value in it is no ciphertext. The rows are taken apart to find it.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const { ids } = stripe;
  const request = { ids, runId: job.request.run.id, since: 'infinity' };
  const reader = readerOf(job, target);
  const rows = await whileItStands(job, target.relation, async () => readPendingRows(reader, request));
  const packed = packRows(target.table, rows ?? []);
  const renewed = await job.pace.prepare(async () => renewStripe(renewal, target.table, packed.stripe));
  return { stripe: packed.stripe, texts: renewed.texts, bad: [...packed.bad, ...renewed.bad] };
}

/** False when the relation is not there any more. */
async function write(
  job: RowJob,
  { target, ready, open }: { readonly target: Target; readonly ready: Ready; readonly open: OpenChunk },
): Promise<boolean> {
  const { stripe, texts, bad } = ready;
  const expected = renewedRows(stripe, texts, bad.length === 0);
  if (expected > 0) {
    try {
      const writing = writeStripe(writerOf(job, target), { stripe, texts }, open.leaveLocked);
      const written = await underWay(job, writing);
      open.leaveLocked ||= written.lockedLeftOut;
      open.counts = { rows: open.counts.rows + written.rows, values: open.counts.values + written.values };
      job.figures.rows += written.rows;
      job.figures.values += written.values;
      job.figures.misses += expected - written.rows;
      job.throttle.wrote(written.rows);
    } catch (error) {
      if (sqlstateOf(error) !== SQLSTATE.undefinedTable) throw error;
      return false;
    }
  }
  if (bad.length > 0) {
    const values = { run: job.request.run.id, table: target.table.table.name, values: bad };
    job.figures.bad += await recordBadValues(job.control, values);
  }
  return true;
}

/** The statement is sent, and its answer not here yet. */
async function underWay<Result>({ needs }: RowJob, statement: Promise<Result>): Promise<Result> {
  try {
    needs.reach('mid-stripe');
  } catch (error) {
    await Promise.allSettled([statement]);
    throw error;
  }
  return statement;
}

function progressed({ figures }: RowJob, table: string, pages: number): void {
  const progress = figures.tables.get(table);
  if (progress === undefined) return;
  progress.done += pages * progress.rowsPerPage;
  progress.news = true;
}
