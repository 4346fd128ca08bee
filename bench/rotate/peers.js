// How others rotate: a loop that awaits one record after the other, and pgcrypto inside the server.
import { createNonceSource } from '../../dist/crypto/nonce.js';
import { encryptValue, openValue } from '../../dist/crypto/value.js';
import { copyDatabase, readKey, withDatabase } from './site.js';

/**
 * Decrypts and encrypts a row, writes it, and waits. Under the same data key with a new nonce, which is the same work. Commits
 * do not wait for the disk, as the rotation's do not: what is compared is not the disk.
 */
export async function runLoop(site, database, { kind, rows: expected }) {
  return withDatabase(site, database, async (sql) => {
    const { keyId, key } = await readKey(site, sql);
    const [keys, nonces] = [new Map([[key.kid, key]]), createNonceSource()];
    const columns = Object.keys(kind.pairs);
    await sql`set synchronous_commit = off`;
    let updated = 0;
    let after = '00000000-0000-0000-0000-000000000000';
    const started = performance.now();
    for (;;) {
      const rows = await sql`
        select id, ${sql(columns)} from ${sql(kind.table)} where id > ${after} order by id limit 1000`;
      for (const row of rows) {
        const renewed = {};
        for (const column of columns) {
          const place = { table: kind.table, column, rowId: row.id };
          const opened = openValue(keys, place, row[column]);
          if (!opened.ok) throw new Error(`${column} of ${row.id} cannot be read`);
          renewed[column] = encryptValue({ key, nonces }, place, opened.plaintext);
          renewed[kind.pairs[column]] = keyId;
        }
        updated += (await sql`update ${sql(kind.table)} set ${sql(renewed)} where id = ${row.id}`).count;
      }
      if (rows.length === 0) break;
      after = rows.at(-1).id;
    }
    return secondsSince(started, { updated, expected });
  });
}

/** The same rows, their values encrypted by pgcrypto: base64 text of pgp_sym_encrypt. False when there is no pgcrypto. */
export async function makePgcryptoTemplate(site, { name, from, kind }) {
  await copyDatabase(site, name, from);
  return withDatabase(site, name, async (sql) => {
    const [available] = await sql`select from pg_available_extensions where name = 'pgcrypto'`;
    if (available === undefined) return false;
    await sql`create extension pgcrypto`;
    const { key } = await readKey(site, sql);
    const keys = new Map([[key.kid, key]]);
    await sql`set session_replication_role = replica`;
    const rows = await sql`select id, ${sql(Object.keys(kind.pairs))} from ${sql(kind.table)}`;
    for (const column of Object.keys(kind.pairs)) {
      const texts = rows.map((row) =>
        openValue(keys, { table: kind.table, column, rowId: row.id }, row[column]).plaintext.toString(),
      );
      await sql`
        update ${sql(kind.table)} stored
        set ${sql(column)} = encode(pgp_sym_encrypt(given.value, 'old key', 's2k-count=1024, cipher-algo=aes256'), 'base64')
        from unnest(${rows.map(({ id }) => id)}::uuid[], ${texts}::text[]) given (id, value)
        where stored.id = given.id`;
    }
    await sql.unsafe('vacuum (full, freeze, analyze)');
    return true;
  });
}

export async function runPgcrypto(site, database, { kind, rows: expected }) {
  return withDatabase(site, database, async (sql) => {
    const [{ pages }] = await sql`select (pg_relation_size(${kind.table}::regclass) / 8192)::int as pages`;
    const settings = Object.keys(kind.pairs).map(
      (
        column,
      ) => `${column} = encode(pgp_sym_encrypt(pgp_sym_decrypt(decode(${column}, 'base64'), 'old key'), 'new key',
        's2k-count=1024, cipher-algo=aes256'), 'base64')`,
    );
    const keyColumns = Object.values(kind.pairs).map((column) => `${column} = 'pii-v2'`);
    const [firstKey] = Object.values(kind.pairs);
    await sql`set synchronous_commit = off`;
    let updated = 0;
    const started = performance.now();
    for (let first = 0; first < pages; first += 100) {
      const { count } = await sql.unsafe(
        `update ${kind.table} set ${[...settings, ...keyColumns].join(', ')}
         where ctid >= $1::tid and ctid < $2::tid and ${firstKey} = 'pii-v1'`,
        [`(${first},0)`, `(${first + 100},0)`],
      );
      updated += count;
    }
    return secondsSince(started, { updated, expected });
  });
}

/** @throws Error when not every row was updated once: a peer that does less is no peer */
function secondsSince(started, { updated, expected }) {
  const seconds = (performance.now() - started) / 1000;
  if (updated !== expected) throw new Error(`${updated} of ${expected} rows were updated`);
  return seconds;
}
