import type { Row } from '../parquet/file-writer.ts';
import type { ArchiveColumn } from './content.ts';

/** Before each value: oid of its type and its length. */
export const VALUE_HEAD_BYTES = 8;

/**
 * A row in the form of record_send(): the number of columns, then of each the oid of its type, the length, and the value in
 * its type's own binary form. It is what is digested.
 */
export class RecordView implements Row {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly #columns: readonly ArchiveColumn[];

  constructor(columns: readonly ArchiveColumn[]) {
    this.#columns = columns;
    this.starts = new Int32Array(columns.length);
    this.lengths = new Int32Array(columns.length);
  }

  /** Looks at the record between two places. @throws Error when it is not a record of these columns: a fault of ours */
  show(bytes: Buffer, start: number, end: number): void {
    const { starts, lengths } = this;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    let at = start + 4;
    for (let index = 0; index < starts.length; index += 1) {
      const length = bytes.readInt32BE(at + 4);
      at += VALUE_HEAD_BYTES;
      starts[index] = at;
      lengths[index] = length;
      if (length > 0) at += length;
    }
    if (at !== end) throw new Error('the server sent a record that does not fit its columns');
  }

  /** The types that the server wrote have to be the ones that the manifest will name. */
  requireTypes(): void {
    for (const [index, { name, oid }] of this.#columns.entries()) {
      const found = this.bytes.readUInt32BE((this.starts[index] ?? 0) - VALUE_HEAD_BYTES);
      if (found !== oid) throw new Error(`column ${name} came as type ${found}, not ${oid}`);
    }
  }
}
