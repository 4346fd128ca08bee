import { OrdersyncError } from '../../../errors.ts';
import type { ArchivedPairs } from '../content/pairs.ts';
import { RecordView, VALUE_HEAD_BYTES } from '../content/record.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import { ByteSink } from '../parquet/byte-sink.ts';
import type { RowBatch } from '../parquet/file-reader.ts';
import type { RenewedPair, Renewal, UnreadableValue } from './renew-rows.ts';
import { renewRows } from './renew-rows.ts';

/** So many rows are encrypted at once: enough for the bulk path, and few megabytes. */
const MOST_ROWS = 1000;
/** Long values end a batch before that. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Of what cannot be decrypted so much is told. */
const MOST_TOLD = 20;

/** Holds some rows of a source, and gives them out again with renewed values. */
export class RowBuffer {
  readonly #source: ArchivedSource;
  readonly #pairs: ArchivedPairs;
  readonly #renewal: Renewal;
  readonly #heads: readonly Buffer[];
  readonly #count: Buffer;
  readonly #bytes = new ByteSink();
  readonly #ends: number[] = [];
  readonly #views: RecordView[] = [];
  readonly #after: RecordView;
  readonly #out = new ByteSink();

  constructor(
    source: ArchivedSource,
    { pairs, renewal }: { readonly pairs: ArchivedPairs; readonly renewal: Renewal },
  ) {
    this.#source = source;
    this.#pairs = pairs;
    this.#renewal = renewal;
    this.#heads = source.columns.map(({ oid }) => uint32(oid));
    this.#count = uint32(source.columns.length);
    this.#after = new RecordView(source.columns);
  }

  /** Takes rows of a batch in the place of those before. @returns how many: at least one, at most `most` */
  fill(batch: RowBatch, most: number): number {
    this.#bytes.length = 0;
    this.#ends.length = 0;
    const rows = Math.min(most, MOST_ROWS);
    while (this.#ends.length < rows && this.#bytes.length < MOST_BYTES) {
      this.#bytes.append(this.#count);
      batch.take(this.#bytes, this.#heads);
      this.#ends.push(this.#bytes.length);
    }
    return this.#ends.length;
  }

  /**
   * Each row as it is and as it is to be; both are gone with the next one.
   * @throws OrdersyncError `unhealthy` naming values that cannot be decrypted
   */
  *renew(): Generator<{ readonly before: RecordView; readonly after: RecordView }, void, void> {
    const rows = this.#rows();
    const { pairs, unreadable } = renewRows(this.#renewal, this.#pairs, rows);
    if (unreadable.length > 0) throw cannotBeDecrypted(this.#source, unreadable);
    for (const [index, before] of rows.entries()) {
      this.#write(before, pairs, index);
      yield { before, after: this.#after };
    }
  }

  #rows(): readonly RecordView[] {
    let start = 0;
    return this.#ends.map((end, index) => {
      const view = (this.#views[index] ??= new RecordView(this.#source.columns));
      view.show(this.#bytes.bytes, start, end);
      start = end;
      return view;
    });
  }

  /** Everything as it was but the renewed values, and the names of their keys beside them. */
  #write({ bytes, start, end, starts, lengths }: RecordView, pairs: readonly RenewedPair[], index: number): void {
    const changes: (readonly [place: number, text: string])[] = [];
    for (const { pair, texts, keyId } of pairs) {
      const text = texts[index];
      if (text !== undefined) changes.push([pair.value, text], [pair.key, keyId]);
    }
    changes.sort(([one], [other]) => one - other);
    const out = this.#out;
    out.length = 0;
    let copied = start;
    for (const [place, text] of changes) {
      const at = starts[place] as number; // as long as the columns are many
      out.append(bytes, copied, at - VALUE_HEAD_BYTES + 4);
      const value = Buffer.from(text, 'utf8');
      out.append(uint32(value.length));
      out.append(value);
      copied = at + Math.max(0, lengths[place] as number);
    }
    out.append(bytes, copied, end);
    this.#after.show(out.bytes, 0, out.length);
  }
}

function cannotBeDecrypted({ table }: ArchivedSource, values: readonly UnreadableValue[]): OrdersyncError {
  const more = values.length - MOST_TOLD;
  return new OrdersyncError('unhealthy', `values of ${table} in the archive cannot be decrypted`, {
    body: [
      ...values
        .slice(0, MOST_TOLD)
        .map(({ column, rowId, fault }) => `${table}.${column} of row ${shown(rowId)}: ${fault}`),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
    hint: 'their manifest stays as it is, and so does their key; ordersync archive verify --decrypt-sample tells more',
    facts: { reason: 'unreadable_values', table, values: values.length },
  });
}

/** An id may be anybody's text. */
function shown(rowId: string): string {
  return /^[\w-]{1,64}$/u.test(rowId) ? rowId : 'without a usable id';
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
