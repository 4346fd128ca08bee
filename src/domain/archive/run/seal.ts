import type { ProgressEvent, Work } from '../../../context.ts';
import { OrdersyncError } from '../../../errors.ts';
import { notAsKnown, readKnown } from '../manifest/known.ts';
import type { Manifest, SignedManifest } from '../manifest/manifest.ts';
import { appendManifest } from '../manifest/write.ts';
import { parseMonth, startOf, endOf } from '../../partitions/month.ts';
import type { JournalEntry } from './journal-queries.ts';
import { setBack, setVerified } from './journal-queries.ts';
import { readKeptManifest } from './ledger-queries.ts';
import type { ArchiveRun, ChainRun } from './needs.ts';
import { reach } from './needs.ts';
import { readBack } from './read-back.ts';

/** exported → verified: every file read back from the store and found to be the month, then signed and chained. */
export async function* sealMonth(run: ArchiveRun, entry: JournalEntry): Work<void> {
  const { session } = run;
  const { table, month, kind, sources } = entry;
  if (sources === null) throw new TypeError('an export says what it exported');
  try {
    yield* readBack(run, `${table} ${month}`, sources);
  } catch (error) {
    if (error instanceof OrdersyncError && error.code === 'unhealthy')
      await setBack(session.sql, entry.id, error.message);
    throw error;
  }
  reach(run, 'archive-read-back');
  const sequence = yield* append(run, { table, month, kind, sources });
  // The ledger has done so with the manifest, but where the very same archive had its manifest already.
  await setVerified(session.sql, entry.id, sequence);
  reach(run, 'archive-verified');
}

/** Signs what is archived, at the end of the chain. @returns the number of its manifest */
export async function* append(
  run: ChainRun,
  archive: Pick<Manifest, 'table' | 'month' | 'kind' | 'sources' | 'supersedes'>,
): Work<number> {
  const { ctx, signer, publicKeys, ledger, store, identity } = run;
  const told: ProgressEvent[] = [];
  const tell = (event: ProgressEvent): void => void told.push(event);
  const needs = { clock: ctx.clock, reach: ctx.reach, signer, publicKeys, database: identity.database, tell };
  const draft = { ...identity, ...archive, ...boundsOf(archive.month) };
  const { manifest } = await appendManifest(needs, { ledger, store, draft });
  yield* told;
  return manifest.sequence;
}

/** `2025-01-01T00:00:00Z`, as manifests say it. */
export function boundsOf(month: string): { readonly lower: string; readonly upper: string } {
  const [lower, upper] = [startOf(parseMonth(month)), endOf(parseMonth(month))].map((at) =>
    new Date(at).toISOString().replace('.000Z', 'Z'),
  );
  return { lower: lower ?? '', upper: upper ?? '' };
}

/**
 * The manifest of an archive as the store has it, and not as anybody remembers it.
 * @throws OrdersyncError `unhealthy` unless it is there, genuine, and the one that the database knows
 */
export async function readProven(
  { session, store, publicKeys }: ChainRun,
  entry: Pick<JournalEntry, 'table' | 'month' | 'sequence'>,
): Promise<SignedManifest> {
  const what = `${entry.table} ${entry.month}`;
  if (entry.sequence === null) throw new TypeError(`${what} has no manifest`);
  const kept = await readKeptManifest(session.sql, entry.sequence);
  if (kept === undefined) {
    throw new OrdersyncError('unhealthy', `the database does not know manifest ${entry.sequence} of ${what}`, {
      hint: 'nobody can say whether what the store holds is it: bring the row of archive_manifests back from a backup',
      facts: { reason: 'manifest_unknown', location: store.location, sequence: entry.sequence },
    });
  }
  const known = await readKnown(store, { sequence: entry.sequence, digest: kept.digest }, publicKeys);
  if ('signed' in known) return known.signed;
  throw notAsKnown(store, { sequence: entry.sequence, what }, known);
}
