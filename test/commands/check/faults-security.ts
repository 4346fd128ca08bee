import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { issueCertificate } from '../../db/certificates.ts';
import type { Fault } from './fault.ts';
import { planting, runAll } from './planting.ts';
import { shiftView } from './shifted-view.ts';
import type { Site } from './site.ts';

/** Faults of policies, triggers, grants, roles and connections, and how each is planted. */
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
    id: 'sec.audit-writes',
    severity: 'critical',
    names: 'a change of users as application_role left no audit row',
    plant: planting(
      `create or replace function auto_audit_log() returns trigger language plpgsql security definer
       set search_path = public, pg_temp as $$ begin return null; end $$`,
    ),
  },
  {
    id: 'sec.audit-immutable',
    severity: 'critical',
    names: 'postgres can delete rows of audit_logs',
    plant: planting(
      `create or replace function audit_logs_guard() returns trigger language plpgsql as $$ begin return null; end $$`,
    ),
  },
  {
    id: 'sec.tls-certificate',
    severity: 'critical',
    names: /the certificate of server ends on \d{4}-\d\d-\d\d, in 5 days; self-signed/,
    plant: async (site) => presentCertificate(site, 6),
    repair: async (site) => presentCertificate(site, 400),
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
      await runAll(site, `create role old_client login password 'md5${'0'.repeat(32)}'`);
      return async () => runAll(site, 'drop role old_client');
    },
    repair: async (site) => runAll(site, `alter role old_client password 'another'`),
  },
  {
    id: 'sec.statement-secrets',
    severity: 'warning',
    names: /^1 statements are kept with a password\nquery id -?\d+ of postgres in shop: 1 texts$/,
    // Other faults are planted with passwords.
    prepare: async (site) => runAll(site, 'select pg_stat_statements_reset()'),
    plant: async (site) => {
      await runAll(site, `create role forgetful login password 'in clear'`);
      return async () => runAll(site, 'drop role forgetful');
    },
  },
  {
    id: 'sec.superusers',
    severity: 'warning',
    names: 'second_root is a superuser and can log in',
    plant: async (site) => {
      await runAll(site, 'create role second_root login superuser');
      return async () => runAll(site, 'drop role second_root');
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
      await runAll(site, 'create function trap() returns integer language sql security definer as $$ select 1 $$');
      return async () => runAll(site, 'drop function trap()');
    },
  },
  {
    id: 'conf.statement_timeout',
    severity: 'warning',
    names: 'shop_backend has no statement_timeout',
    plant: planting('alter role shop_backend reset statement_timeout'),
  },
];

/** Days from now; the server reads it again. */
async function presentCertificate({ place, sql }: Site, days: number): Promise<void> {
  const { certificate, key } = issueCertificate({ name: 'server', hosts: ['127.0.0.1'], days });
  await place('server.crt', certificate);
  await place('server.key', key);
  await sql`select pg_reload_conf()`;
}
