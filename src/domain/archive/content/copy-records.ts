import type { RecordView } from './record.ts';

/** Begins every binary COPY. Source: PostgreSQL documentation, "COPY", "Binary Format". */
export const COPY_SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** With the flags and the length of an extension, of which there is none. */
export const COPY_HEAD_BYTES = COPY_SIGNATURE.length + 8;
const FIELD_COUNT_BYTES = 2;
const ROW_HEAD_BYTES = FIELD_COUNT_BYTES + 4;
const END = -1;

/** Takes records out of a binary COPY of a single column that holds them. */
export class CopyRecords {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Pieces that are not yet enough for the next record: joined once, or a long one would be copied with each of them. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #needed = 0;
  #begun = false;
  #ended = false;

  /** Adds a piece of the stream; records shown before are gone. */
  push(piece: Buffer): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    const rest = this.#bytes.subarray(this.#at);
    if (rest.length + this.#waitingBytes < this.#needed) return;
    this.#bytes = rest.length === 0 && this.#waiting.length === 1 ? piece : Buffer.concat([rest, ...this.#waiting]);
    this.#at = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#needed = 0;
    if (!this.#begun) this.#begin();
  }

  /** Shows the next record; false when the next piece is needed. */
  next(record: RecordView): boolean {
    const left = this.#bytes.length - this.#at;
    if (!this.#begun || this.#ended || left < FIELD_COUNT_BYTES) return false;
    const fields = this.#bytes.readInt16BE(this.#at);
    if (fields === END) {
      this.#ended = true;
      return false;
    }
    if (fields !== 1) throw new Error(`a row of ${fields} fields instead of one record`);
    if (left < ROW_HEAD_BYTES) return false;
    const length = this.#bytes.readInt32BE(this.#at + FIELD_COUNT_BYTES);
    if (left < ROW_HEAD_BYTES + length) {
      this.#needed = ROW_HEAD_BYTES + length;
      return false;
    }
    const start = this.#at + ROW_HEAD_BYTES;
    record.show(this.#bytes, start, start + length);
    this.#at = start + length;
    return true;
  }

  /** @throws Error when the stream has no end: a part of it would pass for the whole */
  finish(): void {
    if (!this.#ended) throw new Error('the server ended a copy without its end mark');
  }

  #begin(): void {
    if (this.#bytes.length < COPY_HEAD_BYTES) return;
    if (!this.#bytes.subarray(0, COPY_SIGNATURE.length).equals(COPY_SIGNATURE))
      throw new Error('the server sent something else than a binary copy');
    this.#at = COPY_HEAD_BYTES;
    this.#begun = true;
  }
}
