import type { Work } from '../../context.ts';
import { applyFile } from './apply/file.ts';
import type { AppliedFile, ApplyOptions, Run } from './apply/run.ts';
import { createWatcher } from './blockers.ts';
import type { Migration } from './file/migration.ts';
import { newRunner } from './journal.ts';
import { ensureLedger } from './ledger.ts';
import { readyFiles } from './prepare.ts';
import type { ScratchContext } from './scratch.ts';
import { prepareSession } from './settings.ts';

/** Nobody else works in a scratch database: one attempt does, and a statement may wait for shared catalogues. */
const OPTIONS: ApplyOptions = { lockTimeoutMs: 60_000, retries: 0, showDetail: false };

/** Begins a run in a scratch database: ledger made, session readied as for any run. Close its watcher at the end. */
export async function beginScratchRun(ctx: ScratchContext): Promise<Run> {
  const session = await ctx.db.session();
  await ensureLedger(session);
  const settings = await prepareSession(session);
  return {
    ctx,
    session,
    settings,
    watcher: createWatcher(ctx, session.server.pid),
    runner: newRunner(),
    options: OPTIONS,
  };
}

/** Applies one file as `up` and `down` do: same executor, same ledger. */
export async function* applyToScratch(run: Run, migration: Migration, direction: 'up' | 'down'): Work<AppliedFile> {
  const [file] = await readyFiles([{ migration, direction, version: migration.version }]);
  if (file === undefined) throw new TypeError(`not made ready: ${migration.upFile}`);
  return yield* applyFile(run, file, []);
}

/** Applies many, telling how far it is. */
export async function* applyAllToScratch(run: Run, migrations: readonly Migration[]): Work<void> {
  for (const [index, migration] of migrations.entries()) {
    yield { kind: 'progress', label: 'scratch database', done: index, total: migrations.length, unit: 'files' };
    yield* applyToScratch(run, migration, 'up');
  }
}
