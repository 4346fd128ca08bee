import { randomBytes } from 'node:crypto';
import type { Context, Database, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { simpleText, simpleTexts } from '../../db/text.ts';
import { OrdersyncError } from '../../errors.ts';
import { dropDatabase, readCreateRight, readLeftovers, readRoles, writeCreateStatements } from './scratch-queries.ts';

/** The commands' context, with the scratch database in place of the configured one. */
export type ScratchContext = Pick<Context, 'db' | 'clock' | 'signal'>;

/**
 * Runs `work` with an empty database of its own on the same server, with the encoding, locale and settings of the
 * configured one, and drops it whatever happens. What dies before that leaves a database whose comment says so; the next
 * scratch work removes it when it is a day old. Roles are shared by all databases of a server: one that the migrations
 * create stays, and is told.
 * @throws OrdersyncError permission without the right to create databases; precondition on a standby or behind a pooler
 */
export async function* withScratchDatabase<Result>(
  ctx: ScratchContext,
  work: (scratch: ScratchContext) => Work<Result>,
): Work<Result> {
  // Opened first and kept: after an interrupt no session can be opened any more, and the database must still be dropped.
  const admin = await ctx.db.open({ purpose: 'scratch' });
  const name = `ordersync_scratch_${randomBytes(6).toString('hex')}`;
  try {
    await prepareAdmin(admin);
    yield* removeLeftovers(admin);
    const rolesBefore = await readRoles(admin.sql);
    const result = yield* inDatabase({ ctx, admin, name }, work);
    yield* tellNewRoles(rolesBefore, await readRoles(admin.sql));
    return result;
  } finally {
    await admin.close();
  }
}

interface Scratch {
  readonly ctx: ScratchContext;
  readonly admin: Session;
  readonly name: string;
}

async function* inDatabase<Result>(
  { ctx, admin, name }: Scratch,
  work: (scratch: ScratchContext) => Work<Result>,
): Work<Result> {
  const opened: Session[] = [];
  let failure: unknown;
  try {
    await create(admin, name);
    return yield* work({ ...ctx, db: databaseNamed(ctx.db, name, opened) });
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    for (const session of opened.toReversed()) await session.close();
    await drop(admin, name, failure);
  }
}

async function prepareAdmin(admin: Session): Promise<void> {
  const { inRecovery, pooled } = admin.server;
  if (inRecovery || pooled) {
    throw new OrdersyncError(
      'precondition',
      `no scratch database can be made ${inRecovery ? 'on a standby' : 'through a connection pooler'}`,
      {
        hint: inRecovery
          ? 'give the address of the primary'
          : 'give a direct connection to the server in ORDERSYNC_DATABASE_URL',
      },
    );
  }
  const [right] = await readCreateRight(admin.sql);
  if (right?.allowed !== true) {
    throw new OrdersyncError(
      'permission',
      `role ${right?.user ?? admin.server.user} may not create databases, and a scratch database is needed`,
      {
        hint: `let an administrator run: alter role ${right?.user ?? admin.server.user} createdb; or use a copy of this database on a server where it may`,
        sqlstate: '42501',
      },
    );
  }
  // It waits while the scratch database is worked in; timeouts that are meant for applications must not end it.
  await simpleTexts(admin, WITHOUT_TIMEOUTS);
}

const WITHOUT_TIMEOUTS = ['set statement_timeout = 0', 'set lock_timeout = 0', 'set idle_session_timeout = 0'] as const;

async function* removeLeftovers(admin: Session): Work<void> {
  for (const { name, removable } of await readLeftovers(admin.sql)) {
    if (!removable) continue;
    await dropDatabase(admin.sql, name);
    yield { kind: 'note', message: `dropped ${name}, a scratch database that an earlier run left behind` };
  }
}

async function create(admin: Session, name: string): Promise<void> {
  try {
    for (const { statement } of await writeCreateStatements(admin.sql, name)) await simpleText(admin, statement);
  } finally {
    // Settings that the configured database has were set here too, to be copied: timeouts among them.
    if (!admin.lost) await simpleTexts(admin, WITHOUT_TIMEOUTS);
  }
}

function databaseNamed(database: Database, name: string, opened: Session[]): Database {
  let main: Promise<Session> | undefined;
  const open: Database['open'] = async (request) => {
    const session = await database.open({ ...request, database: request.database ?? name });
    opened.push(session);
    return session;
  };
  return { open, session: () => (main ??= open({ purpose: 'scratch' })) };
}

/** What went wrong before stays the error; that the database could not be dropped is added to it. */
async function drop(admin: Session, name: string, failure: unknown): Promise<void> {
  try {
    await dropDatabase(admin.sql, name);
  } catch (error) {
    const reason = `the scratch database ${name} is left behind: ${error instanceof Error ? error.message : String(error)}`;
    const hint = `drop it by hand: drop database if exists ${name} with (force)`;
    if (!(failure instanceof OrdersyncError)) {
      throw new OrdersyncError('partial', reason, { hint, cause: failure ?? error });
    }
    const { code, message, details } = failure;
    throw new OrdersyncError(code, message, {
      ...details,
      body: [...(details.body ?? []), reason, hint],
      cause: failure,
    });
  }
}

async function* tellNewRoles(before: readonly { name: string }[], after: readonly { name: string }[]): Work<void> {
  const known = new Set(before.map(({ name }) => name));
  const created = after.map(({ name }) => name).filter((name) => !known.has(name));
  if (created.length === 0) return;
  yield {
    kind: 'note',
    message: `the migrations created ${created.join(', ')}: roles belong to the whole server and stay`,
  };
}
