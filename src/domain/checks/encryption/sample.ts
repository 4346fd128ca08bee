import { counted } from '../../../counted.ts';
import type { Session } from '../../../db/session.ts';
import { inSection } from '../section.ts';
import { estimateRows } from '../../keys/verify/queries.ts';
import { readDataKeys } from '../../encryption/queries.ts';
import type { EncryptedPair, EncryptedTable } from '../../encryption/registry.ts';
import { ENCRYPTED_TABLES } from '../../encryption/registry.ts';
import type { PairFault, SampledTable } from './queries.ts';
import { countPairs } from './queries.ts';

/** Faults of one kind in one column. */
export interface FaultyPair {
  readonly table: EncryptedTable;
  readonly pair: EncryptedPair;
  readonly fault: PairFault;
  readonly values: number;
  readonly ids: readonly string[];
  readonly rowIds: readonly string[];
}

export interface PairSample {
  readonly faults: readonly FaultyPair[];
  readonly coverage: Coverage;
}

export interface Coverage {
  /** Values looked at. */
  readonly values: number;
  readonly tables: number;
  /** Those of which only a part was looked at: `orders 0.2 %`. */
  readonly partial: readonly string[];
}

/** Looks at up to `rows` rows of every encrypted table, all of the small ones. */
export async function samplePairs(
  session: Session,
  { rows, limitMs, signal }: { readonly rows: number; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<PairSample> {
  const dataKeys = (await readDataKeys(session.sql)).flatMap(({ keyId, material }) =>
    material === null ? [] : [{ keyId, kid: material.kid }],
  );
  const keys = { kids: dataKeys.map(({ kid }) => kid), keyIds: dataKeys.map(({ keyId }) => keyId) };
  const sampled = await sampledTables(session, rows);
  const faults: FaultyPair[] = [];
  let values = 0;
  for (const sample of sampled) {
    signal.throwIfAborted();
    const counts = await inSection(session, limitMs, async () => countPairs(session, sample, keys));
    for (const count of counts) {
      values += count.values;
      const pair = sample.table.pairs[count.position];
      if (count.fault !== null && pair !== undefined)
        faults.push({ ...count, fault: count.fault, table: sample.table, pair });
    }
  }
  return { faults, coverage: coverageOf(sampled, values) };
}

export async function sampledTables(session: Session, rows: number): Promise<SampledTable[]> {
  const sampled: SampledTable[] = [];
  for (const table of ENCRYPTED_TABLES) {
    const estimate = await estimateRows(session.sql, table);
    sampled.push({ table, share: estimate === undefined || estimate <= rows ? 1 : rows / estimate });
  }
  return sampled;
}

export function coverageOf(sampled: readonly SampledTable[], values: number): Coverage {
  const partial = sampled
    .filter(({ share }) => share < 1)
    .map(({ table, share }) => `${table.name} ${Number((share * 100).toPrecision(2))} %`);
  return { values, tables: sampled.length, partial };
}

export function describeCoverage({ values, tables, partial }: Coverage): string {
  const part = partial.length === 0 ? 'all rows' : `of ${partial.join(', ')}, all rows of the others`;
  return `${counted(values, 'value')} of ${counted(tables, 'table')} looked at: ${part}`;
}
