import { PHYSICAL, FORMATS, type Kind } from './kind.ts';

type Compare = (left: Buffer, leftAt: number, right: Buffer, rightAt: number) => number;

/** Order of PLAIN values, where it is cheap to keep up with and readers skip row groups by it. */
function orderOf(kind: Kind): Compare | undefined {
  const { physical } = FORMATS[kind];
  if (physical === PHYSICAL.int32) return (left, at, right, to) => left.readInt32LE(at) - right.readInt32LE(to);
  if (physical === PHYSICAL.int64) return compareInt64;
  if (physical === PHYSICAL.fixed) return compareFixed;
  return undefined;
}

function compareInt64(left: Buffer, leftAt: number, right: Buffer, rightAt: number): number {
  const high = left.readInt32LE(leftAt + 4) - right.readInt32LE(rightAt + 4);
  return high === 0 ? left.readUInt32LE(leftAt) - right.readUInt32LE(rightAt) : high;
}

function compareFixed(left: Buffer, leftAt: number, right: Buffer, rightAt: number): number {
  for (let at = 0; at < 16; at += 4) {
    const difference = left.readUInt32BE(leftAt + at) - right.readUInt32BE(rightAt + at);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Smallest and largest value of a chunk, for its statistics. */
export class Extremes {
  readonly #compare: Compare | undefined;
  readonly #width: number;
  readonly #min: Buffer;
  readonly #max: Buffer;
  #empty = true;

  constructor(kind: Kind) {
    this.#compare = orderOf(kind);
    this.#width = FORMATS[kind].width ?? 0;
    this.#min = Buffer.alloc(this.#width);
    this.#max = Buffer.alloc(this.#width);
  }

  see(bytes: Buffer, at: number): void {
    if (this.#compare === undefined) return;
    if (this.#empty || this.#compare(bytes, at, this.#min, 0) < 0) bytes.copy(this.#min, 0, at, at + this.#width);
    if (this.#empty || this.#compare(bytes, at, this.#max, 0) > 0) bytes.copy(this.#max, 0, at, at + this.#width);
    this.#empty = false;
  }

  /** What was seen since the last call. */
  take(): { readonly min: Buffer; readonly max: Buffer } | undefined {
    if (this.#empty) return undefined;
    this.#empty = true;
    return { min: Buffer.from(this.#min), max: Buffer.from(this.#max) };
  }
}
