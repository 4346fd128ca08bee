import { describe, expect, test } from 'vitest';
import { decryptValue, encryptValue, textOf } from '../../../src/crypto/value.ts';
import { createNonceSource } from '../../../src/crypto/nonce.ts';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { createKeys, planKeys, probeKeys } from '../../../src/domain/keys/create.ts';
import type { KeyStore } from '../../../src/keystore/keystore.ts';
import { environmentOf, openStore, setAwsEnvironment } from '../../keystore/aws-kms/fixture.ts';
import { testContext } from '../../support/context.ts';
import { useKeyring } from '../../support/key-store.ts';
import { startKms } from '../../support/kms/server.ts';
import { useSchema } from '../../support/schema.ts';
import { unwrapOnce } from '../../../src/keystore/unwrap-once.ts';

const PLACE = { table: 'users', column: 'email_encrypted', rowId: '0190a2b4-7c3e-7d51-8f00-112233445566' };

describe('making keys', () => {
  const database = useSchema();
  const keyring = useKeyring();
  const session = async () => testContext(database.current.url).db.session();

  test('makes the first version of every type and the four blind index keys, once', async () => {
    const main = await session();
    const plan = await planKeys(main.sql, 'all');
    expect(plan.missing.map((key) => (key.kind === 'data-key' ? key.keyId : key.purpose))).toEqual([
      'pii-v1',
      'payment-v1',
      'business-v1',
      'email',
      'ip',
      'external_id',
      'rate_limit',
    ]);
    const created = await createKeys(main, async () => keyring.open(), plan);
    expect(created.every((key) => key.created)).toBe(true);
    expect((await planKeys(main.sql, 'all')).missing).toEqual([]);

    // The same plan once more, as a process that was slower: everything stays as the first one made it.
    const before = await database.current.sql`select kid, wrapped_key from encryption_data_keys order by kid`;
    const again = await createKeys(main, async () => keyring.open(), plan);
    expect(again.some((key) => key.created)).toBe(false);
    expect(await database.current.sql`select kid, wrapped_key from encryption_data_keys order by kid`).toEqual(before);
  });

  test('gives another process the same keys back', async () => {
    const main = await session();
    const nonces = createNonceSource();
    const writer = await loadDatabaseKeys(main.sql, async () => keyring.open());
    const { keyId, key } = await writer.activeKey('pii');
    expect(keyId).toBe('pii-v1');
    const text = encryptValue({ key, nonces }, PLACE, 'minji@example.com');

    const reader = await loadDatabaseKeys(main.sql, async () => keyring.open());
    const keys = await reader.keysFor([key.kid, 'AAAAAAAA']);
    expect([...keys.keys()]).toEqual([key.kid]);
    expect(textOf(decryptValue(keys, PLACE, text))).toBe('minji@example.com');
    const [one, two] = [await writer.blindIndex('email'), await reader.blindIndex('email')];
    expect(one('Minji@Example.com ')).toBe(two('minji@example.com'));
    expect((await reader.blindIndex('external_id'))('minji@example.com')).not.toBe(two('minji@example.com'));
  });

  test('leaves an audit row for each: which key, who, and no address', async () => {
    const rows = await database.current.sql`
      select action, resource_type, resource_id, ip_address_encrypted, ip_key_id, changes, success
      from audit_logs where action = 'CREATE_KEY' and resource_id = 'pii-v1'`;
    expect(rows).toEqual([
      expect.objectContaining({
        resource_type: 'encryption_keys',
        ip_address_encrypted: 'none',
        ip_key_id: 'none',
        success: true,
        changes: expect.objectContaining({ provider: 'local', version: 1, database_role: 'postgres' }),
      }),
    ]);
    const [all] = await database.current.sql`select count(*)::int from audit_logs where action = 'CREATE_KEY'`;
    expect(all).toEqual({ count: 7 });
  });

  test('a wrapped key that was replaced by another is found before it is used', async () => {
    const main = await session();
    const [pii] = await database.current.sql`
      select kid, wrapped_key, commitment from encryption_data_keys
      join encryption_keys on encryption_keys.id = encryption_key_id where key_type = 'pii'`;
    const foreign = await keyring
      .open()
      .generateDataKey({ app: 'ordersync', use: 'data-key', key_type: 'pii', version: '1' });
    await database.current
      .sql`update encryption_data_keys set wrapped_key = ${foreign.wrapped} where kid = ${pii?.['kid']}`;
    const keys = await loadDatabaseKeys(main.sql, async () => keyring.open());
    await expect(keys.activeKey('pii')).rejects.toMatchObject({
      code: 'decrypt_failed',
      details: { facts: { reason: 'commitment_mismatch' } },
    });
    await database.current
      .sql`update encryption_data_keys set wrapped_key = ${pii?.['wrapped_key']} where kid = ${pii?.['kid']}`;
    const restored = await loadDatabaseKeys(main.sql, async () => keyring.open());
    expect((await restored.activeKey('pii')).keyId).toBe('pii-v1');
  });
});

describe('a store that gives back another key than it made', () => {
  const database = useSchema();
  const keyring = useKeyring();

  test('nothing is written', async () => {
    const main = await testContext(database.current.url).db.session();
    const honest = keyring.open();
    const forgetful: KeyStore = {
      ...honest,
      unwrap: async (key) => (await honest.generateDataKey(key.context)).dataKey,
    };
    const plan = await planKeys(main.sql, 'pii');
    await expect(createKeys(main, async () => forgetful, plan)).rejects.toThrow(
      'the key store gave back another key than it made for pii-v1',
    );
    expect(await database.current.sql`select from encryption_keys`).toHaveLength(0);
    expect(await database.current.sql`select from audit_logs`).toHaveLength(0);
  });

  test('a key without its audit row is not kept', async () => {
    const main = await testContext(database.current.url).db.session();
    await database.current.sql.unsafe(`alter table audit_logs add constraint no_key check (action <> 'CREATE_KEY')`);
    const plan = await planKeys(main.sql, 'pii');
    await expect(createKeys(main, async () => keyring.open(), plan)).rejects.toMatchObject({ code: '23514' });
    expect(await database.current.sql`select from encryption_keys`).toHaveLength(0);
    await database.current.sql`alter table audit_logs drop constraint no_key`;
  });

  test('a database without the tables says what to do', async () => {
    await database.current.sql`alter table blind_index_keys rename to elsewhere`;
    const main = await testContext(database.current.url).db.session();
    await expect(planKeys(main.sql, 'all')).rejects.toMatchObject({
      code: 'precondition',
      details: { hint: 'apply the migrations: ordersync migrate up' },
    });
    await database.current.sql`alter table elsewhere rename to blind_index_keys`;
  });
});

describe('against AWS KMS', () => {
  const database = useSchema();

  test('one GenerateDataKey and one Decrypt a key to make it, one Decrypt a key and process to use it', async () => {
    const kms = await startKms();
    const restore = setAwsEnvironment(environmentOf(kms));
    try {
      const key = kms.keys.create({ alias: 'alias/pii' });
      const main = await testContext(database.current.url).db.session();
      const maker = unwrapOnce(openStore({ key: 'alias/pii' }).store);
      const plan = await planKeys(main.sql, 'all');
      await probeKeys(main, async () => maker, plan);
      expect([kms.count('GenerateDataKey'), kms.count('Decrypt')]).toEqual([0, 0]);
      const created = await createKeys(main, async () => maker, plan);
      expect([kms.count('GenerateDataKey'), kms.count('Decrypt')]).toEqual([7, 7]);
      expect(new Set(created.map(({ providerKey }) => providerKey))).toEqual(new Set([key.arn]));
      maker.close();

      const user = unwrapOnce(openStore({ key: 'alias/pii' }).store);
      const keys = await loadDatabaseKeys(main.sql, async () => user);
      const kids = keys.dataKeys.map(({ material }) => material?.kid ?? '');
      for (let batch = 0; batch < 50; batch += 1) await keys.keysFor(kids);
      expect((await keys.activeKey('pii')).keyId).toBe('pii-v1');
      expect([kms.count('GenerateDataKey'), kms.count('Decrypt')]).toEqual([7, 10]);
      user.close();
    } finally {
      restore();
      await kms.close();
    }
  });
});
