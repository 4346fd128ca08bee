import type { BlindIndex } from '../../../crypto/blind-index.ts';
import type { KeySet } from '../../../crypto/cipher-key.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import type { DecryptFault } from '../../../crypto/value.ts';
import { openValue } from '../../../crypto/value.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { DatabaseKeys } from '../../encryption/database-keys.ts';
import type { EncryptedPair, EncryptedTable } from '../../encryption/registry.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import type { StoredRow, ValueFault } from './finding.ts';

/** What a row is checked with. */
export interface Checks {
  readonly keys: KeySet;
  readonly findKid: DatabaseKeys['findKid'];
  /** Of a column with a blind index; two while its key is being rotated, none when the database has no key for it. */
  readonly blindIndexesOf: (pair: EncryptedPair) => readonly BlindIndex[];
}

export interface PairFault {
  readonly pair: EncryptedPair;
  readonly fault: ValueFault;
  readonly detail?: string;
  /** With tag_mismatch: the text, to look for the place it belongs to. */
  readonly text?: string;
}

type StoredPair = StoredRow['pairs'][number];

/** Decrypts every value of a row by OpenSSL and compares what stands beside it. The number of values it decrypted, too. */
export function checkRow(
  table: EncryptedTable,
  row: StoredRow,
  checks: Checks,
): { readonly faults: readonly PairFault[]; readonly values: number } {
  const faults: PairFault[] = [];
  let values = 0;
  for (const [index, pair] of table.pairs.entries()) {
    const stored = row.pairs[index];
    if (stored === undefined || isAbsent(pair, stored)) continue;
    values += 1;
    faults.push(...checkPair(table, row.rowId, pair, stored, checks));
  }
  return { faults, values };
}

/** SQL null in both columns, or `none` in both where that means that there was no address. */
function isAbsent({ mayBeNone }: EncryptedPair, { value, key, hash }: StoredPair): boolean {
  if (value === null && key === null) return true;
  return mayBeNone && value === NO_ADDRESS && key === NO_ADDRESS && hash === null;
}

function checkPair(
  { logicalName }: EncryptedTable,
  rowId: string,
  pair: EncryptedPair,
  stored: StoredPair,
  checks: Checks,
): PairFault[] {
  const { value, key } = stored;
  const half = halfOf(pair, stored);
  if (half !== undefined) return [{ pair, fault: 'half_pair', detail: half }];
  if (value === null || key === null) return [];
  if (pair.mayBeNone && value === NO_ADDRESS) {
    return [{ pair, fault: 'blind_index', detail: `${pair.blindIndex?.column} is set, but there is no address` }];
  }
  const place = { table: logicalName, column: pair.value, rowId };
  const opened = openValue(checks.keys, place, value);
  const mismatch = keyMismatch(pair, value, key, checks);
  if (!opened.ok) return [faultOf(pair, opened.fault, value, checks), ...mismatch];
  const wrongHash = checkHash(pair, stored, opened.plaintext, checks);
  opened.plaintext.fill(0);
  return [...mismatch, ...wrongHash];
}

function halfOf({ value: column, key: keyColumn, mayBeNone }: EncryptedPair, { value, key }: StoredPair) {
  if ((value === null) !== (key === null)) return `${value === null ? column : keyColumn} is null`;
  if (!mayBeNone || (value === NO_ADDRESS) === (key === NO_ADDRESS)) return undefined;
  return `only ${value === NO_ADDRESS ? column : keyColumn} is "${NO_ADDRESS}"`;
}

function faultOf(pair: EncryptedPair, fault: DecryptFault, text: string, { findKid }: Checks): PairFault {
  if (fault === 'not_ours') return { pair, fault: 'plaintext', detail: 'does not begin like a ciphertext' };
  if (fault === 'tag_mismatch') return { pair, fault, text };
  if (fault !== 'unknown_key') return { pair, fault };
  const kid = kidOf(text);
  const known = kid === undefined ? undefined : findKid(kid);
  return { pair, fault, detail: known === undefined ? `kid ${kid}` : `${known.keyId} was destroyed` };
}

/** The key column is what applications and reports go by; the value itself says the truth. */
function keyMismatch(pair: EncryptedPair, text: string, keyId: string, { findKid }: Checks): PairFault[] {
  const known = findKid(kidOf(text) ?? '');
  if (known === undefined || known.keyId === keyId) return [];
  return [{ pair, fault: 'key_mismatch', detail: `the value is under ${known.keyId}` }];
}

/** A missing hash is no fault: the row is only not found by it. */
function checkHash(
  pair: EncryptedPair,
  { hash }: StoredPair,
  plaintext: Buffer,
  { blindIndexesOf }: Checks,
): PairFault[] {
  if (hash === null || pair.blindIndex === undefined) return [];
  const blindIndexes = blindIndexesOf(pair);
  if (blindIndexes.length === 0 || blindIndexes.some((index) => indexOf(index, plaintext) === hash)) return [];
  return [{ pair, fault: 'blind_index', detail: `${pair.blindIndex.column} is not the hash of the value` }];
}

/** Undefined for a value that cannot have an index, such as an address that is none. */
function indexOf(blindIndex: BlindIndex, plaintext: Buffer): string | undefined {
  try {
    return blindIndex(plaintext.toString('utf8'));
  } catch (error) {
    if (error instanceof OrdersyncError && error.code === 'usage') return undefined;
    throw error;
  }
}
