import { startApplication } from '../../support/application.ts';
import type { Fault } from './fault.ts';
import { planting, runAll } from './planting.ts';
import type { Site } from './site.ts';

/** Faults of encrypted values and of their keys. */
export const ENCRYPTION_FAULTS: readonly Fault[] = [
  {
    id: 'sec.encryption-registry',
    severity: 'critical',
    names: 'users.nickname_encrypted: looks encrypted',
    plant: planting(
      'alter table users add column nickname_encrypted text',
      'alter table users alter column email_encrypted drop not null',
    ),
    repair: async (site) => runAll(site, 'alter table users drop column nickname_encrypted'),
  },
  {
    id: 'sec.encryption-plaintext',
    severity: 'critical',
    names: 'users.phone_encrypted: 1 with plaintext',
    plant: async (site) => {
      const [user] = await firstUsers(site, 1);
      await site.sql`update users set phone_encrypted = '010-0000-1234' where id = ${user!}`;
    },
  },
  {
    id: 'sec.encryption-pairs',
    severity: 'critical',
    names: 'users.phone_encrypted: 1 with key_mismatch',
    plant: async (site) => {
      const [user] = await firstUsers(site, 1);
      await site.sql`update users set phone_key_id = 'pii-v77' where id = ${user!}`;
    },
  },
  {
    id: 'sec.encryption-keys',
    severity: 'critical',
    names: 'users.phone_encrypted: 1 with unknown_key',
    plant: async (site) => {
      const [user] = await firstUsers(site, 1);
      await runAll(site, 'create table kept as select id, phone_encrypted from users');
      await site.sql`update users set phone_encrypted = overlay(phone_encrypted placing 'AAAAAAAA' from 5) where id = ${user!}`;
    },
    repair: restorePhones,
  },
  {
    id: 'sec.encryption-readable',
    severity: 'critical',
    names: /users\.phone_encrypted: 2 of the sample cannot be decrypted/,
    plant: async (site) => {
      const [one, other] = await firstUsers(site, 2);
      await runAll(site, 'create table kept as select id, phone_encrypted from users');
      await site.sql`
        update users set phone_encrypted = kept.phone_encrypted from kept
         where users.id = ${one!} and kept.id = ${other!} or users.id = ${other!} and kept.id = ${one!}`;
    },
    repair: restorePhones,
  },
  {
    id: 'sec.encryption-nonces',
    severity: 'critical',
    names: 'users.phone_encrypted: 1 nonces of the key',
    plant: async (site) => {
      const application = await startApplication(site.server.urlFor('shop'), site.keyring.open());
      for (const [index, id] of (await firstUsers(site, 2)).entries()) {
        const pair = application.encrypt('users', 'phone_encrypted', id, `010-0000-000${index}`, () =>
          Buffer.alloc(12, 7),
        );
        await site.sql`update users set ${site.sql(pair)} where id = ${id}`;
      }
    },
    words: '--yes --full-speed --grace 0',
  },
  {
    id: 'sec.key-active',
    severity: 'critical',
    names: 'payment: 0 active',
    plant: planting(`update encryption_keys set status = 'RETIRED', retired_at = now() where key_type = 'payment'`),
    words: '--yes',
  },
  {
    id: 'sec.key-age',
    severity: 'critical',
    names: /business-v1 is 200 days old/,
    plant: planting(
      `update encryption_keys set created_at = created_at - interval '200 days' where key_type = 'business'`,
    ),
    words: '--yes --full-speed --grace 0',
  },
  {
    id: 'sec.key-rotation',
    severity: 'warning',
    names: /business-v2 is being rotated for 8 days/,
    plant: async (site) => {
      const words = 'key rotate --type business --yes --if-older-than 0 --grace 0'.split(' ');
      const stopped = await site.ordersync(words, { NODE_ENV: 'test', ORDERSYNC_FAULT: 'before-finish:throw' });
      if (stopped.code === 0) throw new Error('the rotation should have stopped');
      await runAll(
        site,
        `update encryption_keys set created_at = created_at - interval '8 days' where key_id = 'business-v3'`,
      );
    },
    words: '--yes --full-speed --grace 0',
  },
];

async function firstUsers({ sql }: Site, count: number): Promise<string[]> {
  const rows = await sql<
    { id: string }[]
  >`select id from users where phone_encrypted is not null order by id limit ${count}`;
  return rows.map(({ id }) => id);
}

async function restorePhones(site: Site): Promise<void> {
  await runAll(
    site,
    'update users set phone_encrypted = kept.phone_encrypted from kept where kept.id = users.id',
    'drop table kept',
  );
}
