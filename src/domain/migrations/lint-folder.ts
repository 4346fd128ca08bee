import type { Context } from '../../context.ts';
import { loadMigrations } from './file/load.ts';
import type { Migration } from './file/migration.ts';
import { readHistory } from './ledger.ts';
import type { Finding } from './lint/finding.ts';
import { lintMigrations } from './lint/run.ts';
import { statesOf } from './states.ts';

export interface LintResult {
  /** How many files were judged. */
  readonly files: number;
  readonly findings: readonly Finding[];
}

/**
 * Lints what is pending; `all` judges every file as if none were applied, and then needs no database.
 * @throws OrdersyncError usage for files that cannot be accepted
 */
export async function lintFolder(
  ctx: Pick<Context, 'config' | 'db'>,
  { all }: { readonly all: boolean },
): Promise<LintResult> {
  const migrations = await loadMigrations(ctx.config.migrationsDir);
  const applied = all ? [] : await appliedOf(ctx, migrations);
  const pending = migrations.filter((migration) => !applied.includes(migration));
  return { files: pending.length, findings: lintMigrations({ applied, pending }) };
}

async function appliedOf({ db }: Pick<Context, 'db'>, migrations: readonly Migration[]): Promise<readonly Migration[]> {
  const session = await db.session();
  const states = statesOf(migrations, await readHistory(session.sql));
  return states.flatMap(({ row, migration }) => (row === undefined || migration === undefined ? [] : [migration]));
}
