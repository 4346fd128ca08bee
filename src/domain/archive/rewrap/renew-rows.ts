import type { CipherBatch } from '../../../crypto/batch.ts';
import type { KeySet } from '../../../crypto/cipher-key.ts';
import { kidOf } from '../../../crypto/ciphertext.ts';
import { rowIdBytes } from '../../../crypto/row-id.ts';
import type { DecryptFault, ValuePlace } from '../../../crypto/value.ts';
import { openValue } from '../../../crypto/value.ts';
import type { ActiveKey } from '../../encryption/database-keys.ts';
import type { KeyType } from '../../encryption/registry.ts';
import type { ArchivedPair, ArchivedPairs } from '../content/pairs.ts';
import { rowIdOf, textAt } from '../content/pairs.ts';
import type { RecordView } from '../content/record.ts';

/** From which keys values are moved, and where to. */
export interface Renewal {
  readonly kids: ReadonlySet<string>;
  /** Those of `kids`. */
  readonly keys: KeySet;
  /** The active key of each type. */
  readonly to: ReadonlyMap<KeyType, ActiveKey>;
  readonly batch: CipherBatch;
}

/** A value that cannot be moved; never anything of it. */
export interface UnreadableValue {
  readonly column: string;
  readonly rowId: string;
  readonly fault: DecryptFault | 'changed';
}

/** New values of one pair, by the place of their row; undefined: the old ones stay. */
export interface RenewedPair {
  readonly pair: ArchivedPair;
  readonly texts: readonly (string | undefined)[];
  /** Of the key that the new ones are under. */
  readonly keyId: string;
}

export interface RenewedRows {
  readonly pairs: readonly RenewedPair[];
  readonly unreadable: readonly UnreadableValue[];
}

/** Any sixteen bytes: stands for the id of a row of which no value is renewed. */
const NO_ROW = '0'.repeat(32);

/**
 * Encrypts the values of some rows anew, column by column, under the same row ids. Each new value is decrypted once more, by
 * OpenSSL, and compared with the old one, before anybody gets it.
 * @param rows each by itself: all of them are looked at more than once
 */
export function renewRows(renewal: Renewal, pairs: ArchivedPairs, rows: readonly RecordView[]): RenewedRows {
  const rowIds = rows.map((row) => rowIdOf(row, pairs));
  const unreadable: UnreadableValue[] = [];
  const renewed: RenewedPair[] = [];
  for (const pair of pairs.pairs) {
    const column = {
      pair,
      table: pairs.table.logicalName,
      rowIds,
      texts: rows.map((row) => textOf(renewal, row, pair)),
    };
    if (column.texts.every((text) => text === '')) continue;
    const { faults, ...found } = renewColumn(renewal, column);
    for (const [index, fault] of faults)
      unreadable.push({ column: pair.pair.value, rowId: rowIds[index] ?? '', fault });
    renewed.push({ pair, ...found });
  }
  return { pairs: renewed, unreadable };
}

/** The text of a value that is to be renewed; empty for one that stays. */
function textOf({ kids }: Renewal, row: RecordView, { value }: ArchivedPair): string {
  const text = textAt(row, value) ?? '';
  const kid = kidOf(text);
  return kid !== undefined && kids.has(kid) ? text : '';
}

interface Column {
  readonly pair: ArchivedPair;
  readonly table: string;
  readonly rowIds: readonly string[];
  /** Empty: stays as it is. */
  readonly texts: readonly string[];
}

function renewColumn(
  { batch, keys, to: active }: Renewal,
  { pair, table, rowIds, texts }: Column,
): Omit<RenewedPair, 'pair'> & { readonly faults: ReadonlyMap<number, UnreadableValue['fault']> } {
  const to = active.get(pair.pair.keyType);
  if (to === undefined) throw new TypeError(`there is no key for ${pair.pair.keyType}`);
  const place = { table, column: pair.pair.value };
  const faults = new Map<number, UnreadableValue['fault']>();
  const sound = texts.map((text, index) => {
    const fault = text === '' ? undefined : formFault(text, rowIds[index] ?? '');
    if (fault !== undefined) faults.set(index, fault);
    return fault === undefined ? text : '';
  });
  const outcome = batch.reencryptPacked({
    place,
    rowIds: sound.map((text, index) => (text === '' ? NO_ROW : rowIds[index])).join(','),
    texts: sound.join(','),
    keys,
    to: to.key,
  });
  for (const { index, fault } of outcome.faults) faults.set(index, fault);
  const fields = outcome.texts.split(',');
  for (const [index, before] of sound.entries()) {
    if (before === '' || faults.has(index)) continue;
    const rowId = rowIds[index] ?? '';
    if (!sayTheSame([keys, before], [new Map([[to.key.kid, to.key]]), fields[index] ?? ''], { ...place, rowId }))
      faults.set(index, 'changed');
  }
  return { keyId: to.keyId, texts: fields.map((text, index) => (sound[index] === '' ? undefined : text)), faults };
}

/** What would spoil a packed column: separators are part of no sound text or id. */
function formFault(text: string, rowId: string): DecryptFault | undefined {
  if (!/^[\w-]+$/u.test(text)) return 'malformed';
  return rowIdBytes(rowId) === undefined ? 'bad_row_id' : undefined;
}

function sayTheSame(
  [oldKeys, before]: readonly [KeySet, string],
  [newKeys, after]: readonly [KeySet, string],
  place: ValuePlace,
): boolean {
  const [old, now] = [openValue(oldKeys, place, before), openValue(newKeys, place, after)];
  const same = old.ok && now.ok && old.plaintext.equals(now.plaintext);
  for (const opened of [old, now]) if (opened.ok) opened.plaintext.fill(0);
  return same;
}
