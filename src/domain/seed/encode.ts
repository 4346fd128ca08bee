import type { EncryptedPair } from '../encryption/registry.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../encryption/registry.ts';
import type { SeedKeys } from './keys.ts';
import type { Blind, SeedRow, SeedTable, SeedValue } from './table.ts';

/** Turns rows of one table into lines of COPY's text format, values encrypted and hashed. */
export interface Encoder {
  /** In the order of the lines' fields. */
  readonly columns: readonly string[];
  encode(rows: readonly SeedRow[]): Buffer;
}

const NULL = String.raw`\N`;

/** One or two fields of every line. */
type Field = (rows: readonly SeedRow[]) => readonly (readonly string[])[];

export function createEncoder(table: SeedTable, keys: SeedKeys): Encoder {
  const encrypted = ENCRYPTED_TABLES.find(({ name }) => name === table.name);
  const pairOf = (column: string): EncryptedPair | undefined => encrypted?.pairs.find(({ value }) => value === column);
  const fields = table.columns.map((column): Field => {
    const pair = pairOf(column);
    if (encrypted === undefined || pair === undefined) return plainField(column, keys);
    return pairField(pair, { table: encrypted.logicalName, idColumn: encrypted.idColumn }, keys);
  });
  return {
    columns: table.columns.flatMap((column) => [
      column,
      ...(pairOf(column) === undefined ? [] : [pairOf(column)?.key ?? '']),
    ]),
    encode: (rows) =>
      toLines(
        fields.flatMap((field) => field(rows)),
        rows.length,
      ),
  };
}

function plainField(column: string, { indexes }: SeedKeys): Field {
  return (rows) => {
    // An address comes several times within a few rows, and a hash costs as much as encrypting. A memory that outlived the
    // rows would be kept by the garbage collector as long-lived, and then be garbage all the same.
    const hashes = new Map<string, string>();
    const hashOf = ({ blind, value }: Blind): string => {
      const hash = hashes.get(value) ?? indexes[blind](value);
      hashes.set(value, hash);
      return hash;
    };
    const values = rows.map((row) => valueOf(row, column));
    return [values.map((value) => (value !== null && typeof value === 'object' ? hashOf(value) : textOf(value)))];
  };
}

interface Place {
  readonly table: string;
  readonly idColumn: string;
}

function pairField(
  { value: column, key: keyColumn, keyType, mayBeNone }: EncryptedPair,
  { table, idColumn }: Place,
  keys: SeedKeys,
): Field {
  const { key, keyId } = keys.active[keyType];
  const absent = mayBeNone ? NO_ADDRESS : NULL;
  return (rows) => {
    const plaintexts = rows.map((row) => {
      const value = valueOf(row, column);
      if (value === null || typeof value === 'string') return value;
      throw new TypeError(`${table}.${column} (${keyColumn}) is text or null`);
    });
    const rowIds = rows.map((row) => textOf(valueOf(row, idColumn)));
    const texts = keys.batch.encryptMany({ key, place: { table, column }, rowIds, plaintexts });
    return [texts.map((text) => text ?? absent), texts.map((text) => (text === null ? absent : keyId))];
  };
}

function valueOf(row: SeedRow, column: string): SeedValue {
  const value = row[column];
  if (value === undefined) throw new TypeError(`a row without ${column}`);
  return value;
}

const ESCAPED = /[\\\t\n\r]/u;

function textOf(value: SeedValue): string {
  if (value === null) return NULL;
  if (typeof value === 'object') throw new TypeError('only a blind value of a column of its own is hashed');
  if (typeof value !== 'string') return String(value);
  return ESCAPED.test(value) ? escape(value) : value;
}

/** https://www.postgresql.org/docs/current/sql-copy.html, "Text Format" */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', String.raw`\t`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`);
}

function toLines(fields: readonly (readonly string[])[], count: number): Buffer {
  const lines: string[] = [];
  for (let row = 0; row < count; row += 1) lines.push(fields.map((field) => field[row]).join('\t'));
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}
