import { ByteSink } from './byte-sink.ts';

/** Indexes take a byte then, and a chunk of any size has a small dictionary. */
const MAX_ENTRIES = 256;
const MAX_VALUE_BYTES = 64;
/** Twice the entries, a power of two: most look-ups end at their first slot. */
const SLOTS = 512;

/** The distinct values of a column, as PLAIN bytes, while they are few and short. */
export class Dictionary {
  readonly #values = new ByteSink(4096);
  readonly #starts: number[] = [];
  /** Entry + 1 by hash; 0 is free. */
  readonly #slots = new Uint16Array(SLOTS);

  get size(): number {
    return this.#starts.length;
  }

  /** @returns the index of the value between `start` and `end`, entered if it is new; -1 when it does not go in */
  indexOf(bytes: Buffer, start: number, end: number): number {
    if (end - start > MAX_VALUE_BYTES) return -1;
    let hash = 0;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    for (let slot = (hash ^ (hash >>> 9)) & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
      const entry = this.#slots[slot] ?? 0;
      if (entry === 0) return this.#enter(slot, bytes, start, end);
      if (this.#holds(entry - 1, bytes, start, end)) return entry - 1;
    }
  }

  /** PLAIN bytes of one value, or of all in the order of their indexes. */
  valueAt(index: number): Buffer {
    return this.#values.bytes.subarray(this.#starts[index], this.#endOf(index));
  }

  toBuffer(): Buffer {
    return this.#values.toBuffer();
  }

  clear(): void {
    this.#values.length = 0;
    this.#starts.length = 0;
    this.#slots.fill(0);
  }

  #enter(slot: number, bytes: Buffer, start: number, end: number): number {
    if (this.size === MAX_ENTRIES) return -1;
    this.#starts.push(this.#values.length);
    this.#values.append(bytes, start, end);
    this.#slots[slot] = this.size;
    return this.size - 1;
  }

  #holds(index: number, bytes: Buffer, start: number, end: number): boolean {
    const from = this.#starts[index] ?? 0;
    if (this.#endOf(index) - from !== end - start) return false;
    const known = this.#values.bytes;
    for (let at = start; at < end; at += 1) if (bytes[at] !== known[from + at - start]) return false;
    return true;
  }

  #endOf(index: number): number {
    return this.#starts[index + 1] ?? this.#values.length;
  }
}
