import { basename } from 'node:path';
import type { Context, Work } from '../../context.ts';
import { OrdersyncError } from '../../errors.ts';
import type { Run } from './apply/run.ts';
import { diffCatalogues } from './catalogue/diff.ts';
import { fingerprintOf } from './catalogue/fingerprint.ts';
import type { Catalogue } from './catalogue/model.ts';
import type { Difference } from './catalogue/object-diff.ts';
import { readCatalogue } from './catalogue/read.ts';
import { loadMigrations } from './file/load.ts';
import type { Migration } from './file/migration.ts';
import { applyToScratch, beginScratchRun } from './scratch-run.ts';
import type { ScratchContext } from './scratch.ts';
import { withScratchDatabase } from './scratch.ts';

export type Pass = 'up' | 'down' | 'up again';

/** Why a rehearsal stopped: the file at fault, in which pass, and what it did or left undone. */
export interface RehearsalFinding {
  readonly file: string;
  readonly version: string;
  readonly pass: Pass;
  readonly problem: 'failed' | 'no way back' | 'not undone' | 'not the same again';
  /** One sentence, with the server's message when a statement failed. */
  readonly message: string;
  /** Source excerpt of a statement that failed. */
  readonly body: readonly string[];
  /** What the schema has otherwise than before the file ran (down), or than after its first run (up again). */
  readonly differences: readonly Difference[];
}

export interface Rehearsal {
  readonly files: number;
  /** Undefined when up, down and up again went through and left what they should. */
  readonly finding: RehearsalFinding | undefined;
  /** SHA-256 of the schema after the first `up`; undefined when it was not reached. */
  readonly fingerprint: string | undefined;
}

type Needs = Pick<Context, 'db' | 'clock' | 'signal' | 'config'>;

/**
 * Applies all files in a scratch database, rolls them back one by one, and applies them again. After each step the schema
 * must be what it was at that point before, so that the file at fault is named and not the last one. Extensions do not
 * count: others may use them, and a true down file leaves them.
 * @throws OrdersyncError what withScratchDatabase and loadMigrations throw
 */
export async function* rehearse(ctx: Needs): Work<Rehearsal> {
  const migrations = await loadMigrations(ctx.config.migrationsDir);
  return yield* withScratchDatabase(ctx, (scratch) => rehearseIn(scratch, migrations));
}

async function* rehearseIn(scratch: ScratchContext, migrations: readonly Migration[]): Work<Rehearsal> {
  const run = await beginScratchRun(scratch);
  try {
    return yield* threePasses({ run, migrations, states: [await readCompared(run)] });
  } finally {
    await run.watcher.close();
  }
}

interface Stage {
  readonly run: Run;
  readonly migrations: readonly Migration[];
  /** states[i]: the schema after the first i files. */
  readonly states: Catalogue[];
}

async function* threePasses(stage: Stage): Work<Rehearsal> {
  const { migrations, states } = stage;
  let finding: RehearsalFinding | undefined;
  for (const [index] of migrations.entries()) finding ??= yield* step(stage, 'up', index);
  const complete = finding === undefined;
  for (const index of [...migrations.keys()].toReversed()) finding ??= yield* step(stage, 'down', index);
  for (const [index] of migrations.entries()) finding ??= yield* step(stage, 'up again', index);
  const last = complete ? states.at(-1) : undefined;
  return { files: migrations.length, finding, fingerprint: last === undefined ? undefined : fingerprintOf(last) };
}

/** Runs one file and holds the schema against what it must be afterwards. */
async function* step(stage: Stage, pass: Pass, index: number): Work<RehearsalFinding | undefined> {
  const { run, migrations, states } = stage;
  const migration = migrations[index];
  if (migration === undefined) return undefined;
  const done = pass === 'down' ? migrations.length - 1 - index : index;
  yield { kind: 'progress', label: pass, done, total: migrations.length, unit: 'files' };
  if (pass === 'down' && migration.kind === 'sql' && migration.down === undefined) return noWayBack(migration);
  const failure = yield* attempt(run, migration, pass);
  if (failure !== undefined) return failure;
  const state = await readCompared(run);
  if (pass === 'up') {
    states.push(state);
    return undefined;
  }
  const expected = states[pass === 'down' ? index : index + 1] ?? state;
  return otherwise(migration, pass, diffCatalogues(expected, state, { madeInOperation: false }));
}

async function* attempt(run: Run, migration: Migration, pass: Pass): Work<RehearsalFinding | undefined> {
  try {
    yield* applyToScratch(run, migration, pass === 'down' ? 'down' : 'up');
    return undefined;
  } catch (error) {
    const failed = error instanceof OrdersyncError && (error.code === 'precondition' || error.code === 'partial');
    if (!failed) throw error;
    const body = error.details.body ?? [];
    return { ...namesOf(migration, pass), pass, problem: 'failed', message: error.message, body, differences: [] };
  }
}

function noWayBack(migration: Migration): RehearsalFinding {
  const names = namesOf(migration, 'down');
  const message = `${names.file} has no down file, so nothing before it can be rolled back either`;
  return { ...names, pass: 'down', problem: 'no way back', message, body: [], differences: [] };
}

function otherwise(
  migration: Migration,
  pass: 'down' | 'up again',
  differences: readonly Difference[],
): RehearsalFinding | undefined {
  if (differences.length === 0) return undefined;
  const names = namesOf(migration, pass);
  const problem = pass === 'down' ? ('not undone' as const) : ('not the same again' as const);
  const message =
    pass === 'down'
      ? `${names.file} does not undo what ${basename(migration.upFile)} did`
      : `${names.file} makes another schema the second time`;
  return { ...names, pass, problem, message, body: [], differences };
}

function namesOf(migration: Migration, pass: Pass): { readonly file: string; readonly version: string } {
  const down = pass === 'down' && migration.kind === 'sql' ? migration.downFile : undefined;
  return { file: basename(down ?? migration.upFile), version: migration.version };
}

async function readCompared(run: Run): Promise<Catalogue> {
  const { objects, partitions } = await readCatalogue(run.session);
  return { objects: objects.filter(({ kind }) => kind !== 'extension'), partitions };
}
