import { createHash, hash, type Hash } from 'node:crypto';
import { OrdersyncError } from '../../../errors.ts';
import type { Content, Leaf } from './content.ts';
import { KeyIdCounter } from './key-ids.ts';
import type { RecordView } from './record.ts';
import { hourOf, isoOfMicros, timeOutOfRange, unixMicros } from './time.ts';

const DIGEST_BYTES = 32;
/** Digests are handed to the leaf's hash so many at a time: each call costs as much as hashing a kilobyte. */
const DIGESTS_AT_ONCE = 512;

export interface ContentShape {
  readonly columns: readonly { readonly name: string }[];
  readonly timeColumn: string | null | undefined;
}

/** Computes what rows say while they pass, in the order of the archive. */
export class ContentBuilder {
  #rows = 0;
  readonly #timeIndex: number;
  readonly #keyIds: KeyIdCounter;
  readonly #leaves: Leaf[] = [];
  readonly #root = createHash('sha256');
  #leaf: Hash | undefined;
  #leafHour: string | null = null;
  #leafRows = 0;
  #hourLower = 0n;
  #hourUpper = 0n;
  #first: bigint | undefined;
  #last = 0n;
  readonly #digests = Buffer.alloc(DIGEST_BYTES * DIGESTS_AT_ONCE);
  #waiting = 0;

  constructor({ columns, timeColumn }: ContentShape) {
    this.#timeIndex = columns.findIndex(({ name }) => name === timeColumn);
    this.#keyIds = new KeyIdCounter(columns.map(({ name }) => name));
  }

  get rows(): number {
    return this.#rows;
  }

  add(record: RecordView): void {
    const { bytes, start, end } = record;
    if (this.#timeIndex >= 0) this.#enterHour(record);
    else this.#leaf ??= createHash('sha256');
    // As a string: a buffer of its own for each digest costs more than both conversions.
    const digest = hash('sha256', bytes.subarray(start, end), 'binary');
    this.#digests.write(digest, this.#waiting * DIGEST_BYTES, 'latin1');
    this.#waiting += 1;
    if (this.#waiting === DIGESTS_AT_ONCE) this.#flush();
    this.#keyIds.count(record);
    this.#rows += 1;
    this.#leafRows += 1;
  }

  finish(): Content {
    this.#endLeaf();
    return {
      rows: this.#rows,
      minTime: this.#first === undefined ? null : isoOfMicros(unixMicros(this.#first)),
      maxTime: this.#first === undefined ? null : isoOfMicros(unixMicros(this.#last)),
      leaves: this.#leaves,
      root: this.#root.digest('hex'),
      keyIds: this.#keyIds.result(),
    };
  }

  #enterHour({ bytes, starts, lengths }: RecordView): void {
    if (lengths[this.#timeIndex] !== 8) throw timeOutOfRange();
    const time = bytes.readBigInt64BE(starts[this.#timeIndex]);
    this.#first ??= time;
    if (time < this.#last && this.#rows > 0) throw outOfOrder();
    this.#last = time;
    if (this.#leaf !== undefined && time < this.#hourUpper && time >= this.#hourLower) return;
    this.#endLeaf();
    const { iso, lower, upper } = hourOf(time);
    this.#hourLower = lower;
    this.#hourUpper = upper;
    this.#leafHour = iso;
    this.#leaf = createHash('sha256');
  }

  #flush(): void {
    this.#leaf?.update(this.#digests.subarray(0, this.#waiting * DIGEST_BYTES));
    this.#waiting = 0;
  }

  #endLeaf(): void {
    if (this.#leaf === undefined) return;
    this.#flush();
    const digest = this.#leaf.digest();
    this.#root.update(digest);
    this.#leaves.push({ hour: this.#leafHour, rows: this.#leafRows, sha256: digest.toString('hex') });
    this.#leaf = undefined;
    this.#leafRows = 0;
  }
}

function outOfOrder(): OrdersyncError {
  return new OrdersyncError('unhealthy', 'the rows are not in the order of their time', {
    hint: 'the index by which the server orders them may be corrupt: amcheck and REINDEX tell and help',
    facts: { reason: 'order' },
  });
}
