import { randomInt } from 'node:crypto';
import type { Context, Work } from '../../../context.ts';
import type { BlindIndex, BlindIndexPurpose } from '../../../crypto/blind-index.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import type { Session } from '../../../db/session.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import { compareRegistry, requireColumns } from '../../encryption/catalogue.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import { readingAhead, readingAllRows, requireAllRows } from '../all-rows.ts';
import type { Checks } from './check-row.ts';
import { checkRow } from './check-row.ts';
import type { FindingList } from './finding-list.ts';
import { createFindingList } from './finding-list.ts';
import type { Finding, StoredRow } from './finding.ts';
import { findRepeatedNonces } from './nonces.ts';
import type { Position, ReadBatch, SampleFilter } from './queries.ts';
import { countRows, estimateRows, readBatch } from './queries.ts';
import type { Misplaced } from './swapped.ts';
import { explainMisplaced, MISPLACED_LIMIT } from './swapped.ts';

/** A share of the rows of each table, from 0 to 1, or a number of them. */
export type Sample = { readonly share: number } | { readonly rows: number };

export interface VerifyRequest {
  /** Empty for all of them. */
  readonly tables: readonly string[];
  readonly sample: Sample | undefined;
  /** False leaves the hashes of blind indexes alone, and their keys wrapped. Default: true. */
  readonly hashes?: boolean;
}

export interface VerifiedTable {
  readonly table: string;
  readonly rows: number;
  /** Values decrypted, or tried. */
  readonly values: number;
}

export interface Verification {
  readonly tables: readonly VerifiedTable[];
  readonly findings: readonly Finding[];
  /** By fault, those that are not listed too. */
  readonly counts: ReadonlyMap<Finding['fault'], number>;
  /** What could not be checked, in sentences. */
  readonly unchecked: readonly string[];
}

/** Some 4 MB of the widest tables; more makes memory grow and nothing faster. */
const BATCH_ROWS = 2000;
const MILLION = 1_000_000;

/**
 * Decrypts what is stored, every value or a sample, by OpenSSL and under the key its value names, and compares what stands
 * beside it. Reads only, in short transactions: it may run for hours beside the application. Memory does not grow with the
 * tables; each key is unwrapped once.
 */
export async function* verifyValues(
  ctx: Pick<Context, 'keys' | 'signal'>,
  session: Session,
  request: VerifyRequest,
): Work<Verification> {
  await requireAllRows(session.sql);
  const keys = await loadDatabaseKeys(session.sql, () => ctx.keys());
  const differences = await compareRegistry(session.sql);
  requireColumns(differences);
  const findings = createFindingList();
  const tables = ENCRYPTED_TABLES.filter(({ name }) => request.tables.length === 0 || request.tables.includes(name));
  const { blindIndexes, unchecked } = await openBlindIndexes(keys, request.hashes === false ? [] : tables);
  const verified: VerifiedTable[] = [];
  for (const table of tables) {
    const run = { keys, blindIndexes, findings, table, sample: await sampleOf(session, table, request.sample) };
    verified.push(yield* verifyTable(ctx, session, run));
  }
  if (request.sample === undefined) yield* lookForRepeatedNonces(ctx, session, tables, findings);
  return {
    tables: verified,
    findings: findings.listed,
    counts: findings.counts,
    unchecked: [
      ...differences.map(({ table, column, fault }) => `${table}.${column}: ${fault}`),
      ...unchecked,
      ...(request.sample === undefined ? [] : ['repeated nonces: only a full run looks for them']),
    ],
  };
}

interface TableRun {
  readonly keys: DatabaseKeys;
  readonly blindIndexes: ReadonlyMap<BlindIndexPurpose, readonly BlindIndex[]>;
  readonly findings: FindingList;
  readonly table: EncryptedTable;
  readonly sample: SampleFilter | undefined;
}

async function* verifyTable(
  ctx: Pick<Context, 'signal'>,
  session: Session,
  { keys, blindIndexes, findings, table, sample }: TableRun,
): Work<VerifiedTable> {
  const total = sample === undefined ? await estimateRows(session.sql, table) : undefined;
  const misplaced = new Map<string, Misplaced[]>();
  const read = async (after: Position | undefined) =>
    readingAhead(session, async () => readBatch(session, table, { after, limit: BATCH_ROWS, sample }));
  let [rows, values] = [0, 0];
  let next: Promise<ReadBatch> | undefined = read(undefined);
  try {
    while (next !== undefined) {
      ctx.signal.throwIfAborted();
      const batch: ReadBatch = await next;
      // The server reads the next rows while these are decrypted.
      next = batch.rows.length < BATCH_ROWS ? undefined : read(batch.last);
      const checks = await checksFor(keys, blindIndexes, batch.rows);
      for (const row of batch.rows) values += judgeRow(table, row, checks, { findings, misplaced });
      rows += batch.rows.length;
      yield progressOf(table.name, rows, total, findings.total === 0 ? undefined : `${findings.total} faults`);
    }
  } finally {
    // Whatever ended the loop: the session belongs to others only when the answer is here.
    await Promise.allSettled([next]);
  }
  const moved = [...misplaced.values()].flat();
  if (moved.length > 0) {
    const keySet = await keys.keysFor(moved.map(({ text }) => kidOf(text) ?? ''));
    const explain = async () => explainMisplaced(session, table, { keys: keySet, values: moved });
    findings.add(...(await readingAllRows(session, explain)));
  }
  return { table: table.name, rows, values };
}

async function checksFor(
  keys: DatabaseKeys,
  blindIndexes: ReadonlyMap<BlindIndexPurpose, readonly BlindIndex[]>,
  rows: readonly StoredRow[],
): Promise<Checks> {
  const kids = new Set<string>();
  for (const { pairs } of rows) for (const { value } of pairs) kids.add(kidOf(value ?? '') ?? '');
  return {
    keys: await keys.keysFor(kids),
    findKid: (kid) => keys.findKid(kid),
    blindIndexesOf: ({ blindIndex }) => (blindIndex && blindIndexes.get(blindIndex.purpose)) ?? [],
  };
}

function judgeRow(
  table: EncryptedTable,
  row: StoredRow,
  checks: Checks,
  { findings, misplaced }: { readonly findings: FindingList; readonly misplaced: Map<string, Misplaced[]> },
): number {
  const { faults, values } = checkRow(table, row, checks);
  for (const { pair, fault, detail, text } of faults) {
    const place = { id: row.id, column: pair.value };
    const moved = misplaced.get(pair.value) ?? [];
    // Where the value belongs is looked for when all of the table is known.
    if (text !== undefined && moved.length < MISPLACED_LIMIT) {
      misplaced.set(pair.value, [...moved, { ...place, rowId: row.rowId, text }]);
    } else findings.add({ table: table.name, ...place, fault, detail });
  }
  return values;
}

async function* lookForRepeatedNonces(
  ctx: Pick<Context, 'signal'>,
  session: Session,
  tables: readonly EncryptedTable[],
  findings: FindingList,
): Work<void> {
  for (const logicalName of new Set(tables.map((table) => table.logicalName))) {
    ctx.signal.throwIfAborted();
    yield { kind: 'phase', message: `looking for repeated nonces in ${logicalName}` };
    const sharing = tables.filter((table) => table.logicalName === logicalName);
    findings.add(...(await readingAllRows(session, async () => findRepeatedNonces(session, sharing))));
  }
}

/** A number of rows becomes the share that gives about as many: rows are chosen by a hash of their id. */
async function sampleOf(
  session: Session,
  table: EncryptedTable,
  sample: Sample | undefined,
): Promise<SampleFilter | undefined> {
  if (sample === undefined) return undefined;
  const seed = randomInt(2 ** 31);
  if ('share' in sample) return { seed, threshold: Math.ceil(sample.share * MILLION) };
  const rows = await readingAllRows(session, async () => countRows(session, table));
  return { seed, threshold: Math.ceil(Math.min(1, sample.rows / Math.max(1, rows)) * MILLION) };
}

async function openBlindIndexes(
  keys: DatabaseKeys,
  tables: readonly EncryptedTable[],
): Promise<{ blindIndexes: Map<BlindIndexPurpose, readonly BlindIndex[]>; unchecked: string[] }> {
  const purposes = new Set(tables.flatMap(({ pairs }) => pairs.flatMap(({ blindIndex }) => blindIndex?.purpose ?? [])));
  const blindIndexes = new Map<BlindIndexPurpose, readonly BlindIndex[]>();
  const unchecked: string[] = [];
  for (const purpose of purposes) {
    const active = keys.blindIndexKeys.some((key) => key.purpose === purpose && key.status === 'ACTIVE');
    const older = await keys.olderBlindIndex(purpose);
    if (active) blindIndexes.set(purpose, [await keys.blindIndex(purpose), ...(older === undefined ? [] : [older])]);
    else unchecked.push(`hashes of the blind index ${purpose}: the database has no key for it`);
  }
  return { blindIndexes, unchecked };
}

function progressOf(label: string, done: number, total: number | undefined, detail: string | undefined) {
  return {
    kind: 'progress' as const,
    label,
    done,
    unit: 'rows' as const,
    // An estimate below what was read already would draw a bar beyond its end.
    ...(total === undefined || total < done ? {} : { total }),
    ...(detail === undefined ? {} : { detail }),
  };
}
