import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { loadMigrations } from './file/load.ts';
import type { Migration } from './file/migration.ts';
import { readHistory } from './ledger.ts';
import type { MigrationPlan } from './migrate.ts';
import type { DownRequest, PlannedFile, UpRequest } from './plan.ts';
import { confirmUp, planDown, planUp } from './plan.ts';
import { readyFiles } from './prepare.ts';
import { checkSyntax } from './syntax.ts';

type Needs = Pick<Context, 'config'>;

/** A session, or one that is being opened: the files are read while the server answers. */
type Opening = Session | Promise<Session>;

/**
 * Reads the folder and the ledger, decides, and has the server parse everything that would run. Changes nothing and
 * needs SELECT only.
 * @throws OrdersyncError usage for files that cannot be accepted or parsed, and whatever planUp throws
 */
export async function prepareUp({ config }: Needs, opening: Opening, request: UpRequest): Promise<MigrationPlan> {
  const [session, migrations] = await both(opening, loadMigrations(config.migrationsDir));
  const planned = planUp(migrations, await readHistory(session.sql), request);
  return checked(session, migrations, planned);
}

/** The same for going back; all down scripts are there and parsed before the first runs. */
export async function prepareDown({ config }: Needs, opening: Opening, request: DownRequest): Promise<MigrationPlan> {
  const [session, migrations] = await both(opening, loadMigrations(config.migrationsDir));
  const planned = planDown(migrations, await readHistory(session.sql), request);
  return checked(session, migrations, planned);
}

export interface RedoPlan {
  readonly down: MigrationPlan;
  readonly up: MigrationPlan;
}

/** The newest applied migration, down and up again; that it can come up again is checked before it goes down. */
export async function prepareRedo({ config }: Needs, session: Session): Promise<RedoPlan> {
  const migrations = await loadMigrations(config.migrationsDir);
  const history = await readHistory(session.sql);
  const down = planDown(migrations, history, { count: 1 });
  const up = down.map(({ migration }) => ({ migration, direction: 'up' as const, version: migration.version }));
  const removed = new Set(down.map(({ version }) => version));
  confirmUp(up, migrations, { ...history, rows: history.rows.filter((row) => !removed.has(row.version)) });
  return { down: await checked(session, migrations, down), up: await checked(session, migrations, up) };
}

/** When neither works out, the first one's reason is told, whichever came first. */
async function both<A, B>(first: A | Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

async function checked(
  session: Session,
  migrations: readonly Migration[],
  planned: readonly PlannedFile[],
): Promise<MigrationPlan> {
  const files = await readyFiles(planned);
  await checkSyntax(
    session,
    files.map(({ script }) => script),
  );
  return { migrations, planned, files };
}
