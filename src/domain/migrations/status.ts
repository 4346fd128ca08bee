import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { FileProblem } from './file/problem.ts';
import { readMigrations } from './file/load.ts';
import { readHistory } from './ledger.ts';
import type { MigrationState } from './states.ts';
import { statesOf } from './states.ts';

export interface MigrationStatus {
  readonly states: readonly MigrationState[];
  /** Files that no run would accept. */
  readonly problems: readonly FileProblem[];
}

/** Every version that a file or the ledger knows. SELECT only: works on a standby, and creates nothing. */
export async function readStatus({ config }: Pick<Context, 'config'>, session: Session): Promise<MigrationStatus> {
  const { migrations, problems } = await readMigrations(config.migrationsDir);
  return { states: statesOf(migrations, await readHistory(session.sql)), problems };
}
