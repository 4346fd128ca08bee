import { counted } from '../../../counted.ts';
import type { Context } from '../../../context.ts';
import type { CopyIn } from '../../../db/copy.ts';
import { startCopyIn } from '../../../db/copy.ts';
import type { QualifiedName } from '../../../db/identifiers.ts';
import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { Session } from '../../../db/session.ts';
import { simpleText } from '../../../db/text.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ObjectStore } from '../../../store/store.ts';
import { compareContent } from '../content/compare.ts';
import type { ArchiveSource, Content } from '../content/content.ts';
import { contentInDatabase } from '../content/database.ts';
import { copyBinaryOf } from '../content/rows.ts';
import type { ArchivedSource } from '../manifest/manifest.ts';
import type { SourcePart } from '../months.ts';
import { readCounted } from '../paced.ts';
import { cancellable } from '../run/cancellable.ts';
import { createTable } from './ddl.ts';
import type { RestorableSource } from './sources.ts';

export interface LoadNeeds extends Pick<Context, 'signal'> {
  readonly session: Session;
  readonly store: ObjectStore;
  readonly advance: (bytes: number) => void;
}

const LATE_ROWS: QualifiedName = { schema: 'pg_temp', name: 'ordersync_late_rows' };

/**
 * Fills an empty table with the rows of an archived source, part by part, inside the caller's transaction. PostgreSQL itself
 * computes the root of what it holds then, and each must be the one that its manifest signs.
 * @returns what the table holds in the end
 * @throws OrdersyncError `unhealthy` when the rows are not the archived ones
 */
export async function loadSource(needs: LoadNeeds, target: QualifiedName, wanted: RestorableSource): Promise<Content> {
  const [base, ...late] = wanted.parts;
  if (base === undefined) throw new TypeError('a source has a part');
  await copyRows(needs, target, base.source);
  let content = await proveRows(needs, target, base);
  for (const part of late) {
    await simpleText(needs.session, createTable({ schema: undefined, name: LATE_ROWS.name }, wanted.columns, true));
    await copyRows(needs, LATE_ROWS, part.source);
    await proveRows(needs, LATE_ROWS, part);
    await mergeLateRows(needs.session, target, wanted);
    await simpleText(needs.session, `drop table ${quoteQualified(LATE_ROWS)}`);
    content = await contentOfTable(needs, target, base.source);
  }
  return content;
}

/** What a table holds now, as PostgreSQL computes it. An interrupt cancels it. */
export async function contentOfTable(
  needs: Pick<LoadNeeds, 'session' | 'signal'>,
  table: QualifiedName,
  source: ArchivedSource,
): Promise<Content> {
  return contentOf(needs, source, `from only ${quoteQualified(table)} as source`);
}

export async function contentOf(
  { session, signal }: Pick<LoadNeeds, 'session' | 'signal'>,
  { table, columns, timeColumn, orderedBy }: ArchivedSource,
  from: ArchiveSource['from'],
): Promise<Content> {
  const source = { table, columns, timeColumn: timeColumn ?? undefined, orderedBy, from };
  return cancellable({ signal }, session, async () => contentInDatabase(session, source));
}

async function copyRows({ session, store, signal, advance }: LoadNeeds, target: QualifiedName, source: ArchivedSource) {
  if (source.files.length === 0) return;
  const columns = source.columns.map(({ name }) => name);
  const copy = await startCopyIn(session, { table: target.name, schema: target.schema, columns, format: 'binary' });
  try {
    for await (const piece of copyBinaryOf(readCounted(store, advance, signal), source)) {
      await copy.write(piece);
    }
  } catch (error) {
    await copy.abandon();
    throw error;
  }
  await requireRows(copy, source);
}

async function requireRows(copy: CopyIn, { table, rows }: ArchivedSource): Promise<void> {
  const stored = await copy.finish();
  if (stored !== rows)
    throw notTheArchived(table, [`${counted(stored, 'row')} came back, and the manifest says ${rows}`]);
}

async function proveRows(needs: LoadNeeds, target: QualifiedName, { source }: SourcePart): Promise<Content> {
  const content = await contentOfTable(needs, target, source);
  const { equal, differing } = compareContent(source, content);
  if (equal) return content;
  throw notTheArchived(
    source.table,
    differing.map(({ hour, message }) => (hour === null ? message : `${hour}: ${message}`)),
  );
}

/** A late row replaces the one with its key, or is added. */
async function mergeLateRows(
  session: Session,
  target: QualifiedName,
  { key, columns }: RestorableSource,
): Promise<void> {
  const same = key
    .map((column) => `late.${quoteIdentifier(column)} = restored.${quoteIdentifier(column)}`)
    .join(' and ');
  const list = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const [into, late] = [quoteQualified(target), quoteQualified(LATE_ROWS)];
  await simpleText(session, `delete from ${into} as restored using ${late} as late where ${same}`);
  await simpleText(session, `insert into ${into} (${list}) select ${list} from ${late}`);
}

function notTheArchived(table: string, body: readonly string[]): OrdersyncError {
  return new OrdersyncError('unhealthy', `the rows of ${table} that came back are not the archived ones`, {
    body,
    hint: 'nothing of it was kept; see what is wrong with ordersync archive verify',
  });
}
