import type { TextRow } from '../../../db/text.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { RowSession } from './row-session.ts';
import type { RowStatements } from './row-queries.ts';
import { joinStripes } from './stripe.ts';
import type { PendingRow, Stripe } from './stripe.ts';
import type { RotationTable } from './types.ts';

/** A range of row places, `(page,item)`: from the first up to the second, exclusive. */
export interface PlaceRange {
  readonly first: string;
  readonly end: string;
}

export interface StripeReader {
  readonly run: RowSession['run'];
  readonly table: RotationTable;
  readonly statements: RowStatements;
  readonly keyId: string;
  /** How many rows a statement may write. */
  readonly statementRows: number;
}

/** What a statement may carry, and what a range may hold: memory stays flat whatever the size of the values. */
const STRIPE_BYTES = 1024 * 1024;
const RANGE_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = 8192;
const FEWEST_ROWS = 16;
/** A read is over before the next stripe comes by the same pages: its snapshot would keep them from being pruned. */
const READ_PAGES = 256;
const SAMPLED_PAGES = 16;

/** How the rows of some pages are spread over stripes, and how those are put together. */
export interface Layout {
  readonly stripes: number;
  readonly pagesPerRead: number;
  readonly readsPerStatement: number;
}

export function rangeOfPages(firstPage: number, endPage: number): PlaceRange {
  return { first: `(${firstPage},0)`, end: `(${endPage},0)` };
}

/**
 * The parts in which a range of pages is read. Where values are stored out of line a page may stand for any number of
 * bytes: then the server adds them up first, without fetching them.
 */
export async function cutRange(
  { run, statements, keyId }: StripeReader,
  range: PlaceRange,
  toasted: boolean,
): Promise<PlaceRange[]> {
  if (!toasted) return [range];
  const rows = await run<{ first: string }>(statements.measure, [keyId, range.first, range.end, RANGE_BYTES]);
  return rows.map(({ first }, index) => ({ first, end: rows[index + 1]?.first ?? range.end }));
}

/** Sampled, because statistics may be missing or old. */
export async function readLayout(
  { run, statements, statementRows }: StripeReader,
  { firstPage, endPage }: { readonly firstPage: number; readonly endPage: number },
): Promise<Layout> {
  const from = firstPage + Math.max(0, Math.floor((endPage - firstPage - SAMPLED_PAGES) / 2));
  const to = Math.min(endPage, from + SAMPLED_PAGES);
  const { first, end } = rangeOfPages(from, to);
  const [row] = await run<{ rows: number }>(statements.density, [first, end]);
  const stripes = Math.max(1, Math.ceil((row?.rows ?? 0) / (to - from)));
  // A stripe has about one row of each page.
  const byBytes = (STRIPE_BYTES * stripes) / PAGE_BYTES;
  const rows = Math.max(1, Math.floor(Math.min(Math.max(FEWEST_ROWS, statementRows), byBytes)));
  const pagesPerRead = Math.min(rows, READ_PAGES);
  return { stripes, pagesPerRead, readsPerStatement: Math.floor(rows / pagesPerRead) };
}

/** Reads the pending values of a range, packed into stripes, in the order to write them. */
export async function readStripes(
  { run, table, statements, keyId }: StripeReader,
  range: PlaceRange,
  { stripes, pagesPerRead, readsPerStatement }: Layout,
): Promise<Stripe[]> {
  const pieces: { readonly stripe: number; readonly statement: number; readonly read: Stripe }[] = [];
  for (const [index, { first, end }] of cutPages(range, pagesPerRead).entries()) {
    const rows = await run<StripeRow>(statements.read, [keyId, first, end, stripes]);
    const statement = Math.floor(index / readsPerStatement);
    pieces.push(...rows.map((row) => ({ stripe: row.stripe, statement, read: stripeOf(table, row) })));
  }
  const together = new Map<number, Stripe[]>();
  for (const { stripe, statement, read } of pieces.toSorted(byStripe)) {
    const place = stripe * pieces.length + statement;
    together.set(place, [...(together.get(place) ?? []), read]);
  }
  return [...together.values()].map(joinStripes);
}

function byStripe(
  one: { readonly stripe: number; readonly statement: number },
  other: { readonly stripe: number; readonly statement: number },
): number {
  return one.stripe - other.stripe || one.statement - other.statement;
}

/** Ranges of so many pages at most, of a range that may begin and end within a page. */
function cutPages({ first, end }: PlaceRange, pages: number): PlaceRange[] {
  const [from, to] = [pageOf(first), pageOf(end)];
  const cuts = [first];
  for (let page = from + pages; page < to; page += pages) cuts.push(`(${page},0)`);
  return cuts.map((cut, index) => ({ first: cut, end: cuts[index + 1] ?? end }));
}

function pageOf(place: string): number {
  return Number(place.slice(1, place.indexOf(',')));
}

/** Rows by their ids, for those that cannot be read as a stripe. */
export async function readPendingRows(
  { run, table, statements, keyId }: StripeReader,
  request: { readonly ids: string; readonly runId: string; readonly since: string },
): Promise<PendingRow[]> {
  const { ids, runId, since } = request;
  const rows = await run(statements.readRows, [keyId, ids, runId, table.table.name, since]);
  return rows.map((row) => ({
    id: String(row['id']),
    version: String(row['version']),
    place: String(row['place']),
    rowId: String(row['row_id']),
    texts: table.pairs.map((_, index) => (row[`t${index}`] ?? null) as string | null), // text columns
  }));
}

/** @throws OrdersyncError `partial` in place of the server's error for a table that somebody keeps locked as a whole */
export function whenRelationLocked(error: unknown, relation: string): unknown {
  if (sqlstateOf(error) !== SQLSTATE.lockNotAvailable) return error;
  return new OrdersyncError('partial', `the table ${relation} stays locked by another session`, {
    hint: 'see who holds it with `ordersync monitor blocking`; what is done is kept, run the command again',
    sqlstate: SQLSTATE.lockNotAvailable,
  });
}

interface StripeRow extends TextRow {
  readonly stripe: number;
  readonly rows: number;
  readonly ids: string;
  readonly versions: string;
  readonly places?: string;
  readonly row_ids?: string;
}

function stripeOf({ pairs }: RotationTable, row: StripeRow): Stripe {
  return {
    rows: row.rows,
    ids: row.ids,
    versions: row.versions,
    places: row.places,
    rowIds: row.row_ids ?? row.ids,
    texts: pairs.map((_, index) => String(row[`t${index}`])),
  };
}
