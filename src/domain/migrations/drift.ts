import type { Context, Work } from '../../context.ts';
import { OrdersyncError } from '../../errors.ts';
import { diffCatalogues } from './catalogue/diff.ts';
import { fingerprintOf } from './catalogue/fingerprint.ts';
import type { Catalogue } from './catalogue/model.ts';
import type { Difference } from './catalogue/object-diff.ts';
import { readCatalogue } from './catalogue/read.ts';
import { installableExtensions } from './drift-queries.ts';
import { loadMigrations } from './file/load.ts';
import type { Migration } from './file/migration.ts';
import { readHistory } from './ledger.ts';
import { applyAllToScratch, beginScratchRun } from './scratch-run.ts';
import { withScratchDatabase } from './scratch.ts';
import type { MigrationState } from './states.ts';
import { statesOf } from './states.ts';

export interface Drift {
  /** What the database has otherwise than its ledger implies; empty when all is well. */
  readonly differences: readonly Difference[];
  /** Extensions that only an administrator can add or leave out: told, and no drift. */
  readonly notes: readonly string[];
  /** How many applied files the expected schema was built from, and how many objects were compared. */
  readonly files: number;
  readonly objects: number;
  /** SHA-256 of the expected and the live schema; comparable between databases of one server major version. */
  readonly expected: string;
  readonly actual: string;
}

type Needs = Pick<Context, 'db' | 'clock' | 'signal' | 'config'>;

/**
 * Compares the live schema with the one that the applied files make, built by the runner itself in a scratch database on
 * the same server. Pending files do not matter.
 * @throws OrdersyncError checksum_mismatch or precondition when the ledger cannot be rebuilt from the files; what
 * withScratchDatabase throws
 */
export async function* readDrift(ctx: Needs): Work<Drift> {
  const migrations = await loadMigrations(ctx.config.migrationsDir);
  const session = await ctx.db.session();
  const applied = appliedMigrations(statesOf(migrations, await readHistory(session.sql)));
  const expected = yield* withScratchDatabase(ctx, async function* (scratch) {
    const run = await beginScratchRun(scratch);
    try {
      yield* applyAllToScratch(run, applied);
      return await readCatalogue(run.session);
    } finally {
      await run.watcher.close();
    }
  });
  yield { kind: 'phase', message: 'comparing with the live schema' };
  const actual = await readCatalogue(session);
  const open = new Set((await installableExtensions(session.sql)).map(({ name }) => name));
  return compare({ expected, actual, files: applied.length }, open);
}

/**
 * Every applied file, oldest first.
 * @throws OrdersyncError when one of them is not there as it was applied
 */
export function appliedMigrations(states: readonly MigrationState[]): Migration[] {
  const broken = states.filter(({ state, row, migration }) => {
    if (row === undefined) return state === 'partial';
    return state === 'changed' || state === 'missing' || state === 'partial' || migration === undefined;
  });
  if (broken.length > 0) {
    const mismatch = broken.some(({ state }) => state === 'changed' || state === 'missing');
    throw new OrdersyncError(
      mismatch ? 'checksum_mismatch' : 'precondition',
      'the schema that the ledger implies cannot be rebuilt from the files',
      {
        hint: 'bring the files back as they were applied, or see: ordersync migrate status',
        body: broken.map(({ version, state, note }) => `${version}: ${state}${note === undefined ? '' : ` (${note})`}`),
      },
    );
  }
  return states.flatMap(({ row, migration }) => (row === undefined || migration === undefined ? [] : [migration]));
}

interface Compared {
  readonly expected: Catalogue;
  readonly actual: Catalogue;
  readonly files: number;
}

function compare({ expected, actual, files }: Compared, installable: ReadonlySet<string>): Drift {
  const all = diffCatalogues(expected, actual);
  const notes = all.filter((difference) => isAdministrators(difference, installable));
  return {
    differences: all.filter((difference) => !notes.includes(difference)),
    notes: notes.map(({ identity, change }) => extensionNote(identity, change)),
    files,
    objects: actual.objects.length + actual.partitions.length,
    expected: fingerprintOf(expected),
    actual: fingerprintOf(actual),
  };
}

/**
 * Monitoring and job extensions are added by administrators, and a migration that makes one only where it may has not
 * made it here. An extension that the migrating role could have made itself is missing for another reason.
 */
function isAdministrators({ kind, change, identity }: Difference, installable: ReadonlySet<string>): boolean {
  return kind === 'extension' && (change === 'unexpected' || !installable.has(identity));
}

function extensionNote(name: string, change: Difference['change']): string {
  if (change === 'unexpected') return `extension ${name} is installed beyond what the migrations make`;
  return `extension ${name} is ${change === 'missing' ? 'not installed' : 'in another schema'}: only an administrator can change that`;
}
