import { beforeAll } from 'vitest';
import { addAuditLog, addMenu, addOrder, addOrderItem, addRestaurant, addUser, insert } from '../../schema/rows.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import type { SchemaDatabase } from '../../support/schema.ts';
import { ownerUrl, rowsOf } from '../partition/fixture.ts';
import type { Rows } from '../partition/fixture.ts';
import { useArchiveCommands } from './fixture.ts';

export interface ReadCommands {
  readonly database: { readonly current: SchemaDatabase };
  readonly keyring: TestKeyring;
  /** Of the store, which is a directory. */
  readonly folder: string;
  /** `ordersync archive …` in this process, as the owner of the tables, who is no superuser. */
  archive(words: readonly string[], env?: Readonly<Record<string, string | undefined>>): Promise<Ran>;
  /** The rows of its JSON report, whatever its exit code. */
  rows(words: readonly string[]): Promise<Rows>;
  /** Archives a month for good. @throws Error when that fails */
  leave(table: string, month: string): Promise<void>;
}

/** A schema with keys, a keyring and a store of their own for all tests of a describe block. */
export function useReadCommands(): ReadCommands {
  const { database, keyring, store, env } = useArchiveCommands();
  const archive: ReadCommands['archive'] = async (words, more = {}) =>
    run(['archive', ...words, ...patience(words)], { env: { ...env(), ...more } });
  beforeAll(async () => {
    const { code, stderr } = await run(['key', 'create'], {
      env: { ...keyring.env, ORDERSYNC_DATABASE_URL: database.current.url },
    });
    if (code !== 0) throw new Error(stderr);
  });
  return {
    database,
    keyring,
    get folder() {
      return store.path;
    },
    archive,
    rows: async (words) => rowsOf(await archive([...words, '--format', 'json'])),
    leave: async (table, month) => {
      const { code, stderr } = await archive(['run', '--table', table, '--month', month, '--to', store.path, '--yes']);
      if (code !== 0) throw new Error(stderr);
    },
  };
}

/** Nobody else is at work in these databases, and the machine may be too busy for the default of 150 ms. */
function patience([verb = '']: readonly string[]): readonly string[] {
  return ['run', 'restore'].includes(verb) ? ['--lock-timeout', '5s'] : [];
}

/** Makes the partitions of a table from a month on. */
export async function makeMonths({ database }: ReadCommands, table: string, from: string): Promise<void> {
  const env = { ORDERSYNC_DATABASE_URL: ownerUrl(database.current) };
  const { code, stderr } = await run(
    ['partition', 'ensure', '--table', table, '--from', from, '--lock-timeout', '5s'],
    { env },
  );
  if (code !== 0) throw new Error(stderr);
}

/** Audit rows of a month, one an hour from its tenth day on, with a user who exists. */
export async function addAuditMonth({ database }: ReadCommands, month: string, rows: number): Promise<string> {
  const sql = database.current.as('owner');
  const user = await addUser(sql);
  for (let index = 0; index < rows; index += 1) {
    await addAuditLog(sql, {
      user_id: user,
      created_at: new Date(Date.parse(`${month}-10T00:30:00.123Z`) + index * 3_600_000).toISOString(),
      error_message: index % 2 === 0 ? null : `오류 ${index}`,
      duration_ms: index,
      success: index % 3 > 0,
    });
  }
  return user;
}

/** An order of a month with two items and its history. */
export async function addOrderOf({ database }: ReadCommands, month: string): Promise<{ order: string; menu: string }> {
  const sql = database.current.as('owner');
  const at = `${month}-10T00:00:00Z`;
  const restaurant = await addRestaurant(sql, await addUser(sql));
  const menu = await addMenu(sql, restaurant);
  const [ids] = await sql<{ id: string }[]>`select uuid_v7(${at}::text::timestamptz) as id`;
  const order = await addOrder(sql, restaurant, { id: ids!.id, created_at: at, status: 'COMPLETED' });
  for (const quantity of [1, 2]) {
    const item = await addOrderItem(sql, order, menu);
    await sql`update order_items set created_at = ${at}, quantity = ${quantity} where id = ${item}`;
  }
  await insert(sql, 'order_status_history', { order_id: order, new_status: 'PENDING', created_at: at });
  return { order, menu };
}

/** `audit_logs_restored_2025_01` */
export function sideName(table: string, month: string): string {
  return `${table}_restored_${month.replace('-', '_')}`;
}
