import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../../src/context.ts';
import { createOpensslBatch } from '../../../../src/crypto/batch.ts';
import { createNonceSource } from '../../../../src/crypto/nonce.ts';
import { loadDatabaseKeys } from '../../../../src/domain/encryption/database-keys.ts';
import type { EncryptedTable, KeyType } from '../../../../src/domain/encryption/registry.ts';
import { ENCRYPTED_TABLES, NO_ADDRESS } from '../../../../src/domain/encryption/registry.ts';
import { decryptValue, textOf } from '../../../../src/crypto/value.ts';
import { cutChunks } from '../../../../src/domain/keys/rotate/chunks.ts';
import type {
  RotationRun,
  RotationTable,
  RowWorkNeeds,
  RowWorkRequest,
} from '../../../../src/domain/keys/rotate/types.ts';
import { dataKeyContext } from '../../../../src/keystore/keystore.ts';
import { openCipherKey } from '../../../../src/crypto/cipher-key.ts';
import { useKeyCommands } from '../../../commands/key/fixture.ts';
import type { KeyCommands } from '../../../commands/key/fixture.ts';
import { hashOf } from '../../../schema/rows.ts';
import type { Client } from '../../../schema/rows.ts';
import type { Application } from '../../../support/application.ts';
import type { TestContext } from '../../../support/context.ts';
import { testContext } from '../../../support/context.ts';

export interface Rotation {
  readonly run: RotationRun;
  readonly ctx: TestContext;
  readonly needs: RowWorkNeeds;
  readonly tables: readonly RotationTable[];
  readonly chunks: number;
  /** As the engine is asked by `key rotate --full-speed`. */
  request(changes?: Partial<RowWorkRequest>): RowWorkRequest;
  /** Needs of another process on the same run, with a signal of its own. */
  another(changes?: Partial<RowWorkNeeds>, url?: string): { readonly ctx: TestContext; readonly needs: RowWorkNeeds };
}

export interface RotationFixture extends KeyCommands {
  /** The application, as it was started first: its keys are version 1, and stay it. */
  readonly shop: Application;
  /** `key create` once; starts the application. */
  readonly prepare: () => Promise<void>;
  /** The next version of a type, ACTIVE, and a run to it with its chunks: what a rotation begins with. */
  readonly begin: (keyType: KeyType, tables?: readonly string[]) => Promise<Rotation>;
  /** Users with every pair filled, under version 1 of the key. @returns their ids */
  readonly addUsers: (count: number) => Promise<string[]>;
  /** How many values of a run's tables are not under its key yet. */
  readonly countPending: (rotation: Rotation) => Promise<number>;
  /** Every value of a table in the clear: row id, column, text; read by keys that are loaded anew. */
  readonly readAll: (tableName: string) => Promise<ReadonlyMap<string, string>>;
}

export function useRotation(): RotationFixture {
  const keys = useKeyCommands();
  let shop: Application | undefined;
  return {
    ...keys,
    get shop() {
      if (shop === undefined) throw new Error('call prepare first');
      return shop;
    },
    prepare: async () => {
      shop = await keys.start();
    },
    addUsers: async (count) => {
      if (shop === undefined) throw new Error('call prepare first');
      return addUsers(keys.database.current.sql, shop, count);
    },
    countPending: async (rotation) => countPending(keys.database.current.sql, rotation),
    begin: async (keyType, names) => begin(keys, keyType, names),
    readAll: async (name) => readAll(keys, name),
  };
}

/** The tables of a type, all or some, as the engine is given them. */
export function tablesOf(keyType: KeyType, names?: readonly string[]): RotationTable[] {
  return ENCRYPTED_TABLES.filter(({ name }) => names === undefined || names.includes(name)).flatMap((table) => {
    const pairs = table.pairs.filter((pair) => pair.keyType === keyType);
    return pairs.length === 0 ? [] : [{ table, pairs }];
  });
}

async function begin(keys: KeyCommands, keyType: KeyType, names: readonly string[] | undefined): Promise<Rotation> {
  const { url, sql } = keys.database.current;
  const ctx = testContext(url);
  const session = await ctx.db.open({ purpose: 'begin' });
  const store = keys.keyring.open();
  const [{ version } = { version: 0 }] = await sql<{ version: number }[]>`
    select max(version) + 1 as version from encryption_keys where key_type = ${keyType}`;
  const keyId = `${keyType}-v${version}`;
  const made = await store.generateDataKey(dataKeyContext({ keyType, version }));
  const { kid, commitment } = openCipherKey(made.dataKey);
  const tables = tablesOf(keyType, names);
  await sql`update encryption_keys set status = 'ROTATING' where key_type = ${keyType} and status = 'ACTIVE'`;
  const [key] = await sql<{ id: string }[]>`
    insert into encryption_keys (key_type, key_id, version) values (${keyType}, ${keyId}, ${version}) returning id`;
  await sql`
    insert into encryption_data_keys (kid, encryption_key_id, provider, provider_key, wrapped_key, context, commitment)
    values (${kid}, ${key!.id}, 'local', ${made.providerKey}, ${made.wrapped}, ${sql.json({ ...made.context })}, ${commitment})`;
  await sql`update key_rotation_runs set status = 'ABORTED', finished_at = now() where key_type = ${keyType} and status = 'RUNNING'`;
  const [{ id } = { id: '' }] = await sql<{ id: string }[]>`
    insert into key_rotation_runs (key_type, to_key_id) values (${keyType}, ${keyId}) returning id`;
  const chunks = await cutChunks(session, { id }, tables);
  const opened = await loadDatabaseKeys(session.sql, async () => store);
  const run: RotationRun = { id, keyType, to: { keyId, key: (await opened.activeKey(keyType)).key } };
  const needsOf = (context: TestContext): RowWorkNeeds => ({
    openSession: async (request) => context.db.open(request),
    clock: context.clock,
    signal: context.signal,
    batch: createOpensslBatch(createNonceSource()),
    keysFor: async (kids) => opened.keysFor(kids),
    reach: () => undefined,
  });
  return {
    run,
    ctx,
    tables,
    chunks,
    needs: needsOf(ctx),
    request: (changes) => ({ run, tables, jobs: 1, pace: FULL_SPEED, ...changes }),
    another: (changes, otherUrl = url) => {
      const other = testContext(otherUrl);
      return { ctx: other, needs: { ...needsOf(other), ...changes } };
    },
  };
}

export const FULL_SPEED = { fullSpeed: true, maxRate: undefined, maxWal: undefined, maxLagMs: undefined };

/** A clock that runs faster: what waits for seconds waits for milliseconds. */
export function fastClock(clock: Clock, times: number): Clock {
  const start = clock.monotonicMs();
  return {
    now: () => clock.now(),
    monotonicMs: () => start + (clock.monotonicMs() - start) * times,
    sleep: async (ms, signal) => clock.sleep(ms / times, signal),
  };
}

async function addUsers(sql: Client, shop: Application, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (let first = 0; first < count; first += 500) {
    const rows = ids.slice(first, first + 500).map((id) => ({
      id,
      ...shop.encrypt('users', 'email_encrypted', id, `${id}@example.com`),
      ...shop.encrypt('users', 'phone_encrypted', id, '010-1234-5678'),
      ...shop.encrypt('users', 'name_encrypted', id, `name of ${id}`),
      ...shop.encrypt('users', 'password_hash_encrypted', id, `$2b$12$${id}`),
      ...shop.encrypt('users', 'two_factor_secret_encrypted', id, 'JBSWY3DPEHPK3PXP'),
      email_hash: hashOf(id),
      salt: id,
    }));
    await sql`insert into users ${sql(rows)}`;
  }
  return ids;
}

async function countPending(sql: Client, { run, tables }: Rotation): Promise<number> {
  let pending = 0;
  for (const { table, pairs } of tables) {
    for (const { value, key } of pairs) {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::integer as count
          from ${sql(table.name)}
         where ${sql(value)} is not null and ${sql(value)} <> ${NO_ADDRESS} and ${sql(key)} <> ${run.to.keyId}`;
      pending += row!.count;
    }
  }
  return pending;
}

async function readAll(keys: KeyCommands, name: string): Promise<ReadonlyMap<string, string>> {
  const { sql } = keys.database.current;
  const table = ENCRYPTED_TABLES.find((one) => one.name === name) as EncryptedTable;
  const opened = await loadDatabaseKeys(sql as never, async () => keys.keyring.open());
  const all = await opened.keysFor(
    opened.dataKeys.flatMap(({ material }) => (material === null ? [] : [material.kid])),
  );
  const values = new Map<string, string>();
  for (const row of await sql`select * from ${sql(name)}`) {
    for (const { value } of table.pairs) {
      const text = row[value] as string | null;
      if (text === null || text === NO_ADDRESS) continue;
      const place = { table: table.logicalName, column: value, rowId: String(row[table.idColumn]) };
      values.set(`${row['id']} ${value}`, textOf(decryptValue(all, place, text)));
    }
  }
  return values;
}
