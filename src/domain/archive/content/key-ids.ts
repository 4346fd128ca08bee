import { kidOf, PREFIX } from '../../../crypto/ciphertext.ts';
import type { RecordView } from './record.ts';

const KID_END = PREFIX.length + 8;

/** The columns that hold ciphertext: the registry of encrypted pairs and the catalogue agree that all are named so. */
export function isEncrypted(column: string): boolean {
  return column.endsWith('_encrypted');
}

/** Counts values by the kid that they carry, as SQL's substr(value, 5, 8) has it. */
export class KeyIdCounter {
  readonly #columns: readonly number[];
  readonly #counts = new Map<string, { values: number }>();
  /** The kid of the value before, which is nearly always the same again. */
  #last: { readonly head: Buffer; readonly count: { values: number } } | undefined;

  constructor(columns: readonly string[]) {
    this.#columns = columns.flatMap((name, index) => (isEncrypted(name) ? [index] : []));
  }

  count({ bytes, starts, lengths }: RecordView): void {
    for (const column of this.#columns) {
      const start = starts[column] ?? 0;
      if ((lengths[column] ?? 0) < KID_END) continue;
      if (this.#last !== undefined && startsWith(bytes, start, this.#last.head)) this.#last.count.values += 1;
      else this.#countNew(bytes.subarray(start, start + KID_END));
    }
  }

  result(): Readonly<Record<string, number>> {
    const counted = [...this.#counts].sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(counted.map(([kid, { values }]) => [kid, values]));
  }

  #countNew(head: Buffer): void {
    const kid = kidOf(head.toString('latin1'));
    if (kid === undefined) return;
    const count = this.#counts.get(kid) ?? { values: 0 };
    this.#counts.set(kid, count);
    count.values += 1;
    this.#last = { head: Buffer.from(head), count };
  }
}

function startsWith(bytes: Buffer, start: number, head: Buffer): boolean {
  for (let at = KID_END - 1; at >= 0; at -= 1) if (bytes[start + at] !== head[at]) return false;
  return true;
}
