import { createHash, randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, inject } from 'vitest';
import { startEmbedded, type EmbeddedRequest, type EmbeddedServer } from '../../src/embedded/server.ts';
import type { PostgresVersion } from '../../src/embedded/version.ts';
import { waitFor } from './wait.ts';

/** What the global setup tells every test file about the server of this run. */
export interface TestServer {
  readonly version: PostgresVersion;
  readonly host: string;
  readonly port: number;
  readonly socketDir: string;
  readonly password: string;
  /** Superuser `postgres`, database `postgres`. */
  readonly url: string;
  readonly logFile: string;
  readonly dataDir: string;
}

/** Settings of every server of the tests. Commits stay synchronous: a killed server must not forget what it confirmed. */
export const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  max_locks_per_transaction: '256',
  max_prepared_transactions: '10',
  shared_preload_libraries: 'pg_stat_statements',
  track_io_timing: 'on',
  wal_level: 'logical',
  // The database in every line, so that a file sees its own lines only (server-log.ts).
  log_line_prefix: '%m [%p] %q%u@%d/%a ',
} as const;

let own: EmbeddedServer | undefined;

/** The server of this run, or of this file or block where that has its own (`useServer`). */
export function testServer(): TestServer {
  return own ?? inject('postgres');
}

/** A database built once per run, of which every test file gets a copy. `build` gets the superuser's URL. */
export interface Template {
  readonly name: string;
  build(url: string): Promise<void>;
}

export interface TestDatabase {
  readonly name: string;
  /** As superuser. */
  readonly url: string;
  /** A superuser's client, opened on first use; not counted as a leftover. */
  readonly sql: postgres.Sql;
  urlFor(login: { readonly user: string; readonly password: string }): string;
  /** @throws Error naming every connection and advisory lock of this database that does not go away. */
  assertNothingLeft(patienceMs?: number): Promise<void>;
  drop(): Promise<void>;
}

/** A fresh database: empty, or a copy of a template; with an owner that is no superuser, if one is given. */
export async function createDatabase(
  request: { readonly template?: Template; readonly owner?: string } = {},
): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(async (sql) => {
    const source = request.template === undefined ? 'template1' : await buildOnce(sql, request.template);
    await sql`create database ${sql(name)} template ${sql(source)}`;
    if (request.owner !== undefined) await sql`alter database ${sql(name)} owner to ${sql(request.owner)}`;
  });
  return testDatabase(name);
}

/** `createDatabase` for all tests of a describe block or file; dropped at its end, after a look for leftovers. */
export function useDatabase(request: Parameters<typeof createDatabase>[0] = {}): { readonly current: TestDatabase } {
  const holder: { current?: TestDatabase } = {};
  beforeAll(async () => {
    holder.current = await createDatabase(request);
  });
  afterAll(async () => {
    try {
      await holder.current?.assertNothingLeft();
    } finally {
      await holder.current?.drop();
    }
  });
  return {
    get current() {
      if (holder.current === undefined) throw new Error('the database exists inside tests only');
      return holder.current;
    },
  };
}

/** A server of its own, of the version under test, for tests that kill, restart or configure it. Stop it at the end. */
export async function startServer(request: EmbeddedRequest = {}): Promise<EmbeddedServer> {
  const settings = { ...TEST_SETTINGS, ...request.settings };
  return startEmbedded({ version: testServer().version, cache: true, ...request, settings });
}

/**
 * `startServer` for all tests of a describe block or file, and the server of the databases made after it there: nobody
 * else's sessions and statements are on it.
 */
export function useServer(request: EmbeddedRequest = {}): { readonly current: EmbeddedServer } {
  beforeAll(async () => {
    own = await startServer(request);
  });
  afterAll(async () => {
    const server = own;
    own = undefined;
    await server?.stop('immediate');
  });
  return {
    get current() {
      if (own === undefined) throw new Error('the server exists inside tests only');
      return own;
    },
  };
}

/** A streaming standby of a server from `startServer`, made of a cold copy: the primary is restarted for it. */
export async function startStandby(primary: EmbeddedServer, settings: EmbeddedRequest['settings'] = {}) {
  await primary.halt();
  const standby = await startServer({
    version: primary.version,
    copyOf: { server: primary, standby: true },
    settings: { primary_conninfo: `host=${primary.socketDir} port=${primary.port} user=postgres`, ...settings },
  });
  await primary.start();
  return standby;
}

/** Runs statements as superuser in the database `postgres` of this run's server. */
export async function asSuperuser<Result>(work: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
  const sql = client(testServer().url);
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const CLIENT_NAME = 'ordersync tests';

function client(url: string): postgres.Sql {
  return postgres(url, { max: 2, onnotice: () => undefined, connection: { application_name: CLIENT_NAME } });
}

function testDatabase(name: string): TestDatabase {
  const { url: serverUrl, host, port } = testServer();
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  let opened: postgres.Sql | undefined;
  return {
    name,
    url,
    get sql() {
      return (opened ??= client(url));
    },
    urlFor: ({ user, password }) => `postgres://${user}:${password}@${host}:${port}/${name}`,
    assertNothingLeft: async (patienceMs) => assertNothingLeft(name, patienceMs),
    drop: async () => {
      await opened?.end({ timeout: 5 });
      opened = undefined;
      await asSuperuser(async (sql) => sql`drop database if exists ${sql(name)} with (force)`);
    },
  };
}

/** Parallel test files wait for the one that builds; the name is final only when the builder is done. */
async function buildOnce(sql: postgres.Sql, template: Template): Promise<string> {
  const name = `template_${template.name}`;
  const lock = createHash('sha256').update(name).digest().readBigInt64BE();
  const session = await sql.reserve();
  try {
    await session`select pg_advisory_lock(${String(lock)})`;
    const [built] = await session`select from pg_database where datname = ${name}`;
    if (built !== undefined) return name;
    const draft = `${name}_draft`;
    await session`drop database if exists ${sql(draft)} with (force)`;
    await session`create database ${sql(draft)}`;
    await template.build(testDatabase(draft).url);
    // A database with connections cannot be renamed or copied; a backend takes a moment to end.
    await assertNothingLeft(draft);
    await session`alter database ${sql(draft)} rename to ${sql(name)}`;
    return name;
  } finally {
    await session`select pg_advisory_unlock_all()`;
    session.release();
  }
}

async function assertNothingLeft(database: string, patienceMs?: number): Promise<void> {
  let left: readonly string[] = [];
  await asSuperuser(async (sql) =>
    waitFor(
      async () => {
        left = await readLeftovers(sql, database);
        return left.length === 0;
      },
      () => `left in database ${database}:\n${left.join('\n')}`,
      patienceMs,
    ),
  );
}

async function readLeftovers(sql: postgres.Sql, database: string): Promise<readonly string[]> {
  const rows = await sql<{ line: string }[]>`
    select format('connection %s "%s" %s: %s', pid, application_name, state, query) as line
    from pg_stat_activity
    where datname = ${database} and backend_type = 'client backend' and application_name <> ${CLIENT_NAME}
    union all
    select format('advisory lock %s/%s/%s of process %s', classid, objid, objsubid, pid)
    from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = ${database})
    union all
    select format('prepared transaction %s', gid)
    from pg_prepared_xacts
    where database = ${database}`;
  return rows.map(({ line }) => line);
}
