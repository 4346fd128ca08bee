import { describe, expect, test } from 'vitest';
import { compareRegistry, requireRegistry } from '../../../src/domain/encryption/catalogue.ts';
import { readEncryptionColumns, readPrimaryKey } from '../../../src/domain/encryption/catalogue-queries.ts';
import { findPair } from '../../../src/domain/encryption/find.ts';
import { ENCRYPTED_TABLES, LONE_BLIND_INDEXES } from '../../../src/domain/encryption/registry.ts';
import { testContext } from '../../support/context.ts';
import { useSchema } from '../../support/schema.ts';

const PAIRS = ENCRYPTED_TABLES.filter(({ name }) => name !== 'audit_logs_archive').flatMap(({ pairs }) => pairs);

describe('the registry of encrypted columns', () => {
  const database = useSchema();
  const openSession = async () => testContext(database.current.url).db.session();

  test('has the 32 pairs, 14 of them with a key column of another name', () => {
    expect(PAIRS).toHaveLength(32);
    expect(PAIRS.filter(({ value, key }) => key !== value.replace(/_encrypted$/, '_key_id'))).toHaveLength(14);
    expect(PAIRS.filter(({ nullable }) => nullable)).toHaveLength(17);
  });

  test('is what the live catalogue has: names, nulls, primary keys, blind indexes', async () => {
    const { sql } = await openSession();
    expect(await compareRegistry(sql)).toEqual([]);
    const live = await readEncryptionColumns(sql);
    const keyColumns = live.filter(
      ({ table, column }) =>
        column.endsWith('_key_id') && !['encryption_data_keys', 'key_rotation_runs'].includes(table),
    );
    expect(keyColumns).toHaveLength(ENCRYPTED_TABLES.flatMap(({ pairs }) => pairs).length);
    for (const { name, primaryKey } of ENCRYPTED_TABLES) {
      expect([name, await readPrimaryKey(sql, name)]).toEqual([name, primaryKey]);
    }
    const hashes = live
      .filter(({ column }) => column.endsWith('_hash'))
      .map(({ table, column }) => `${table}.${column}`);
    const registered = [
      ...ENCRYPTED_TABLES.flatMap(({ name, pairs }) =>
        pairs.flatMap(({ blindIndex }) => (blindIndex === undefined ? [] : [`${name}.${blindIndex.column}`])),
      ),
      ...LONE_BLIND_INDEXES.map(({ table, column }) => `${table}.${column}`).filter((name) => name.endsWith('_hash')),
    ];
    expect(hashes.toSorted()).toEqual(registered.toSorted());
  });

  test('a column it does not know stops whoever counts, and so does a missing one', async () => {
    const { sql } = await openSession();
    await database.current.sql`alter table order_items add column note_encrypted text`;
    expect(await compareRegistry(sql)).toEqual([
      { table: 'order_items', column: 'note_encrypted', fault: 'unregistered' },
    ]);
    await database.current.sql`alter table order_items drop column note_encrypted`;
    await database.current.sql`alter table menus rename column description_key_id to description_key`;
    await expect(requireRegistry(sql)).rejects.toMatchObject({
      code: 'precondition',
      details: { body: ['menus.description_key_id: missing'] },
    });
    await database.current.sql`alter table menus rename column description_key to description_key_id`;
    await requireRegistry(sql);
  });

  test('a name that is not registered is refused with those that are', () => {
    expect(findPair('users', 'email_encrypted').pair.key).toBe('email_key_id');
    expect(() => findPair('orders', 'email_encrypted')).toThrow(
      '"email_encrypted" is not an encrypted column of orders',
    );
    expect(() => findPair('carts', 'email_encrypted')).toThrow('the table "carts" has no encrypted columns');
  });
});
