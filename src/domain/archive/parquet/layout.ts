import { CODEC_NUMBERS, type Codec } from './compression.ts';
import { damageUnless } from './damage.ts';
import { FORMATS, type ParquetColumn } from './kind.ts';
import { MAGIC } from './metadata.ts';
import { readThrift, type ThriftStruct, type ThriftValue } from './thrift-reader.ts';

/** Where a column of a row group lies: pages and nothing else between the two places. */
export interface ChunkLayout {
  readonly codec: Codec;
  readonly start: number;
  readonly end: number;
}

export interface GroupLayout {
  readonly rows: number;
  readonly start: number;
  readonly end: number;
  readonly chunks: readonly ChunkLayout[];
}

export interface FileLayout {
  readonly rows: number;
  readonly groups: readonly GroupLayout[];
}

/**
 * Reads a footer and holds it to the columns that are expected and to the file: chunks lie one after the other, in their
 * order, without a gap from the first four bytes to the footer. So every byte of the file is looked at by its reader.
 * @throws ParquetDamage
 */
export function readLayout(footer: Buffer, footerAt: number, columns: readonly ParquetColumn[]): FileLayout {
  const { value, end } = readThrift(footer, 0);
  damageUnless(end === footer.length, 'the footer has another length than the file says');
  requireColumns(listOf(value, 2), columns);
  let at = MAGIC.length;
  const groups: GroupLayout[] = [];
  for (const entry of listOf(value, 4)) {
    const group = readGroup(structOf(entry), at, columns.length);
    groups.push(group);
    at = group.end;
  }
  damageUnless(at === footerAt, 'the row groups do not fill the file');
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  damageUnless(rows === numberOf(value, 3), 'the row groups have other rows than the file');
  return { rows, groups };
}

function requireColumns(schema: readonly ThriftValue[], columns: readonly ParquetColumn[]): void {
  damageUnless(schema.length === columns.length + 1, 'the file has other columns than its manifest');
  for (const [index, { name, kind, nullable }] of columns.entries()) {
    const element = structOf(schema[index + 1]);
    const found = element.get(4);
    const fits =
      Buffer.isBuffer(found) &&
      found.toString() === name &&
      numberOf(element, 1) === FORMATS[kind].physical &&
      numberOf(element, 3) === (nullable ? 1 : 0);
    damageUnless(fits, `the file's column ${index + 1} is not "${name}" of its manifest`);
  }
}

function readGroup(group: ThriftStruct, start: number, columns: number): GroupLayout {
  const rows = numberOf(group, 3);
  const entries = listOf(group, 1);
  damageUnless(rows > 0 && entries.length === columns, 'a row group has no rows, or other columns than its file');
  let at = start;
  const chunks = entries.map((entry) => {
    const chunk = readChunk(structOf(structOf(entry).get(3)), at, rows);
    at = chunk.end;
    return chunk;
  });
  return { rows, start, end: at, chunks };
}

function readChunk(chunk: ThriftStruct, expectedStart: number, rows: number): ChunkLayout {
  const start = chunk.has(11) ? numberOf(chunk, 11) : numberOf(chunk, 9);
  damageUnless(
    start === expectedStart && numberOf(chunk, 5) === rows,
    'a column does not lie where its row group does',
  );
  const length = numberOf(chunk, 7);
  damageUnless(length > 0, 'a column has no bytes');
  const number = numberOf(chunk, 4);
  const codec = (Object.keys(CODEC_NUMBERS) as Codec[]).find((name) => CODEC_NUMBERS[name] === number);
  damageUnless(codec !== undefined, `a column is compressed in the unknown way ${number}`);
  return { codec, start, end: start + length };
}

export function structOf(value: ThriftValue | undefined): ThriftStruct {
  damageUnless(value instanceof Map, 'a part of a header is missing');
  return value as ThriftStruct;
}

export function numberOf(struct: ThriftStruct, field: number): number {
  const value = struct.get(field);
  damageUnless(typeof value === 'number', `field ${field} of a header is missing`);
  return value;
}

function listOf(struct: ThriftStruct, field: number): readonly ThriftValue[] {
  const value = struct.get(field);
  damageUnless(Array.isArray(value), `list ${field} of a header is missing`);
  return value as readonly ThriftValue[];
}
