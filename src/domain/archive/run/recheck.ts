import type { Work } from '../../../context.ts';
import type { Session } from '../../../db/session.ts';
import { OrdersyncError } from '../../../errors.ts';
import type { ArchiveColumn } from '../content/content.ts';
import type { Comparison } from '../content/compare.ts';
import { compareContent } from '../content/compare.ts';
import { rootInDatabase } from '../content/database.ts';
import type { ArchivedSource, SignedManifest } from '../manifest/manifest.ts';
import type { Part } from '../plan/sources.ts';
import { sourceOf } from '../plan/sources.ts';
import { cancellable } from './cancellable.ts';
import { beginReading, endReading } from './export-queries.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setBack } from './journal-queries.ts';
import type { ArchiveRun } from './needs.ts';
import type { MonthParts } from './parts.ts';
import { readSource } from './parts.ts';
import { whileWorking } from './while-working.ts';

/**
 * Whether the month still is what its manifest says, before anything of it leaves; in one snapshot.
 * @throws OrdersyncError `unhealthy` naming the hours; the journal says that it has to be exported again
 */
export async function* recheckMonth(
  run: ArchiveRun,
  {
    entry,
    parts,
    signed,
  }: { readonly entry: JournalEntry; readonly parts: MonthParts; readonly signed: SignedManifest },
): Work<void> {
  const { session, ctx } = run;
  const what = `${entry.table} ${entry.month}`;
  let found: { readonly table: string; readonly comparison: Comparison } | undefined;
  await beginReading(session);
  try {
    for (const part of [parts.own, ...parts.dependants]) {
      const comparing = cancellable(ctx, session, async () =>
        compareNow(session, part, archivedOf(signed, part.table)),
      );
      const comparison = yield* whileWorking(ctx, comparing, () => ({
        kind: 'phase',
        message: `${what}: computing the root of ${part.table} once more`,
      }));
      if (!comparison.equal) found ??= { table: part.table, comparison };
    }
  } finally {
    if (!session.lost) await endReading(session);
  }
  if (found !== undefined) throw await setBackChanged(session, entry, found);
}

/** By PostgreSQL alone, in the caller's transaction. */
export async function compareNow(session: Session, part: Part, archived: ArchivedSource): Promise<Comparison> {
  const { columns } = await readSource(session, part);
  // A column that was added since may have values that the archive could not give back.
  if (shapeOf(columns) !== shapeOf(archived.columns)) return OTHER_COLUMNS;
  return compareContent(archived, await rootInDatabase(session, sourceOf(part, archived.columns)));
}

const OTHER_COLUMNS: Comparison = {
  equal: false,
  differing: [
    { hour: null, kind: 'changed', expected: 0, found: 0, message: 'its columns are not those that were archived' },
  ],
};

function shapeOf(columns: readonly ArchiveColumn[]): string {
  return JSON.stringify(columns.map(({ name, type }) => `${name} ${type}`).sort());
}

export function archivedOf({ manifest }: SignedManifest, table: string): ArchivedSource {
  const found = manifest.sources.find((source) => source.table === table);
  if (found === undefined) throw new TypeError(`manifest ${manifest.sequence} says nothing of ${table}`);
  return found;
}

/** Notes that a month has to be exported again. @returns the error that says why */
export async function setBackChanged(
  { sql }: Session,
  entry: JournalEntry,
  { table, comparison }: { readonly table: string; readonly comparison: Comparison },
): Promise<OrdersyncError> {
  const { differing } = comparison;
  const hours = differing.map(({ hour, message }) => `${table} ${hour ?? entry.month}: ${message}`);
  await setBack(sql, entry.id, `changed since its export: ${hours.slice(0, 3).join('; ')}`);
  return new OrdersyncError(
    'unhealthy',
    `${entry.table} ${entry.month} changed since its export, and was not dropped`,
    {
      body: hours,
      hint: 'run the command again: it exports the month anew, as another manifest',
      facts: { table, hours: differing.map(({ hour }) => hour) },
    },
  );
}
