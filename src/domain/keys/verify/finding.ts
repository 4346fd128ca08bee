import type { DecryptFault } from '../../../crypto/value.ts';

/** What can be wrong with a stored value. */
export type ValueFault =
  | Exclude<DecryptFault, 'not_ours'>
  | 'plaintext' // does not begin like a ciphertext: never encrypted, or by another tool
  | 'half_pair' // value without key column, or the reverse; `none` in one column only
  | 'key_mismatch' // the key column names another key than the value does
  | 'swapped' // decrypts in the place of another row or column
  | 'duplicate_nonce' // two values of one column under one key and nonce: both can be attacked
  | 'blind_index'; // the hash beside it is not that of the value

/** One fault; never anything of the value itself. */
export interface Finding {
  readonly table: string;
  /** Primary key `id` of the row. */
  readonly id: string;
  readonly column: string;
  readonly fault: ValueFault;
  readonly detail: string | undefined;
}

/** A row as verification reads it: its place, and the texts of its pairs and hashes. */
export interface StoredRow {
  readonly id: string;
  /** What its values are bound to: the id, or the trace id. */
  readonly rowId: string;
  /** In the order of the registry. */
  readonly pairs: readonly {
    readonly value: string | null;
    readonly key: string | null;
    readonly hash: string | null;
  }[];
}
