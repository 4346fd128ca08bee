import { onTestFinished } from 'vitest';
import type { Work } from '../../../src/context.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import type { MigrateOptions, MigrationResult } from '../../../src/domain/migrations/migrate.ts';
import { runMigrations } from '../../../src/domain/migrations/migrate.ts';
import type { DownRequest, UpRequest } from '../../../src/domain/migrations/plan.ts';
import { prepareDown, prepareUp } from '../../../src/domain/migrations/prepare-plan.ts';
import { writableSession } from '../../../src/domain/migrations/prepare.ts';
import type { TestContext } from '../../support/context.ts';
import { testContext } from '../../support/context.ts';
import { migrationFolder } from '../../support/migration-files.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';

export type Files = Readonly<Record<string, string>>;

const OPTIONS: MigrateOptions = {
  waitMs: 60_000,
  lockTimeoutMs: 1000,
  retries: 10,
  showDetail: false,
  singleTransaction: false,
};

/** An empty database for one test; fails when a connection or an advisory lock is left over. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createDatabase();
  // Registered first, so it runs last: after the test's contexts have closed their sessions.
  onTestFinished(async () => {
    await database.assertNothingLeft();
    await database.drop();
  });
  return database;
}

export interface Ran {
  readonly result: MigrationResult;
  /** Texts of notes and warnings. */
  readonly told: readonly string[];
}

type Target = { readonly url: string };

/** `migrate up` as its command runs it, without the terminal. */
export async function up(
  target: Target,
  files: Files | string,
  request: UpRequest & Partial<MigrateOptions> = {},
): Promise<Ran> {
  return upIn(testContext(target.url, await folderOf(files)), request);
}

/** @param hear is called with each note and warning as it comes; the run waits for it */
export async function upIn(
  ctx: TestContext,
  request: UpRequest & Partial<MigrateOptions> = {},
  hear: (message: string) => Promise<void> | void = () => undefined,
): Promise<Ran> {
  const plan = await prepareUp(ctx, await writableSession(ctx), request);
  return drive(runMigrations(ctx, await ctx.db.session(), { plan, options: { ...OPTIONS, ...request } }), hear);
}

export async function down(
  target: Target,
  files: Files | string,
  request: DownRequest & Partial<MigrateOptions> = {},
): Promise<Ran> {
  const ctx = testContext(target.url, await folderOf(files));
  const plan = await prepareDown(ctx, await writableSession(ctx), request);
  return drive(runMigrations(ctx, await ctx.db.session(), { plan, options: { ...OPTIONS, ...request } }));
}

export async function folderOf(files: Files | string): Promise<string> {
  return typeof files === 'string' ? files : migrationFolder(files);
}

/** The OrdersyncError that this ends with. @throws Error when it succeeds, and any other error as it is */
export async function refusalOf(work: Promise<unknown>): Promise<OrdersyncError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OrdersyncError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

/** Versions in the ledger, oldest first. */
export async function versionsIn(database: TestDatabase): Promise<string[]> {
  const rows = await database.sql<{ version: string }[]>`select version from public.schema_migrations order by version`;
  return rows.map(({ version }) => version);
}

export async function relationExists(database: TestDatabase, name: string): Promise<boolean> {
  const [row] = await database.sql<{ found: boolean }[]>`select to_regclass(${name}) is not null as found`;
  return row?.found === true;
}

async function drive(
  work: Work<MigrationResult>,
  hear: (message: string) => Promise<void> | void = () => undefined,
): Promise<Ran> {
  const told: string[] = [];
  for (;;) {
    const step = await work.next();
    if (step.done === true) return { result: step.value, told };
    if (step.value.kind === 'progress') continue;
    told.push(step.value.message);
    await hear(step.value.message);
  }
}
