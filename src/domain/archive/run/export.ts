import { randomBytes } from 'node:crypto';
import type { Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ArchiveSource, Content } from '../content/content.ts';
import { compareContent } from '../content/compare.ts';
import { contentInDatabase } from '../content/database.ts';
import { exportSource } from '../content/export.ts';
import type { ArchivedSource, Manifest } from '../manifest/manifest.ts';
import type { PlannedMonth } from '../plan/plan.ts';
import { removeBrokenOff } from '../removal.ts';
import { beginReading, endReading, exportSnapshot } from './export-queries.ts';
import type { JournalEntry } from './journal-queries.ts';
import { beginExport, setExported } from './journal-queries.ts';
import { readKeptManifest } from './ledger-queries.ts';
import type { ArchiveRun } from './needs.ts';
import { reach } from './needs.ts';
import { readParts, readSource } from './parts.ts';

/**
 * planned → exported: every row of the month in files of the store, from one snapshot. What the rows are is computed twice,
 * by PostgreSQL from the tables and here from the stream, and has to be the same.
 */
export async function* exportMonth(run: ArchiveRun, planned: PlannedMonth, entry: JournalEntry): Work<void> {
  const { session, store } = run;
  yield* clearAttempt(run, planned, entry);
  const exportId = randomBytes(8).toString('hex');
  await beginExport(session.sql, entry.id, { exportId, location: store.location });
  reach(run, 'archive-planned');
  const { own, dependants } = await readParts(session, planned);
  // What has begun to leave is not all there any more: what was archived and proven of it stands.
  const carried = entry.leaving ? await archivedDependants(run, entry) : [];
  const sources: ArchiveSource[] = [];
  for (const part of entry.leaving ? [own] : [own, ...dependants]) sources.push(await readSource(session, part));
  const archived: ArchivedSource[] = [];
  await beginReading(session);
  try {
    const snapshot = await exportSnapshot(session);
    for (const source of sources) {
      archived.push(
        yield* exportOne(run, { source, snapshot, folder: folderOf(source.table, planned.month), exportId }),
      );
      reach(run, 'archive-mid-export');
    }
  } finally {
    if (!session.lost) await endReading(session);
  }
  await setExported(session.sql, entry.id, [...archived, ...carried]);
  reach(run, 'archive-exported');
}

/** `audit_logs/year=2025/month=01/`, so that a glob over one table finds all of it. */
function folderOf(table: string, month: string): string {
  return `${table}/year=${month.slice(0, 4)}/month=${month.slice(5)}/`;
}

/** Files of an export that never became an archive. */
async function* clearAttempt(
  run: ArchiveRun,
  { table: { table, dependants }, month }: PlannedMonth,
  { exportId }: JournalEntry,
): Work<void> {
  if (exportId === null) return;
  const folders = [table, ...dependants.map((dependant) => dependant.table)].map((name) => folderOf(name, month));
  const what = `an export of ${table} ${month}`;
  run.kept.push(...(yield* removeBrokenOff(run, { what, id: exportId, folders })));
}

interface OneExport {
  readonly source: ArchiveSource;
  readonly snapshot: string;
  readonly folder: string;
  readonly exportId: string;
}

async function* exportOne(run: ArchiveRun, { source, snapshot, folder, exportId }: OneExport): Work<ArchivedSource> {
  const { ctx, session, store, pace } = run;
  await store.sweep(folder);
  let proven = false;
  const proving = contentInDatabase(session, source).finally(() => {
    proven = true;
  });
  const settled = proving.catch(() => undefined);
  const openFile = async (index: number) =>
    store.upload(`${folder}part-${String(index).padStart(5, '0')}-${exportId}.parquet`, { ifAbsent: true });
  try {
    const { content, files } = yield* exportSource(ctx, { source, snapshot, openFile, pace });
    requireSame(source.table, await proving, content);
    return {
      table: source.table,
      columns: source.columns,
      timeColumn: source.timeColumn ?? null,
      orderedBy: source.orderedBy,
      ...content,
      files: files.map(({ key, bytes, sha256, rows }) => ({ key, bytes, sha256, rows })),
    };
  } catch (error) {
    if (!proven) await session.cancel();
    await settled;
    throw error;
  }
}

function requireSame(table: string, inDatabase: Content, exported: Content): void {
  const { equal, differing } = compareContent(inDatabase, exported);
  if (equal) return;
  throw new OrdersyncError('unhealthy', `what was exported of ${table} is not what PostgreSQL has`, {
    body: differing.map(({ hour, message }) => `${hour ?? table}: ${message}`),
    hint: 'nothing was dropped; please report this with the versions of ordersync and of the server',
  });
}

async function archivedDependants(
  { session }: ArchiveRun,
  { sequence }: JournalEntry,
): Promise<readonly ArchivedSource[]> {
  const kept = sequence === null ? undefined : await readKeptManifest(session.sql, sequence);
  if (kept === undefined) throw new TypeError('rows leave with a manifest only');
  return (JSON.parse(kept.manifest) as Manifest).sources.slice(1); // as this program has written it
}
