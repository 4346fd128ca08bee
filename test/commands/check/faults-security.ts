import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { startApplication } from '../../support/application.ts';
import type { Fault } from './fault.ts';
import { shiftView } from './shifted-view.ts';
import type { Site } from './site.ts';

const run = async ({ sql }: Site, ...statements: string[]): Promise<void> => {
  for (const statement of statements) await sql.unsafe(statement).simple();
};
const planting =
  (...statements: string[]): Fault['plant'] =>
  async (site) =>
    run(site, ...statements);

async function firstUsers({ sql }: Site, count: number): Promise<string[]> {
  const rows = await sql<
    { id: string }[]
  >`select id from users where phone_encrypted is not null order by id limit ${count}`;
  return rows.map(({ id }) => id);
}

/** Faults of rows, policies, triggers, grants and keys, and how each is planted. */
export const SECURITY_FAULTS: readonly Fault[] = [
  {
    id: 'sec.rls-enabled',
    severity: 'critical',
    names: 'orders: row security is off',
    plant: planting('alter table orders disable row level security'),
  },
  {
    id: 'sec.rls-roles',
    severity: 'critical',
    names: 'shop_backend has BYPASSRLS',
    plant: planting('alter role shop_backend bypassrls'),
  },
  {
    id: 'sec.rls-behaviour',
    severity: 'critical',
    names: 'working for nobody, sees rows of others in orders',
    plant: planting('create policy leak on orders for select to application_role using (true)'),
  },
  {
    id: 'sec.policies',
    severity: 'critical',
    names: 'orders lacks the policy orders_access_policy',
    plant: planting('drop policy orders_access_policy on orders'),
  },
  {
    id: 'sec.policy-expressions',
    severity: 'critical',
    names: 'user_sessions_policy on user_sessions raises an error',
    plant: planting(
      'drop policy user_sessions_policy on user_sessions',
      `create policy user_sessions_policy on user_sessions for all to application_role
       using (user_id = current_setting('app.current_user_id')::uuid)`,
    ),
  },
  {
    id: 'sec.triggers',
    severity: 'critical',
    names: 'users lacks the trigger trigger_audit_users',
    plant: planting(
      'drop trigger trigger_audit_users on users',
      'alter table audit_logs enable trigger audit_logs_guard_delete',
    ),
  },
  {
    id: 'sec.audit-grants',
    severity: 'critical',
    names: 'application_role may delete audit_logs',
    plant: planting('grant delete on audit_logs to application_role', 'grant update (success) on audit_logs to public'),
  },
  {
    id: 'sec.tls-sessions',
    severity: 'critical',
    names: 'from 203.0.113.9 is not encrypted',
    plant: async ({ server, sql }) => {
      const client = postgres(server.urlFor('shop'), { max: 1, connection: { application_name: 'far away' } });
      await client`select`;
      const address = `case when application_name = 'far away' then '203.0.113.9'::inet else original.client_addr end`;
      const restore = await shiftView(sql, 'pg_stat_activity', { client_addr: address });
      return async () => {
        await restore();
        await client.end({ timeout: 1 });
      };
    },
  },
  {
    id: 'sec.hba',
    severity: 'critical',
    names: /line \d+ lets 0\.0\.0\.0 in without TLS/,
    plant: async ({ server, sql }) => {
      const file = join(server.dataDir, 'pg_hba.conf');
      const before = await readFile(file, 'utf8');
      await appendFile(file, '\nhost all all 0.0.0.0/0 scram-sha-256\n');
      return async () => {
        await writeFile(file, before);
        await sql`select pg_reload_conf()`;
      };
    },
    repair: async ({ server, sql }) => {
      const file = join(server.dataDir, 'pg_hba.conf');
      await writeFile(
        file,
        (await readFile(file, 'utf8')).replace('\nhost all all 0.0.0.0/0', '\nhostssl all all 0.0.0.0/0'),
      );
      await sql`select pg_reload_conf()`;
    },
  },
  {
    id: 'sec.passwords',
    severity: 'critical',
    names: 'the password of old_client is an MD5 hash',
    plant: async (site) => {
      await run(site, `create role old_client login password 'md5${'0'.repeat(32)}'`);
      return async () => run(site, 'drop role old_client');
    },
    repair: async (site) => run(site, `alter role old_client password 'another'`),
  },
  {
    id: 'sec.superusers',
    severity: 'warning',
    names: 'second_root is a superuser and can log in',
    plant: async (site) => {
      await run(site, 'create role second_root login superuser');
      return async () => run(site, 'drop role second_root');
    },
  },
  {
    id: 'sec.public-create',
    severity: 'critical',
    names: 'PUBLIC may create objects in schema public',
    plant: planting('grant create on schema public to public'),
  },
  {
    id: 'sec.definer-functions',
    severity: 'warning',
    names: 'trap()',
    plant: async (site) => {
      await run(site, 'create function trap() returns integer language sql security definer as $$ select 1 $$');
      return async () => run(site, 'drop function trap()');
    },
  },
  {
    id: 'sec.encryption-registry',
    severity: 'critical',
    names: 'users.nickname_encrypted: looks encrypted',
    plant: planting(
      'alter table users add column nickname_encrypted text',
      'alter table users alter column email_encrypted drop not null',
    ),
    repair: async (site) => run(site, 'alter table users drop column nickname_encrypted'),
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
      await run(site, 'create table kept as select id, phone_encrypted from users');
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
      await run(site, 'create table kept as select id, phone_encrypted from users');
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
      await run(
        site,
        `update encryption_keys set created_at = created_at - interval '8 days' where key_id = 'business-v3'`,
      );
    },
    words: '--yes --full-speed --grace 0',
  },
  {
    id: 'conf.statement_timeout',
    severity: 'warning',
    names: 'shop_backend has no statement_timeout',
    plant: planting('alter role shop_backend reset statement_timeout'),
  },
];

async function restorePhones(site: Site): Promise<void> {
  await run(
    site,
    'update users set phone_encrypted = kept.phone_encrypted from kept where kept.id = users.id',
    'drop table kept',
  );
}
