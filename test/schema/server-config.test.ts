import { appendFile, chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { issueCertificate } from '../db/certificates.ts';
import { startServer } from '../support/postgres.ts';
import { migrateUp, sqlstateOf } from '../support/schema.ts';

const CONFIG = join(import.meta.dirname, '../../sql/config');
const AUTHORITY = issueCertificate({ name: 'test authority' });
const CERTIFICATE = issueCertificate({ name: 'server', hosts: ['localhost', '127.0.0.1'], issuer: AUTHORITY });

describe('a server on the files of sql/config', () => {
  let server: EmbeddedServer;
  let admin: postgres.Sql;

  const connect = (user: string, password: string, ssl: 'required' | 'none' = 'required') =>
    postgres(Object.assign(new URL(server.url), { username: user, password }).href, {
      max: 1,
      onnotice: () => undefined,
      ssl: ssl === 'none' ? false : { ca: AUTHORITY.certificate },
    });

  const timeouts = async (user: string) => {
    const sql = connect(user, 'secret');
    const [row] = await sql`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`;
    await sql.end();
    return row;
  };

  async function place(name: string, text: string): Promise<void> {
    const path = join(server.dataDir, name);
    const { uid, gid } = await stat(server.dataDir);
    await writeFile(path, text);
    await chmod(path, 0o600);
    await chown(path, uid, gid);
  }

  beforeAll(async () => {
    server = await startServer();
    await server.halt();
    const settings = await readFile(join(CONFIG, 'postgresql.conf'), 'utf8');
    await place('server.crt', CERTIFICATE.certificate);
    await place('server.key', CERTIFICATE.key);
    await place(
      'ordersync.conf',
      settings.replace('/etc/ssl/certs/server.crt', 'server.crt').replace('/etc/ssl/private/server.key', 'server.key'),
    );
    await place('pg_hba.conf', await readFile(join(CONFIG, 'pg_hba.conf'), 'utf8'));
    await appendFile(join(server.dataDir, 'postgresql.conf'), `\ninclude 'ordersync.conf'\n`);
    await server.start();
    admin = connect('postgres', server.password);
  });
  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });

  test('takes every setting of the file, and no other file wins over it', async () => {
    const rejected = await admin`select name, error from pg_file_settings where error is not null`;
    expect(rejected).toEqual([]);
    const lines = (await readFile(join(CONFIG, 'postgresql.conf'), 'utf8')).match(/^[a-z_.]+(?= =)/gm) ?? [];
    expect(lines.length).toBeGreaterThan(30);
    const settings = await admin<{ name: string; file: string }[]>`
      select name, regexp_replace(sourcefile, '.*/', '') as file from pg_settings where lower(name) = any (${lines})`;
    expect(settings.filter(({ file }) => file !== 'ordersync.conf')).toEqual([]);
    expect(settings).toHaveLength(lines.length);
  });

  test('accepts TLS with a password, and nothing without TLS', async () => {
    const [connection] = await admin`select ssl, version from pg_stat_ssl where pid = pg_backend_pid()`;
    expect(connection).toMatchObject({ ssl: true });
    const plain = connect('postgres', server.password, 'none');
    expect(await sqlstateOf(plain`select`)).toBe('28000');
    await plain.end();
    const wrong = connect('postgres', 'wrong');
    expect(await sqlstateOf(wrong`select`)).toBe('28P01');
    await wrong.end();
  });

  test('has rules for IPv4 and IPv6 alike, and none that allows an unencrypted connection', async () => {
    const rules = await admin<{ type: string; address: string; error: string | null }[]>`
      select type, address, error from pg_hba_file_rules where type <> 'local' order by address`;
    expect(rules.map(({ type }) => type)).toEqual(['hostssl', 'hostssl']);
    expect(rules.map(({ address }) => address).toSorted()).toEqual(['0.0.0.0', '::']);
    expect(rules.every(({ error }) => error === null)).toBe(true);
  });

  test('stores passwords as SCRAM', async () => {
    await admin.unsafe(`create role scram_tester login password 'secret'`);
    const [role] =
      await admin`select rolpassword like 'SCRAM-SHA-256$%' as scram from pg_authid where rolname = 'scram_tester'`;
    expect(role).toEqual({ scram: true });
  });

  test('logs slow statements without their bind values', async () => {
    await admin`select pg_sleep(1.1), ${'bind-value-4711'}::text`;
    const log = await readFile(server.logFile, 'utf8');
    expect(log).toContain('pg_sleep(1.1)');
    expect(log).not.toContain('bind-value-4711');
  });

  test('limits statements of the application’s log-in roles, and of nobody else', async () => {
    await migrateUp(admin);
    await admin.unsafe(`create role shop_backend login password 'secret' in role application_role`);
    await admin.unsafe(`create role operator login password 'secret'`);
    await admin.unsafe(await readFile(join(CONFIG, 'roles.sql'), 'utf8'));
    expect(await timeouts('shop_backend')).toEqual({ statement: '30s', lock: '5s' });
    expect(await timeouts('operator')).toEqual({ statement: '0', lock: '0' });
  });
});
