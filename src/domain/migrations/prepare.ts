import type { Context } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { OrdersyncError } from '../../errors.ts';
import type { ReadyFile } from './apply/run.ts';
import type { MigrationScript } from './file/migration.ts';
import type { PlannedFile } from './plan.ts';

/** Makes planned files ready to run: each with the script of its direction; builder migrations are compiled here. */
export async function readyFiles(planned: readonly PlannedFile[]): Promise<ReadyFile[]> {
  const ready: ReadyFile[] = [];
  for (const file of planned) {
    const { migration, direction, version } = file;
    ready.push({
      direction,
      version,
      description: migration.description,
      checksum: migration.checksum,
      script: await scriptOf(file),
    });
  }
  return ready;
}

/**
 * The command's session, on a server where migrations can run.
 * @throws OrdersyncError precondition on a standby, in read-only mode and behind a transaction pooler
 */
export async function writableSession(ctx: Pick<Context, 'db'>): Promise<Session> {
  const session = await ctx.db.session();
  if (session.server.pooled) {
    throw new OrdersyncError(
      'precondition',
      'a transaction pooler stands between: locks and settings would not stay with this session',
      {
        hint: 'give the server itself, not PgBouncer in transaction mode: ORDERSYNC_DATABASE_URL=postgres://<host of the server>:5432/…',
      },
    );
  }
  if (session.server.inRecovery) {
    throw new OrdersyncError('precondition', 'this server is a standby: migrations run on the primary', {
      hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
    });
  }
  const [row] = await session.sql<
    { readOnly: string }[]
  >`select current_setting('transaction_read_only') as "readOnly"`;
  if (row?.readOnly === 'on') {
    throw new OrdersyncError('precondition', 'this session is read-only: default_transaction_read_only is on', {
      hint: 'it is set for the server, the database or the role; turn it off there, or connect as another role',
    });
  }
  return session;
}

async function scriptOf({ migration, direction }: PlannedFile): Promise<MigrationScript> {
  if (migration.kind === 'builder') return (await import('./builder/compile.ts')).compileBuilder(migration, direction);
  const script = direction === 'up' ? migration.up : migration.down;
  if (script === undefined) throw new TypeError(`planned without a script: ${migration.upFile}`);
  return script;
}
