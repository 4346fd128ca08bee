import type { Context, Work } from '../../../context.ts';
import type { BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import type { Session } from '../../../db/session.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import type { HashFault, IndexPair } from './judge.ts';
import { judgeHash } from './judge.ts';
import type { IndexPlace } from './places.ts';
import type { HashedRow, NewHash } from './row-queries.ts';
import { readHashedRows } from './row-queries.ts';
import type { Translation } from './write-batch.ts';
import { writeBatch } from './write-batch.ts';

/** Rows read at once; a batch is one transaction of a few milliseconds. */
const BATCH_ROWS = 500;
/** Hashes that are named in a report; all are counted. */
const NAMED = 100;

export interface IndexRun {
  readonly purpose: BlindIndexPurpose;
  /** Of the key that is rotated to. */
  readonly version: number;
  readonly keys: DatabaseKeys;
  readonly indexes: IndexPair;
  /** False: works at most half of the time. */
  readonly fullSpeed: boolean;
}

export interface BadHash {
  readonly table: string;
  readonly column: string;
  readonly id: string;
  readonly fault: HashFault | 'duplicate';
}

export interface RenewTotals {
  readonly seen: number;
  readonly renewed: number;
  /** Hashes of columns without a value beside them, renewed because the same value stood here. */
  readonly translated: number;
  /** Rows that others changed or held locked meanwhile. */
  readonly missed: number;
  readonly badCount: number;
  readonly bad: readonly BadHash[];
}

export const NOTHING: RenewTotals = { seen: 0, renewed: 0, translated: 0, missed: 0, badCount: 0, bad: [] };

export interface RenewRequest {
  readonly place: IndexPlace;
  /** Where to go on; null for the beginning. */
  readonly after: readonly string[] | null;
  /** Whether the way that was made is to be kept, for a run that goes on from there. */
  readonly record: boolean;
}

/** One pass over a table: every hash under the older key is replaced by that under the newer one. */
export async function* renewHashes(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  run: IndexRun,
  { place, after, record }: RenewRequest,
): Work<RenewTotals> {
  let totals = NOTHING;
  let position = after;
  for (;;) {
    ctx.signal.throwIfAborted();
    const started = ctx.clock.monotonicMs();
    const rows = await readHashedRows(session, place, { after: position, limit: BATCH_ROWS });
    const batch = await renewBatch(session, run, { place, rows, record });
    totals = sumOf(totals, batch);
    yield progressOf(place, totals);
    if (rows.length < BATCH_ROWS) return totals;
    position = rows.at(-1)?.key ?? position;
    if (!run.fullSpeed) await ctx.clock.sleep(ctx.clock.monotonicMs() - started, ctx.signal);
  }
}

export function sumOf(left: RenewTotals, right: RenewTotals): RenewTotals {
  return {
    seen: left.seen + right.seen,
    renewed: left.renewed + right.renewed,
    translated: left.translated + right.translated,
    missed: left.missed + right.missed,
    badCount: left.badCount + right.badCount,
    bad: [...left.bad, ...right.bad].slice(0, NAMED),
  };
}

async function renewBatch(
  session: Session,
  run: IndexRun,
  {
    place,
    rows,
    record,
  }: { readonly place: IndexPlace; readonly rows: readonly HashedRow[]; readonly record: boolean },
): Promise<RenewTotals> {
  const keySet = await run.keys.keysFor(rows.flatMap(({ value }) => kidOf(value) ?? []));
  const renewals: NewHash[] = [];
  const translations: Translation[] = [];
  const bad: BadHash[] = [];
  for (const row of rows) {
    const judged = judgeHash(place, row, run.indexes, keySet);
    if (judged.kind === 'bad') bad.push(badHash(place, row.key, judged.fault));
    else translations.push({ from: judged.older, to: judged.newer });
    if (judged.kind === 'renew') {
      renewals.push({ key: row.key, version: row.version, hash: judged.newer, previous: judged.older });
    }
  }
  const step = { purpose: run.purpose, version: run.version, table: place.table.name, seen: rows.length };
  const position = rows.at(-1)?.key ?? null;
  const written = await writeBatch(session, {
    place,
    renewals,
    translations,
    progress: record ? { ...step, position, done: rows.length < BATCH_ROWS } : undefined,
  });
  const all = [...bad, ...written.duplicates.map(({ key }) => badHash(place, key, 'duplicate'))];
  return { ...written, seen: rows.length, badCount: all.length, bad: all };
}

function badHash({ table, index }: IndexPlace, key: readonly string[], fault: BadHash['fault']): BadHash {
  return { table: table.name, column: index.column, id: key[0] ?? '', fault };
}

function progressOf({ table, index }: IndexPlace, { seen, renewed, missed, badCount }: RenewTotals) {
  return {
    kind: 'progress' as const,
    label: `${table.name}.${index.column}`,
    done: seen,
    unit: 'rows' as const,
    detail: `${renewed} renewed, ${missed} missed, ${badCount} bad`,
  };
}
