import { counted } from '../../counted.ts';
import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { OrdersyncError } from '../../errors.ts';
import { loadMigrations } from './file/load.ts';
import type { Migration } from './file/migration.ts';
import { compareVersions } from './file/name.ts';
import { newRunner, recordFileOutcome } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { ensureLedger, readHistory } from './ledger.ts';
import { insertLedgerRow } from './queries.ts';
import { takeRunLock } from './run-lock.ts';

/**
 * Which files a database that was built some other way already contains: all up to `version`.
 * @throws OrdersyncError precondition when the ledger is not empty, usage for an unknown version
 */
export async function planBaseline(
  { config }: Pick<Context, 'config'>,
  session: Session,
  version: string,
): Promise<readonly Migration[]> {
  const migrations = await loadMigrations(config.migrationsDir);
  await refuseHistory(session);
  if (!migrations.some((migration) => compareVersions(migration.version, version) === 0)) {
    throw new OrdersyncError('usage', `no migration has version ${version}`, { hint: 'see: ordersync migrate status' });
  }
  return migrations.filter((migration) => compareVersions(migration.version, version) <= 0);
}

/** Records the files as applied, with their checksums and without running them, in one transaction. */
export async function* recordBaseline(
  ctx: Pick<Context, 'clock' | 'signal'>,
  session: Session,
  { migrations, waitMs }: { readonly migrations: readonly Migration[]; readonly waitMs: number },
): Work<readonly Migration[]> {
  const lock = yield* takeRunLock(ctx, session, waitMs);
  try {
    await ensureLedger(session, await refuseHistory(session));
    const runner = newRunner();
    await inTransaction(session, async () => {
      for (const migration of migrations) {
        await insertLedgerRow(session.sql, migration);
        await recordFileOutcome(
          session.sql,
          { version: migration.version, direction: 'baseline', outcome: 'done' },
          runner,
        );
      }
    });
    return migrations;
  } finally {
    await lock.release();
  }
}

async function refuseHistory(session: Session): Promise<Ledger> {
  const ledger = await readHistory(session.sql);
  const { rows } = ledger;
  if (rows.length === 0) return ledger;
  throw new OrdersyncError('precondition', `the ledger already holds ${counted(rows.length, 'migration')}`, {
    hint: 'a baseline is for a database without a ledger; single rows are put right with: ordersync migrate repair <version>',
  });
}
