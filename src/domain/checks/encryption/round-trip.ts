import { counted } from '../../../counted.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import { openValue } from '../../../crypto/value.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import { loadDatabaseKeys } from '../../encryption/database-keys.ts';
import type { Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import type { SampledTable, SampledValue } from './queries.ts';
import { readValues } from './queries.ts';
import { sampledTables } from './sample.ts';

/** Enough to see a wrong key or a moved column; `key verify` reads everything. */
const ROWS_PER_TABLE = 200;

/** Decrypts some values of every table where they stand. Plaintexts are wiped at once and never leave this function. */
export async function lookByDecrypting(look: Look): Promise<Sighting[]> {
  const { session, limitMs, signal, options } = look;
  const keys = await loadDatabaseKeys(session.sql, look.keys);
  const sampled = await sampledTables(session, Math.min(options.sampleRows, ROWS_PER_TABLE));
  const sightings: Sighting[] = [];
  let decrypted = 0;
  for (const sample of sampled) {
    signal.throwIfAborted();
    const values = await inSection(session, limitMs, async () => readValues(session, sample, ROWS_PER_TABLE));
    const failures = await failuresAmong(keys, sample, values);
    decrypted += values.length;
    sightings.push(...failures);
  }
  if (sightings.length > 0) return sightings;
  if (decrypted > 0) return [ok(`${counted(decrypted, 'value')} of ${counted(sampled.length, 'table')} decrypted`)];
  return [
    { severity: 'unknown', evidence: 'there is no value to decrypt', fix: { kind: 'command', text: 'ordersync seed' } },
  ];
}

async function failuresAmong(
  keys: DatabaseKeys,
  { table }: SampledTable,
  values: readonly SampledValue[],
): Promise<Sighting[]> {
  const keySet = await keys.keysFor(values.map(({ value }) => kidOf(value) ?? ''));
  const failed = new Map<string, string[]>();
  for (const { position, id, rowId, value } of values) {
    const column = table.pairs[position]?.value ?? '';
    const opened = openValue(keySet, { table: table.logicalName, column, rowId }, value);
    if (opened.ok) opened.plaintext.fill(0);
    else failed.set(column, [...(failed.get(column) ?? []), id]);
  }
  return [...failed].map(([column, ids]) => ({
    severity: 'critical',
    evidence: `${table.name}.${column}: ${ids.length} of the sample cannot be decrypted, such as the row ${ids[0]}`,
    fix: { kind: 'doc', text: `restore them from a backup: ordersync key verify --table ${table.name} names them all` },
  }));
}
