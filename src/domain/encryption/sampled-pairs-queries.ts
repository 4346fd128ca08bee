import { quoteIdentifier, quoteQualified } from '../../db/identifiers.ts';
import type { EncryptedTable } from './registry.ts';

/** A prefix, and the base64url of kid, nonce and tag: no ciphertext is shorter (docs/ciphertext.md). */
const LEAST_CHARACTERS = 50;

/** Whether a value that `pairRows` names `pair.value` has not the form of a ciphertext. */
export const IS_PLAINTEXT = `(length(pair.value) < ${LEAST_CHARACTERS} or pair.value !~ '^os1_[A-Za-z0-9_-]+$')`;

/** @param share of the table's rows to look at, as whole pages at random; 1 for all */
export function sampledRows(table: EncryptedTable, share: number): string {
  const name = quoteQualified({ schema: 'public', name: table.name });
  // Whole pages at random: bernoulli would read all of them.
  return share >= 1 ? name : `(select * from ${name} tablesample system (${(share * 100).toFixed(6)}))`;
}

/** The pairs of a row, each as a row of its own: `pair (position, value, key_id, may_be_none)`. */
export function pairRows({ pairs }: EncryptedTable): string {
  const rows = pairs.map(
    ({ value, key, mayBeNone }, position) =>
      `(${position}, ${quoteIdentifier(value)}, ${quoteIdentifier(key)}::text, ${mayBeNone})`,
  );
  return `(values ${rows.join(', ')}) pair (position, value, key_id, may_be_none)`;
}
