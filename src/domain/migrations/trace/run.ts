import type { Context, Work } from '../../../context.ts';
import { appliedMigrations } from '../drift.ts';
import type { Run } from '../apply/run.ts';
import { loadMigrations } from '../file/load.ts';
import type { Migration } from '../file/migration.ts';
import { readHistory } from '../ledger.ts';
import { readyFiles } from '../prepare.ts';
import { applyAllToScratch, applyToScratch, beginScratchRun } from '../scratch-run.ts';
import { withScratchDatabase } from '../scratch.ts';
import { statesOf } from '../states.ts';
import type { FileTrace } from './file.ts';
import { traceFile } from './file.ts';
import type { TraceFinding } from './findings.ts';
import { traceFindings } from './findings.ts';
import type { Origin } from './observe.ts';
import { originOf } from './observe.ts';
import type { TableSize } from './queries.ts';
import { readRelationStates, readScanCounting, readTableSizes } from './queries.ts';

export interface TraceResult {
  readonly files: readonly FileTrace[];
  readonly findings: readonly TraceFinding[];
  /** What the trace cannot see, in sentences. */
  readonly notes: readonly string[];
}

type Needs = Pick<Context, 'db' | 'clock' | 'signal' | 'config'>;

/**
 * Runs the pending files in a scratch database that has all applied ones, and tells which locks, rewrites and full reads
 * each statement really causes on tables that are in use, weighed by their size in the configured database. The server is
 * the same, so its version's behaviour is too.
 * @throws OrdersyncError what withScratchDatabase and loadMigrations throw; checksum_mismatch when an applied file changed
 */
export async function* tracePending(ctx: Needs): Work<TraceResult> {
  const migrations = await loadMigrations(ctx.config.migrationsDir);
  const session = await ctx.db.session();
  const applied = appliedMigrations(statesOf(migrations, await readHistory(session.sql)));
  const pending = migrations.filter((migration) => !applied.includes(migration));
  if (pending.length === 0) return { files: [], findings: [], notes: [] };
  const sizes = new Map((await readTableSizes(session.sql)).map((size) => [size.table, size]));
  const [counting] = await readScanCounting(session.sql);
  const traced = yield* withScratchDatabase(ctx, async function* (scratch) {
    const run = await beginScratchRun(scratch);
    try {
      yield* applyAllToScratch(run, applied);
      return yield* traceAll(run, pending, sizes);
    } finally {
      await run.watcher.close();
    }
  });
  return { ...traced, notes: notesOn(traced.files, counting?.counted === true) };
}

async function* traceAll(
  run: Run,
  pending: readonly Migration[],
  sizes: ReadonlyMap<string, TableSize>,
): Work<Pick<TraceResult, 'files' | 'findings'>> {
  const origin = originOf(await readRelationStates(run.session.sql));
  const files: FileTrace[] = [];
  const findings: TraceFinding[] = [];
  for (const [index, migration] of pending.entries()) {
    yield { kind: 'progress', label: 'trace', done: index, total: pending.length, unit: 'files' };
    const traced = yield* traceMigration({ run, origin, sizes }, migration);
    files.push(traced.trace);
    findings.push(...traced.findings);
    if (traced.trace.failure !== undefined) break;
  }
  return { files, findings };
}

interface Scene {
  readonly run: Run;
  readonly origin: Origin;
  readonly sizes: ReadonlyMap<string, TableSize>;
}

async function* traceMigration(
  { run, origin, sizes }: Scene,
  migration: Migration,
): Work<{ readonly trace: FileTrace; readonly findings: readonly TraceFinding[] }> {
  const [ready] = await readyFiles([{ migration, direction: 'up', version: migration.version }]);
  if (ready === undefined) throw new TypeError(`not made ready: ${migration.upFile}`);
  const { script } = ready;
  if (script.directives.transaction) {
    const trace = await traceFile(run, script, origin);
    return { trace, findings: traceFindings(script, trace, sizes) };
  }
  yield* applyToScratch(run, migration, 'up');
  return { trace: { file: script.file, statements: [], traced: false }, findings: [] };
}

function notesOn(files: readonly FileTrace[], scansCounted: boolean): string[] {
  const outside = files.filter(({ traced }) => !traced).map(({ file }) => file);
  const failed = files.find(({ failure }) => failure !== undefined);
  return [
    ...(outside.length === 0
      ? []
      : [`not traced, outside a transaction only the static rules apply: ${outside.join(', ')}`]),
    ...(scansCounted ? [] : ['full reads are not seen: track_counts is off on this server']),
    ...(failed === undefined ? [] : [`files after ${failed.file} were not traced`]),
  ];
}
