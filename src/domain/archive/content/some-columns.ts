import { ByteSink } from '../parquet/byte-sink.ts';
import type { ArchiveColumn, Content } from './content.ts';
import { ContentBuilder } from './content-builder.ts';
import { RecordView, VALUE_HEAD_BYTES } from './record.ts';

/** Computes what some columns of rows say while the rows pass, as if there were no others. */
export class SomeColumns {
  readonly #places: readonly number[];
  readonly #content: ContentBuilder;
  readonly #record: RecordView;
  readonly #row = new ByteSink();
  readonly #count = Buffer.alloc(4);

  /** @param names in the order in which their values are digested */
  constructor(
    { columns, timeColumn }: { readonly columns: readonly ArchiveColumn[]; readonly timeColumn: string | null },
    names: readonly string[],
  ) {
    const chosen = names.map((name) => {
      const column = columns.find((candidate) => candidate.name === name);
      if (column === undefined) throw new TypeError(`there is no column ${name}`);
      return column;
    });
    this.#places = chosen.map((column) => columns.indexOf(column));
    this.#content = new ContentBuilder({ columns: chosen, timeColumn });
    this.#record = new RecordView(chosen);
    this.#count.writeUInt32BE(chosen.length);
  }

  /** @param record of all columns */
  add({ bytes, starts, lengths }: RecordView): void {
    const row = this.#row;
    row.length = 0;
    row.append(this.#count);
    for (const place of this.#places) {
      const start = starts[place] as number; // as long as the columns are many
      row.append(bytes, start - VALUE_HEAD_BYTES, start + Math.max(0, lengths[place] as number));
    }
    this.#record.show(row.bytes, 0, row.length);
    this.#content.add(this.#record);
  }

  finish(): Content {
    return this.#content.finish();
  }
}
