import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import type { PostgresVersion } from '../../../src/embedded/version.ts';
import type { Ran } from '../../support/io.ts';
import { run } from '../../support/io.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import { useKeyring } from '../../support/key-store.ts';
import { startServer } from '../../support/postgres.ts';

/** From the one who sees all to the one who sees what everybody sees. */
export const ROLES = ['superuser', 'pg_monitor', 'plain role'] as const;
export type Role = (typeof ROLES)[number];

/** Of pg_stat_statements. */
export const STATES = ['usable', 'missing', 'not preloaded'] as const;
export type State = (typeof STATES)[number];

/** The passwords are those of a server in a temporary directory that listens on the loopback only. */
const LOGINS: Readonly<Record<Exclude<Role, 'superuser'>, { readonly user: string; readonly password: string }>> = {
  pg_monitor: { user: 'watcher', password: 'watcher' },
  'plain role': { user: 'passer_by', password: 'passer_by' },
};

/** A database on a server that nobody else uses. */
export interface Place {
  readonly server: EmbeddedServer;
  readonly keyring: TestKeyring;
  /** As superuser. */
  readonly sql: postgres.Sql;
  urlFor(role: Role): string;
  /** `ordersync …` in this process. */
  ordersync(role: Role, words: string | readonly string[], options?: Parameters<typeof run>[1]): Promise<Ran>;
}

type Places = Readonly<Record<State, Place>>;

/** How a server is filled, as words of `ordersync`. The migrations create pg_stat_statements where they may. */
const MIGRATED = ['migrate up'];
export const SEEDED = [...MIGRATED, 'key create', 'seed --scale 6000 --months 2'];

/** The same database with pg_stat_statements in each of its states, on two servers, for all tests of a file. */
export function usePlaces(): Places {
  const places = {} as Record<State, Place>;
  const keyring = useKeyring();
  const open: Opened[] = [];
  beforeAll(async () => {
    const server = await filledServer(keyring, SEEDED);
    await execute(server, 'postgres', 'create database bare template shop');
    await execute(server, 'bare', 'drop extension pg_stat_statements');
    await server.halt();
    const unloaded = await startServer({
      copyOf: { server, standby: false },
      settings: { shared_preload_libraries: '' },
    });
    await server.start();
    open.push(
      openPlace(server, 'shop', keyring),
      openPlace(server, 'bare', keyring),
      openPlace(unloaded, 'shop', keyring),
    );
    const [usable, missing, notPreloaded] = open;
    if (usable === undefined || missing === undefined || notPreloaded === undefined) throw new Error('unreachable');
    Object.assign(places, { usable, missing, 'not preloaded': notPreloaded });
  });
  afterAll(async () => closeAll(open));
  return places;
}

/** One database with pg_stat_statements on a server of its own, of any version; seeded when `words` say so. */
export function usePlace(request: { readonly version?: PostgresVersion; readonly words?: readonly string[] } = {}): {
  readonly current: Place;
} {
  const keyring = useKeyring();
  const open: Opened[] = [];
  beforeAll(async () => {
    const server = await filledServer(keyring, request.words ?? MIGRATED, request.version);
    open.push(openPlace(server, 'shop', keyring));
  });
  afterAll(async () => closeAll(open));
  return {
    get current() {
      if (open[0] === undefined) throw new Error('the place exists inside tests only');
      return open[0];
    },
  };
}

interface Opened extends Place {
  close(): Promise<void>;
}

async function filledServer(
  keyring: TestKeyring,
  words: readonly string[],
  version?: PostgresVersion,
): Promise<EmbeddedServer> {
  const server = await startServer(version === undefined ? {} : { version });
  const statements = [
    'create database shop',
    ...Object.values(LOGINS).map(({ user, password }) => `create role ${user} login password '${password}'`),
    `grant pg_monitor to ${LOGINS.pg_monitor.user}`,
  ];
  try {
    for (const statement of statements) await execute(server, 'postgres', statement);
    for (const line of words) {
      const env = { ...keyring.env, ORDERSYNC_DATABASE_URL: server.urlFor('shop') };
      const { code, stderr } = await run(line.split(' '), { env });
      if (code !== 0) throw new Error(`${line}: ${stderr}`);
    }
    await execute(server, 'shop', 'vacuum analyze');
    return server;
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
}

async function execute(server: EmbeddedServer, database: string, statement: string): Promise<void> {
  const sql = postgres(server.urlFor(database), { max: 1, onnotice: () => undefined });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

function openPlace(server: EmbeddedServer, database: string, keyring: TestKeyring): Opened {
  const sql = postgres(server.urlFor(database), {
    max: 1,
    onnotice: () => undefined,
    connection: { application_name: 'ordersync tests' },
  });
  const urlFor: Place['urlFor'] = (role) => server.urlFor(database, role === 'superuser' ? undefined : LOGINS[role]);
  return {
    server,
    keyring,
    sql,
    urlFor,
    ordersync: async (role, words, { env, ...options } = {}) =>
      run(typeof words === 'string' ? words.split(' ') : words, {
        ...options,
        env: { ...keyring.env, ORDERSYNC_DATABASE_URL: urlFor(role), ...env },
      }),
    close: async () => sql.end({ timeout: 5 }),
  };
}

async function closeAll(places: readonly Opened[]): Promise<void> {
  for (const place of places) await place.close();
  for (const server of new Set(places.map((place) => place.server))) await server.stop('immediate');
}
