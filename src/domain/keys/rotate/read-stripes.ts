import type { TextRow } from '../../../db/text.ts';
import { SQLSTATE, sqlstateOf } from '../../../db/sqlstate.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { RowSession } from './row-session.ts';
import type { Layout, PlaceRange } from './places.ts';
import { rangeOfPages } from './places.ts';
import type { RowStatements } from './row-queries.ts';
import type { PendingRow, Stripe } from './stripe.ts';
import type { RotationTable } from './types.ts';

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
/**
 * So many statements pass before one comes by the same pages again: the other writers' snapshots are newer by then, and
 * what the page had before can be pruned.
 */
const STATEMENTS_BETWEEN = 3;
/** A read costs a round trip: where statements are short, several are cut from one read. */
const READ_ROWS = 256;

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

/** Looks at every row: one whose item number is not known would be left to the sweep. */
export async function readLayout(
  { run, statements, statementRows }: StripeReader,
  { firstPage, endPage }: { readonly firstPage: number; readonly endPage: number },
): Promise<Layout> {
  const { first, end } = rangeOfPages(firstPage, endPage);
  const [row] = await run<{ rows: number; items: number }>(statements.layout, [first, end]);
  const { rows, items } = row ?? { rows: 0, items: 0 };
  const pages = endPage - firstPage;
  const stripes = Math.max(1, Math.ceil(rows / pages));
  const byBytes = Math.floor((STRIPE_BYTES * stripes) / PAGE_BYTES);
  const byPages = Math.ceil(pages / STATEMENTS_BETWEEN);
  const most = Math.max(1, Math.min(Math.max(FEWEST_ROWS, Math.min(Math.floor(statementRows), byPages)), byBytes));
  return { items, stripes, pagesPerRead: Math.max(most, Math.min(READ_ROWS, byBytes)), statementRows: most };
}

/** Reads the pending values of some places, joined by ';'. @returns one stripe, or none */
export async function readStripes(
  { run, table, statements, keyId }: StripeReader,
  places: string,
): Promise<readonly Stripe[]> {
  const rows = await run<StripeRow>(statements.read, [keyId, places]);
  return rows.filter(({ rows }) => rows > 0).map((row) => stripeOf(table, row));
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
