import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import type { EmbeddedServer } from '../../../src/embedded/server.ts';
import { parseSettings } from '../../../src/domain/checks/settings/config-file.ts';
import { issueCertificate } from '../../db/certificates.ts';
import { run } from '../../support/io.ts';
import type { Ran } from '../../support/io.ts';
import { useKeyring } from '../../support/key-store.ts';
import type { TestKeyring } from '../../support/key-store.ts';
import { startServer } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import type { Row } from './fixture.ts';

/** Of a server with so little memory that the specification's sizes can be set in earnest. */
const RAM = '256MB';
const SMALL: Readonly<Record<string, string>> = {
  shared_buffers: '64MB',
  effective_cache_size: '192MB',
  maintenance_work_mem: '16MB',
  work_mem: '512kB',
  max_connections: '30',
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
};

/** A server on the settings of sql/config, with the schema, keys and demo data: nobody else uses it. */
export interface Site {
  readonly server: EmbeddedServer;
  readonly keyring: TestKeyring;
  /** The superuser's client; it connects again when its connection is ended. */
  readonly sql: postgres.Sql;
  readonly env: () => Record<string, string>;
  readonly ordersync: (words: string | readonly string[], env?: Readonly<Record<string, string>>) => Promise<Ran>;
  readonly rows: (words: string) => Promise<readonly Row[]>;
  readonly row: (id: string, words?: string) => Promise<Row>;
  /** Writes a file of the server's own into its data directory. */
  readonly place: (name: string, text: string) => Promise<void>;
}

export function useSite(): Site {
  const site = {} as { -readonly [Name in keyof Site]: Site[Name] };
  site.keyring = useKeyring();
  site.place = async (name, text) => {
    const path = join(site.server.dataDir, name);
    const { uid, gid } = await stat(site.server.dataDir);
    await writeFile(path, text);
    await chmod(path, 0o600);
    await chown(path, uid, gid);
  };
  site.env = () => ({ ...site.keyring.env, ORDERSYNC_DATABASE_URL: site.server.urlFor('shop') });
  site.ordersync = async (words, env = {}) =>
    run(typeof words === 'string' ? words.split(' ') : words, { env: { ...site.env(), ...env } });
  site.rows = async (words) => {
    const { stdout, stderr } = await site.ordersync(`check --ram ${RAM} --format json ${words}`.trim());
    if (stdout === '') throw new Error(stderr);
    return (JSON.parse(stdout) as { data: Row[] }).data;
  };
  site.row = async (id, words = '') => {
    const [row, ...others] = await site.rows(`--only ${id} ${words}`.trim());
    if (row === undefined || others.length > 0) throw new Error(`${id} is not one check`);
    return row;
  };
  beforeAll(async () => {
    site.server = await startServer();
    await configure(site);
    site.sql = postgres(site.server.urlFor('shop'), { max: 1, onnotice: () => undefined });
    for (const words of ['migrate up', 'key create', 'seed --scale 6000 --months 2']) {
      const { code, stderr } = await site.ordersync(words);
      if (code !== 0) throw new Error(stderr);
    }
    await site.sql.unsafe(`create role shop_backend login in role application_role`);
    await site.sql.unsafe(await readFile(new URL('../../../sql/config/roles.sql', import.meta.url), 'utf8'));
    await site.sql`vacuum analyze`;
    await site.sql`select pg_switch_wal()`;
    await waitFor(
      async () => (await site.sql`select from pg_stat_archiver where archived_count > 0`).length > 0,
      'a segment to be archived',
    );
  });
  afterAll(async () => {
    await site.sql?.end({ timeout: 5 });
    await site.server?.stop();
  });
  return site;
}

async function configure({ server, place }: Site): Promise<void> {
  const wanted = parseSettings(await readFile(new URL('../../../sql/config/postgresql.conf', import.meta.url), 'utf8'));
  const certificate = issueCertificate({ name: 'server', hosts: ['127.0.0.1'], days: 400 });
  await server.halt();
  await place('server.crt', certificate.certificate);
  await place('server.key', certificate.key);
  const own = {
    ...Object.fromEntries(wanted.map(({ name, value }) => [name, value])),
    ...SMALL,
    max_wal_size: '4GB',
    archive_mode: 'on',
    archive_command: '/bin/true',
    deadlock_timeout: '50ms',
    // Autovacuum must be on, and must not repair what a test has planted.
    autovacuum_naptime: '2147483',
    autovacuum_freeze_max_age: '2000000000',
  };
  const lines = Object.entries(own).map(([name, value]) => `${name} = '${value}'`);
  const conf = await readFile(join(server.dataDir, 'postgresql.conf'), 'utf8');
  await place('postgresql.conf', `${conf}\n${lines.join('\n')}\n`);
  await server.start();
  const admin = postgres(server.url, { max: 1, onnotice: () => undefined });
  await admin.unsafe('create database shop');
  await admin.end();
}
