import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decryptValue, textOf } from '../../../src/crypto/value.ts';
import { loadDatabaseKeys } from '../../../src/domain/encryption/database-keys.ts';
import { createKeys, planKeys } from '../../../src/domain/keys/create.ts';
import { startApplication } from '../../support/application.ts';
import { testContext } from '../../support/context.ts';
import { useKeyring } from '../../support/key-store.ts';
import { inRequest, useSchema } from '../../support/schema.ts';

interface AuditRow {
  readonly id: string;
  readonly trace_id: string;
  readonly action: string;
  readonly [column: string]: string | null;
}

describe('rows that the audit trigger writes for an application', () => {
  const database = useSchema();
  const keyring = useKeyring();

  test('are decrypted under the trace id that the application set', async () => {
    const { sql } = await testContext(database.current.url).db.session();
    const session = await testContext(database.current.url).db.session();
    await createKeys(session, async () => keyring.open(), await planKeys(sql, 'all'));
    const application = await startApplication(database.current.url, keyring.open());
    const owner = database.current.as('owner');
    const shop = database.current.as('shop');
    const user = await application.addUser(owner, 'minji@example.com');

    // One request of the shop: everything about it by set local, the ciphertexts made before any row exists.
    const trace = randomUUID().replaceAll('-', '');
    const pair = (column: string, plaintext: string) => application.encrypt('audit_logs', column, trace, plaintext);
    const ip = pair('ip_address_encrypted', '203.0.113.9');
    const agent = pair('user_agent_encrypted', 'OrderSync/5.2.1');
    const before = pair('old_value_encrypted', '{"name":"김민지"}');
    const after = pair('new_value_encrypted', '{"name":"박민지"}');
    const settings = {
      'app.current_user_id': user,
      'app.trace_id': trace,
      'app.ip_address_encrypted': ip['ip_address_encrypted'],
      'app.ip_key_id': ip['ip_key_id'],
      'app.ip_hash': application.hash('ip', '203.0.113.9'),
      'app.user_agent_encrypted': agent['user_agent_encrypted'],
      'app.ua_key_id': agent['ua_key_id'],
      'app.old_value_encrypted': before['old_value_encrypted'],
      'app.old_value_key_id': before['old_value_key_id'],
      'app.new_value_encrypted': after['new_value_encrypted'],
      'app.new_value_key_id': after['new_value_key_id'],
    } as Record<string, string>;
    await inRequest(shop, settings, async (transaction) => {
      const name = application.encrypt('users', 'name_encrypted', user, '박민지');
      await transaction`update current_user_profile set ${transaction(name)}`;
      // The same request changes something else: its row has the same ciphertexts, and that is no repeated nonce.
      await transaction`update users set last_login_at = now() where id = ${user}`;
    });

    const rows = await owner<AuditRow[]>`
      select id, trace_id, action, ip_address_encrypted, ip_hash, user_agent_encrypted, old_value_encrypted, new_value_encrypted
      from audit_logs where resource_id = ${user} and trace_id = ${trace}`;
    expect(rows.map(({ action }) => action)).toEqual(['UPDATE_USER', 'UPDATE_USER']);
    const reader = await loadDatabaseKeys(sql, async () => keyring.open());
    const kids = reader.dataKeys.flatMap(({ material }) => material?.kid ?? []);
    const keys = await reader.keysFor(kids);
    for (const row of rows) {
      const read = (column: string, rowId = row.trace_id): string =>
        textOf(decryptValue(keys, { table: 'audit_logs', column, rowId }, row[column] ?? ''));
      expect(read('ip_address_encrypted')).toBe('203.0.113.9');
      expect(read('user_agent_encrypted')).toBe('OrderSync/5.2.1');
      expect(read('old_value_encrypted')).toBe('{"name":"김민지"}');
      expect(read('new_value_encrypted')).toBe('{"name":"박민지"}');
      expect(row['ip_hash']).toBe((await reader.blindIndex('ip'))('203.0.113.9'));
      expect(() => read('old_value_encrypted', row.id)).toThrow('it was changed, or belongs to another row');
    }
  });
});
