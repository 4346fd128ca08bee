// A server, a keyring, and databases that every side starts from: copied file by file, so that each round finds the same
// pages in the same places.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { openCipherKey } from '../../dist/crypto/cipher-key.js';
import { startEmbedded } from '../../dist/embedded/server.js';
import { createLocalKeyStore } from '../../dist/keystore/local/store.js';
import { benchEnvironment } from '../measure.js';

const bin = fileURLToPath(new URL('../../bin/ordersync.js', import.meta.url));

/** No checkpoint and no autovacuum falls into a measurement: both would hit sides by chance. */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '32GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
};

/** @returns the site of a bench, with a migrated database `origin` that has its keys; `close` removes everything */
export async function openSite() {
  const work = mkdtempSync(join(tmpdir(), 'ordersync-bench-'));
  const server = await startEmbedded({ version: 18, settings: SETTINGS });
  const admin = postgres(server.url, { max: 1, onnotice: () => undefined });
  const site = { work, server, admin, env: keyEnvironment(work) };
  const close = async () => {
    await admin.end();
    await server.stop('immediate');
    rmSync(work, { recursive: true });
  };
  try {
    await admin.unsafe('create database origin');
    for (const words of [
      ['migrate', 'up'],
      ['key', 'keyring', 'init'],
      ['key', 'create', '--type', 'all'],
    ]) {
      ordersync(site, 'origin', words);
    }
    const [{ version }] = await admin`select version()`;
    console.log(`\n${version}`);
    console.log(
      `settings: ${Object.entries(SETTINGS)
        .map((pair) => pair.join(' = '))
        .join(', ')}`,
    );
    return { ...site, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Copies a database that nobody is connected to, file by file, after a checkpoint of both. */
export async function copyDatabase({ admin }, name, template) {
  await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.unsafe(`create database ${name} template ${template} strategy file_copy`);
}

export async function withDatabase({ server }, name, work) {
  const sql = postgres(server.urlFor(name), { max: 1, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** The ACTIVE data key of a type, or the one of a key id, ready for use. */
export async function readKey(site, sql, { type = 'pii', status = 'ACTIVE' } = {}) {
  const [row] = await sql`
    select k.key_id, d.kid, d.wrapped_key, d.provider_key, d.context, d.commitment
    from encryption_keys k
    join encryption_data_keys d on d.encryption_key_id = k.id
    where k.key_type = ${type} and k.status = ${status}`;
  const source = { kind: 'key-file', path: site.env.ORDERSYNC_KEYRING_KEY_FILE };
  const store = createLocalKeyStore({ path: site.env.ORDERSYNC_KEYRING, uid: process.geteuid(), source });
  const dataKey = await store.unwrap({
    wrapped: row.wrapped_key,
    providerKey: row.provider_key,
    context: row.context,
  });
  store.close();
  return { keyId: row.key_id, key: openCipherKey(dataKey, row) };
}

/** Runs the program to its end. @throws Error with what it wrote, unless it ends with 0 */
export function ordersync(site, database, words, extra = {}) {
  const ran = spawnSync(process.execPath, [bin, ...words], {
    env: environmentFor(site, database, extra),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(`ordersync ${words.join(' ')} ended with ${ran.status}: ${ran.stderr}`);
  return ran.stdout;
}

export function environmentFor({ server, env }, database, extra = {}) {
  return { ...env, ...extra, ORDERSYNC_DATABASE_URL: server.urlFor(database) };
}

export { bin };

function keyEnvironment(work) {
  const keyFile = join(work, 'master.key');
  spawnSync('sh', ['-c', `umask 077 && head -c 32 /dev/urandom > ${keyFile}`]);
  return {
    ...benchEnvironment(),
    ORDERSYNC_KEY_PROVIDER: 'local',
    ORDERSYNC_KEYRING: join(work, 'keyring.json'),
    ORDERSYNC_KEYRING_KEY_FILE: keyFile,
  };
}
