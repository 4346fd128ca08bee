import type { BlindIndex } from '../../../crypto/blind-index.ts';
import type { KeySet } from '../../../crypto/cipher-key.ts';
import { openValue } from '../../../crypto/value.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { IndexPlace } from './places.ts';
import type { HashedRow } from './row-queries.ts';

/** The same index under the key that is left and the one that is kept. */
export interface IndexPair {
  readonly older: BlindIndex;
  readonly newer: BlindIndex;
}

export type HashFault =
  | 'undecryptable' // the value beside it cannot be read
  | 'foreign'; // the hash is not that of the value, under neither key

/** What is to become of a row's hash. */
export type Judged =
  | { readonly kind: 'current' | 'renew'; readonly older: string; readonly newer: string }
  | { readonly kind: 'bad'; readonly fault: HashFault };

/** Decrypts the value, computes its hash under both keys, and compares. Nothing of the value leaves. */
export function judgeHash(place: IndexPlace, row: HashedRow, indexes: IndexPair, keys: KeySet): Judged {
  const { table, pair, index } = place;
  const opened = openValue(keys, { table: table.logicalName, column: pair.value, rowId: row.rowId }, row.value);
  if (!opened.ok) return { kind: 'bad', fault: 'undecryptable' };
  const hashes = hashesOf(opened.plaintext.toString('utf8'), indexes);
  opened.plaintext.fill(0);
  if (hashes === undefined || (row.hash !== hashes.newer && row.hash !== hashes.older)) {
    return { kind: 'bad', fault: 'foreign' };
  }
  const claimed = index.previous === undefined || row.previous === hashes.older;
  return { kind: row.hash === hashes.newer && claimed ? 'current' : 'renew', ...hashes };
}

/** Undefined for a value that cannot have an index, such as an address that is none. */
function hashesOf(value: string, { older, newer }: IndexPair): { older: string; newer: string } | undefined {
  try {
    return { older: older(value), newer: newer(value) };
  } catch (error) {
    if (error instanceof OrdersyncError && error.code === 'usage') return undefined;
    throw error;
  }
}
