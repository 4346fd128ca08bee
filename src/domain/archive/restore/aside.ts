import type { Context, Work } from '../../../context.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { simpleText } from '../../../db/text.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import type { Month } from '../../partitions/month.ts';
import type { TableState } from '../../partitions/table.ts';
import { paced } from '../paced.ts';
import { commentOn, createLike, createTable, guardStatements, primaryKey } from './ddl.ts';
import { contentOfTable, loadSource } from './load.ts';
import type { Mark } from './naming.ts';
import { commentOf, manifestsOf, markOf } from './naming.ts';
import { readGrantees, readStanding } from './queries.ts';
import { rangeChecks } from './range-checks.ts';
import type { RestorableSource } from './sources.ts';

export interface AsideRequest {
  readonly source: RestorableSource;
  readonly month: Month;
  readonly name: QualifiedName & { readonly schema: string };
  /** The table of which it is to become a partition; undefined: it stays a table of its own. */
  readonly parent: TableState | undefined;
}

export interface RestoredTable {
  readonly table: string;
  readonly name: string;
  readonly rows: number;
  /** Computed by PostgreSQL from the rows that are there now. */
  readonly root: string;
  /** `restored` now, or `there` since an earlier run, and proven once more. */
  readonly state: 'restored' | 'there';
}

export type RestoreNeeds = Pick<Context, 'signal' | 'clock' | 'reach'> & {
  readonly session: Session;
  readonly store: ObjectStore;
};

/**
 * Brings the rows of one archived table back into a table of their own. It is made, filled, proven and marked in one
 * transaction that locks nothing of anybody: it is there whole and proven, or not at all.
 * @throws OrdersyncError `precondition` when something else has its name; `unhealthy` when its rows are not the archived ones
 */
export async function* restoreAside(needs: RestoreNeeds, request: AsideRequest): Work<RestoredTable> {
  const { source, month, name } = request;
  const standing = await readStanding(needs.session.sql, name);
  const mark = markOf(standing?.comment ?? null);
  if (standing !== undefined && !isSame(mark, request)) throw taken(name);
  const attachable = request.parent !== undefined;
  if (mark !== undefined && (mark.attachable || !attachable)) return yield* proveStanding(needs, request, mark);
  const total = source.parts.reduce(
    (sum, part) => sum + part.source.files.reduce((bytes, file) => bytes + file.bytes, 0),
    0,
  );
  const content = yield* paced(
    needs,
    async (advance) =>
      inTransaction(needs.session, async () => {
        // The same rows, without what a partition needs.
        if (standing !== undefined) await simpleText(needs.session, `drop table ${quoteQualified(name)}`);
        for (const statement of creating(request)) await simpleText(needs.session, statement);
        const loaded = await loadSource({ ...needs, advance }, name, source);
        needs.reach('restore-loaded');
        for (const statement of closing(request)) await simpleText(needs.session, statement);
        await revokeAll(needs.session, name);
        const manifests = manifestsOf(source);
        const comment = commentOf({ table: source.table, month, manifests, root: loaded.root, attachable });
        await simpleText(needs.session, commentOn(name, comment));
        return loaded;
      }),
    (done) => ({ kind: 'progress', label: name.name, done, total, unit: 'bytes' }),
  );
  await simpleText(needs.session, `analyze ${quoteQualified(name)}`);
  return { table: source.table, name: name.name, rows: content.rows, root: content.root, state: 'restored' };
}

/** What makes the table, before it has rows. */
export function creating({ name, parent, source }: AsideRequest): readonly string[] {
  return [parent === undefined ? createTable(name, source.columns) : createLike(name, parent)];
}

/** What closes it, once it has them. */
export function closing({ name, parent, source, month }: AsideRequest): readonly string[] {
  const checked = parent === undefined ? [primaryKey(name, source)] : rangeChecks(name, parent, month);
  return [...checked, ...guardStatements(name)];
}

function isSame(mark: Mark | undefined, { source, month }: AsideRequest): boolean {
  return mark?.table === source.table && mark.month === month && mark.manifests === manifestsOf(source);
}

async function* proveStanding(needs: RestoreNeeds, request: AsideRequest, mark: Mark): Work<RestoredTable> {
  const { name, source } = request;
  const [part] = source.parts;
  if (part === undefined) throw new TypeError('a source has a part');
  yield { kind: 'phase', message: `${name.name} is there; proving it once more` };
  const content = await inTransaction(needs.session, async () => contentOfTable(needs, name, part.source));
  if (content.root === mark.root) {
    return { table: source.table, name: name.name, rows: content.rows, root: content.root, state: 'there' };
  }
  throw new OrdersyncError('unhealthy', `${name.name} was restored before, and its rows were changed since`, {
    hint: 'look what happened to it; when it is dropped or renamed, the month can be restored again',
    facts: { table: name.name, expected: mark.root, found: content.root },
  });
}

/** Default privileges of the database must not open it to anybody. */
async function revokeAll(session: Session, name: QualifiedName): Promise<void> {
  for (const role of await readGrantees(session.sql, name)) {
    await simpleText(session, `revoke all on table ${quoteQualified(name)} from ${role}`);
  }
}

function taken({ name }: QualifiedName): OrdersyncError {
  return new OrdersyncError('precondition', `there is a table ${name}, and it is not this archived month`, {
    hint: 'rename or drop it: a month is restored under this name',
    facts: { table: name },
  });
}
