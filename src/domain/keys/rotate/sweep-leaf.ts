import type { TextRow } from '../../../db/text.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { recordBadValues } from './bad-row-queries.ts';
import type { Leaf } from './relation-queries.ts';
import type { PlaceRange } from './places.ts';
import { rangeOfPages } from './places.ts';
import { readPendingRows } from './read-stripes.ts';
import { renewStripe } from './renew-stripe.ts';
import type { RowJob, Target } from './row-job.ts';
import { readerOf, targetOf, whileItStands, writerOf } from './row-job.ts';
import type { BadValue, Stripe } from './stripe.ts';
import { packRows } from './stripe.ts';
import type { RotationTable } from './types.ts';
import { renewedRows, writeStripe } from './write-stripe.ts';

/** What a pass over a relation came to. */
export interface PassOutcome {
  /** Rows that were pending. */
  readonly found: number;
  /** Rows renewed, and values recorded as undecryptable: nothing of either is found again. */
  readonly settled: number;
  /** Rows that are still pending after it: locked, or changed meanwhile. Some are named. */
  readonly left: { readonly count: number; readonly ids: readonly string[] };
}

export interface LeafRequest {
  readonly table: RotationTable;
  readonly leaf: Leaf;
  /** Values found undecryptable since then are passed over. */
  readonly since: string;
  readonly leaveLocked: boolean;
}

/** So many rows are named; all are counted. */
export const NAMED_ROWS = 100;
const NONE_LEFT = { count: 0, ids: [] };
const RANGE_PAGES = 16_384; // 128 MB: no snapshot and no statement lasts long, whatever the size of the table
const SCAN_ROWS = 20_000;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Renews the pending rows of one relation in the order of their ids, page range by page range. */
export async function sweepLeaf(job: RowJob, request: LeafRequest): Promise<PassOutcome> {
  const { table, leaf } = request;
  const target = targetOf(table, leaf.name);
  const outcomes: PassOutcome[] = [];
  for (let first = 0; first < leaf.pages; first += RANGE_PAGES) {
    const last = first + RANGE_PAGES >= leaf.pages;
    // The last range is open: rows may be added while the others are worked on.
    const range = rangeOfPages(first, last ? 0xffff_ffff : first + RANGE_PAGES);
    for await (const batch of scanRange(job, { target, range, since: request.since })) {
      outcomes.push(await sweepBatch(job, target, { ids: batch, ...request }));
      if (job.signal.aborted) return addUp(outcomes);
    }
  }
  return addUp(outcomes);
}

export function addUp(outcomes: readonly PassOutcome[]): PassOutcome {
  return {
    found: outcomes.reduce((sum, { found }) => sum + found, 0),
    settled: outcomes.reduce((sum, { settled }) => sum + settled, 0),
    left: {
      count: outcomes.reduce((sum, { left }) => sum + left.count, 0),
      ids: outcomes.flatMap(({ left }) => left.ids).slice(0, NAMED_ROWS),
    },
  };
}

interface ScanRow extends TextRow {
  readonly id: string;
  readonly bytes: number;
}

/** Ids of pending rows, cut into batches by number and by bytes. */
async function* scanRange(
  job: RowJob,
  { target, range, since }: { readonly target: Target; readonly range: PlaceRange; readonly since: string },
): AsyncGenerator<string[], void, void> {
  const { run } = job.request;
  const { statementRows } = readerOf(job, target);
  let after: string | null = null;
  do {
    const parameters = [run.to.keyId, range.first, range.end, run.id, target.table.table.name, since, after, SCAN_ROWS];
    const rows: readonly ScanRow[] =
      (await whileItStands(job, target.relation, async () =>
        job.pace.prepare(async () => job.reader.run<ScanRow>(target.statements.scan, parameters)),
      )) ?? [];
    yield* batchesOf(rows, statementRows);
    after = rows.length < SCAN_ROWS ? null : (rows.at(-1)?.id ?? null);
  } while (after !== null && !job.signal.aborted);
}

function* batchesOf(rows: readonly ScanRow[], most: number): Generator<string[], void, void> {
  let batch: string[] = [];
  let batchBytes = 0;
  for (const { id, bytes } of rows) {
    if (batch.length > 0 && (batch.length >= most || batchBytes + bytes > BATCH_BYTES)) {
      yield batch;
      [batch, batchBytes] = [[], 0];
    }
    batch.push(id);
    batchBytes += bytes;
  }
  if (batch.length > 0) yield batch;
}

interface BatchRequest extends LeafRequest {
  readonly ids: readonly string[];
}

async function sweepBatch(job: RowJob, target: Target, request: BatchRequest): Promise<PassOutcome> {
  const { run } = job.request;
  const renewal = { batch: job.needs.batch, ring: job.ring, to: run.to.key };
  const reader = readerOf(job, target);
  const wanted = { ids: request.ids.join(','), runId: run.id, since: request.since };
  const rows = (await whileItStands(job, target.relation, async () => readPendingRows(reader, wanted))) ?? [];
  if (rows.length === 0) return { found: 0, settled: 0, left: NONE_LEFT };
  const { stripe, bad: unfit } = packRows(target.table, rows);
  const { texts, bad: undecryptable } = await job.pace.prepare(async () => renewStripe(renewal, target.table, stripe));
  const faulty = [...unfit, ...undecryptable];
  const bad = [...faulty, ...mismatched(target.table, { stripe, texts, faulty })];
  const expected = renewedRows(stripe, texts, bad.length === 0);
  const written = await write(job, target, { stripe, texts, expected, leaveLocked: request.leaveLocked });
  if (bad.length > 0) {
    const values = { run: run.id, table: target.table.table.name, values: bad };
    job.figures.bad += await recordBadValues(job.control, values);
  }
  const settled = written + bad.length;
  if (written === expected) return { found: rows.length, settled, left: NONE_LEFT };
  const left = (await whileItStands(job, target.relation, async () => readPendingRows(reader, wanted))) ?? [];
  const ids = left.slice(0, NAMED_ROWS).map(({ id }) => id);
  return { found: rows.length, settled, left: { count: left.length, ids } };
}

interface Batch {
  readonly stripe: Stripe;
  readonly texts: readonly string[];
  /** Rows with a new text. */
  readonly expected: number;
  readonly leaveLocked: boolean;
}

/** @returns how many rows were written */
async function write(job: RowJob, target: Target, { stripe, texts, expected, leaveLocked }: Batch): Promise<number> {
  if (expected === 0) return 0;
  const { figures, pace, throttle } = job;
  let rows = 0;
  try {
    await pace.write(async () => {
      const written = await writeStripe(writerOf(job, target), { stripe, texts }, leaveLocked);
      rows = written.rows;
      figures.rows += rows;
      figures.values += written.values;
      throttle.wrote(rows);
    });
  } catch (error) {
    // Dropped meanwhile, with its values.
    if (sqlstateOf(error) !== SQLSTATE.undefinedTable) throw error;
    return expected;
  }
  const progress = figures.tables.get(target.table.table.name);
  if (progress !== undefined) Object.assign(progress, { done: progress.done + rows, news: true });
  return rows;
}

/** Values that were handed to the cipher, came back as they were, and are not at fault: under the target key already. */
function mismatched(
  { pairs }: RotationTable,
  {
    stripe,
    texts,
    faulty,
  }: { readonly stripe: Stripe; readonly texts: readonly string[]; readonly faulty: readonly BadValue[] },
): BadValue[] {
  const ids = stripe.ids.split(',');
  const known = new Set(faulty.map(({ id, column }) => `${id} ${column}`));
  return pairs.flatMap(({ value: column }, position) => {
    const before = stripe.texts[position]?.split(',') ?? [];
    const after = texts[position]?.split(',') ?? [];
    return before.flatMap((text, row): BadValue[] => {
      const id = ids[row] ?? '';
      if (text === '' || after[row] !== '' || known.has(`${id} ${column}`)) return [];
      return [{ id, column, reason: 'key_mismatch' }];
    });
  });
}
