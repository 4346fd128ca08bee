import { parseCiphertext } from '../../../crypto/ciphertext.ts';
import type { DecryptFault } from '../../../crypto/value.ts';
import type { RotationTable } from './types.ts';

/**
 * Rows of one relation with their pending values, packed as the server sent them. Ids and versions go back as they came;
 * nothing here is taken apart unless something is wrong.
 */
export interface Stripe {
  readonly rows: number;
  /** Primary keys, joined by ','. */
  readonly ids: string;
  /** xmin of each row, joined by ','. */
  readonly versions: string;
  /** ctid of each row, joined by ';'; where ids alone are not unique. */
  readonly places: string | undefined;
  /** What the values are bound to, joined by ','. */
  readonly rowIds: string;
  /** One for each pair of the table: values joined by ','; an empty field is left alone. */
  readonly texts: readonly string[];
}

/** One row with its pending values, null for one that is not pending. */
export interface PendingRow {
  readonly id: string;
  readonly version: string;
  readonly place: string;
  readonly rowId: string;
  readonly texts: readonly (string | null)[];
}

/** A value that could not be renewed; never anything of the value itself. */
export interface BadValue {
  readonly id: string;
  readonly column: string;
  readonly reason: DecryptFault | 'key_mismatch'; // key_mismatch: under the target already, while the key column names another
}

/**
 * Cuts a stripe into such of so many rows at most. Where a value holds a comma the number of fields is wrong, and it stays
 * whole.
 */
export function cutStripe(stripe: Stripe, rows: number): readonly Stripe[] {
  if (stripe.rows <= rows) return [stripe];
  const [ids, versions, rowIds] = [stripe.ids, stripe.versions, stripe.rowIds].map((packed) => packed.split(','));
  const places = stripe.places?.split(';');
  const columns = stripe.texts.map((packed) => packed.split(','));
  if ([rowIds, ...columns].some((fields) => fields?.length !== stripe.rows)) return [stripe];
  return Array.from({ length: Math.ceil(stripe.rows / rows) }, (_, index) => {
    const [from, to] = [index * rows, Math.min(stripe.rows, (index + 1) * rows)];
    const cut = (fields: readonly string[] = []): string => fields.slice(from, to).join(',');
    return {
      rows: to - from,
      ids: cut(ids),
      versions: cut(versions),
      places: places?.slice(from, to).join(';'),
      rowIds: cut(rowIds),
      texts: columns.map(cut),
    };
  });
}

/** Packs rows one by one, and sets apart the values that packing would take for something else. */
export function packRows(
  { pairs }: RotationTable,
  rows: readonly PendingRow[],
): { readonly stripe: Stripe; readonly bad: readonly BadValue[] } {
  const bad: BadValue[] = [];
  const texts = pairs.map(({ value: column }, position) =>
    rows
      .map(({ id, rowId, texts }) => {
        const text = texts[position] ?? null;
        if (text === null) return '';
        const reason = faultOfField(rowId, text);
        if (reason === undefined) return text;
        bad.push({ id, column, reason });
        return '';
      })
      .join(','),
  );
  const stripe = {
    rows: rows.length,
    ids: rows.map(({ id }) => id).join(','),
    versions: rows.map(({ version }) => version).join(','),
    places: rows.map(({ place }) => place).join(';'),
    // A row id that cannot be packed has no value left to be bound to it.
    rowIds: rows.map(({ id, rowId }) => (isField(rowId) ? rowId : id)).join(','),
    texts,
  };
  return { stripe, bad };
}

/** How many fields a packed text has. */
export function fieldCount(packed: string): number {
  let count = 1;
  for (let at = packed.indexOf(','); at !== -1; at = packed.indexOf(',', at + 1)) count += 1;
  return count;
}

function faultOfField(rowId: string, text: string): DecryptFault | undefined {
  if (!isField(rowId)) return 'bad_row_id';
  if (text === '') return 'empty';
  if (!text.includes(',')) return undefined;
  const parsed = parseCiphertext(text);
  // A comma is no character of the encoding, so there is always a fault.
  return typeof parsed === 'string' ? parsed : 'malformed';
}

function isField(text: string): boolean {
  return text !== '' && !text.includes(',');
}
