import type { KeySet } from '../../../crypto/cipher-key.ts';
import { openValue } from '../../../crypto/value.ts';
import type { Session } from '../../../db/session.ts';
import type { EncryptedTable } from '../../encryption/registry.ts';
import type { Finding } from './finding.ts';
import { readRowsWithValue } from './queries.ts';

/** A value whose tag does not verify where it stands. */
export interface Misplaced {
  readonly id: string;
  readonly rowId: string;
  readonly column: string;
  readonly text: string;
}

/** Each is tried in the place of each other of its column: 200 of them are 40,000 decryptions, a third of a second. */
export const MISPLACED_LIMIT = 200;

/**
 * Tells values that were moved from values that were changed: tries each in the places of the other bad values of its
 * column, in the other columns of its own row, and in the rows that hold the same text.
 */
export async function explainMisplaced(
  session: Session,
  table: EncryptedTable,
  { keys, values }: { readonly keys: KeySet; readonly values: readonly Misplaced[] },
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { value: column } of table.pairs) {
    const bad = values.filter((value) => value.column === column);
    if (bad.length === 0) continue;
    const copies = await readRowsWithValue(session, table, {
      column,
      values: bad.map(({ text }) => text),
      limit: 10 * MISPLACED_LIMIT,
    });
    for (const value of bad) {
      const rows = [...bad, ...copies.filter((copy) => copy.value === value.text)];
      const origin = rowOf(keys, table, value, rows) ?? columnOf(keys, table, value);
      const fault = origin === undefined ? 'tag_mismatch' : 'swapped';
      findings.push({ table: table.name, id: value.id, column, fault, detail: origin });
    }
  }
  return findings;
}

function rowOf(
  keys: KeySet,
  table: EncryptedTable,
  { rowId, column, text }: Misplaced,
  rows: readonly { readonly id: string; readonly rowId: string }[],
): string | undefined {
  const origin = rows.find((row) => row.rowId !== rowId && opens(keys, table, { column, rowId: row.rowId }, text));
  return origin === undefined ? undefined : `belongs to the row ${origin.id}`;
}

function columnOf(keys: KeySet, table: EncryptedTable, { rowId, column, text }: Misplaced): string | undefined {
  const origin = table.pairs.find(
    ({ value }) => value !== column && opens(keys, table, { column: value, rowId }, text),
  );
  return origin === undefined ? undefined : `belongs to the column ${origin.value}`;
}

function opens(
  keys: KeySet,
  { logicalName }: EncryptedTable,
  place: { readonly column: string; readonly rowId: string },
  text: string,
): boolean {
  const opened = openValue(keys, { table: logicalName, ...place }, text);
  if (opened.ok) opened.plaintext.fill(0);
  return opened.ok;
}
