import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import { PROJECT_MIGRATIONS } from './migration-files.ts';
import { asSuperuser, createDatabase, type Template, type TestDatabase } from './postgres.ts';

/** Who works with the schema: its owner (LOGIN CREATEROLE, no superuser), and members of the three group roles. */
export type SchemaUser = 'owner' | 'shop' | 'staff' | 'rotator';

const LOGINS: Readonly<Record<SchemaUser, { readonly user: string; readonly memberOf?: string }>> = {
  owner: { user: 'schema_owner' },
  shop: { user: 'schema_shop', memberOf: 'application_role' },
  staff: { user: 'schema_staff', memberOf: 'application_admin_role' },
  rotator: { user: 'schema_rotator', memberOf: 'ordersync_rotator' },
};
/** The server of a test run lives in a temporary directory and listens on the loopback only. */
const PASSWORD = 'schema';

export interface SchemaDatabase extends TestDatabase {
  /** One connection of that user, opened on first use, closed with the database. */
  as(user: SchemaUser): postgres.Sql;
  /** NOTICE and WARNING texts that the server sent to any of them. */
  readonly notices: readonly string[];
}

/** A copy of the migrated schema for all tests of a file or describe block; dropped at its end. */
export function useSchema(): { readonly current: SchemaDatabase } {
  const holder: { current?: SchemaDatabase } = {};
  beforeAll(async () => {
    holder.current = await createSchema();
  });
  afterAll(async () => {
    const database = holder.current;
    try {
      await database?.assertNothingLeft();
    } finally {
      await database?.drop();
    }
  });
  return {
    get current() {
      if (holder.current === undefined) throw new Error('the database exists inside tests only');
      return holder.current;
    },
  };
}

/** Runs every up file in order, each as one transaction. */
export async function migrateUp(sql: postgres.Sql): Promise<void> {
  await runFiles(sql, await filesEnding('.up.sql'));
}

/** Runs every down file, last first. */
export async function migrateDown(sql: postgres.Sql): Promise<void> {
  await runFiles(sql, (await filesEnding('.down.sql')).toReversed());
}

/**
 * One transaction as the application makes it: settings first, valid until its end only.
 * @param settings such as `{ 'app.current_user_id': id }`
 */
export async function inRequest<Result>(
  sql: postgres.Sql,
  settings: Readonly<Record<string, string>>,
  work: (sql: postgres.TransactionSql) => Promise<Result>,
): Promise<Result> {
  const result = await sql.begin(async (transaction) => {
    for (const [name, value] of Object.entries(settings)) await transaction`select set_config(${name}, ${value}, true)`;
    return { value: await work(transaction) };
  });
  return (result as { value: Result }).value;
}

/** SQLSTATE of the error a statement ends with; undefined when it succeeds. */
export async function sqlstateOf(statement: PromiseLike<unknown>): Promise<string | undefined> {
  return (await failureOf(statement))?.code;
}

/** The server's error a statement ends with; undefined when it succeeds. */
export async function failureOf(statement: PromiseLike<unknown>): Promise<postgres.PostgresError | undefined> {
  try {
    await statement;
    return undefined;
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error;
    throw error;
  }
}

const schemaTemplate: Template = {
  name: 'schema',
  build: async (url) => {
    await asSuperuser(async (sql) => {
      await sql.unsafe(`create role ${LOGINS.owner.user} login createrole password '${PASSWORD}'`);
    });
    const owner = connect(url, 'owner', () => undefined);
    const superuser = postgres(url, { max: 1 });
    try {
      const [database] = await superuser`select quote_ident(current_database()) as name`;
      await superuser.unsafe(`alter database ${database?.['name']} owner to ${LOGINS.owner.user}`);
      await migrateUp(owner);
      for (const { user, memberOf } of Object.values(LOGINS)) {
        if (memberOf === undefined) continue;
        await superuser.unsafe(`create role ${user} login password '${PASSWORD}' in role ${memberOf}`);
      }
    } finally {
      await owner.end();
      await superuser.end();
    }
  },
};

async function createSchema(): Promise<SchemaDatabase> {
  const database = await createDatabase({ template: schemaTemplate, owner: LOGINS.owner.user });
  const clients = new Map<SchemaUser, postgres.Sql>();
  const notices: string[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...clients.values()].map(async (client) => client.end()));
    clients.clear();
  };
  return Object.assign(Object.create(database) as TestDatabase, {
    notices,
    as: (user: SchemaUser) => {
      const client = clients.get(user) ?? connect(database.url, user, (message) => notices.push(message));
      clients.set(user, client);
      return client;
    },
    assertNothingLeft: async (patienceMs?: number) => {
      await close();
      await database.assertNothingLeft(patienceMs);
    },
    drop: async () => {
      await close();
      await database.drop();
    },
  });
}

function connect(url: string, user: SchemaUser, onNotice: (message: string) => void): postgres.Sql {
  const login = Object.assign(new URL(url), { username: LOGINS[user].user, password: PASSWORD });
  return postgres(login.href, { max: 1, onnotice: ({ message }) => onNotice(message ?? '') });
}

async function filesEnding(suffix: string): Promise<readonly string[]> {
  return (await readdir(PROJECT_MIGRATIONS)).filter((name) => name.endsWith(suffix)).sort();
}

async function runFiles(sql: postgres.Sql, names: readonly string[]): Promise<void> {
  for (const name of names) {
    // A script of several statements sent as one simple query is one transaction.
    await sql.unsafe(await readFile(join(PROJECT_MIGRATIONS, name), 'utf8')).simple();
  }
}
