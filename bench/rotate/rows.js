// Encrypted rows of the real schema, straight into a template database. Every value of a column is equally long, so that the
// limit's constants have exactly the size of what the rotation writes.
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createNonceSource } from '../../dist/crypto/nonce.js';
import { encryptValue, openValue } from '../../dist/crypto/value.js';
import { copyDatabase, readKey, withDatabase } from './site.js';

/** A table with what its columns hold: plaintexts of a row, and its columns outside the pairs. */
export const USERS = {
  table: 'users',
  bound: 'id',
  pairs: {
    email_encrypted: 'email_key_id',
    phone_encrypted: 'phone_key_id',
    name_encrypted: 'name_key_id',
    password_hash_encrypted: 'password_key_id',
    two_factor_secret_encrypted: 'two_factor_secret_key_id',
  },
  plaintexts: (id) => [
    `${id.slice(0, 13)}@example.com`,
    '010-1234-5678',
    `name ${id.slice(0, 8)}`,
    `$2b$12$${id}${id}`.slice(0, 60),
    id.replaceAll('-', ''),
  ],
  others: { email_hash: (id) => createHash('sha256').update(id).digest('hex'), salt: (id) => id },
};

/** Two documents of 400 bytes, as audit rows have them, beside two short values. */
export const AUDIT_LOGS = {
  table: 'audit_logs',
  bound: 'trace_id',
  pairs: {
    ip_address_encrypted: 'ip_key_id',
    user_agent_encrypted: 'ua_key_id',
    old_value_encrypted: 'old_value_key_id',
    new_value_encrypted: 'new_value_key_id',
  },
  plaintexts: (id) => {
    const text = JSON.stringify({ id, before: id.repeat(12) })
      .padEnd(400)
      .slice(0, 400);
    return ['192.0.2.123', 'Mozilla/5.0 (X11; Linux x86_64)', text, text];
  },
  others: { id: () => randomUUID(), action: () => 'LOGIN', resource_type: () => 'User', success: () => 't' },
};

/**
 * Makes the template database `name` with so many rows, all under the ACTIVE key. @returns what the sides need to know:
 * its name and rows, the relation they are in, and the length of each column's values
 */
export async function makeTemplate(site, name, { kind, rows }) {
  await copyDatabase(site, name, 'origin');
  return withDatabase(site, name, async (sql) => {
    const { keyId, key } = await readKey(site, sql);
    const nonces = createNonceSource();
    const others = Object.entries(kind.others);
    const columns = [kind.bound, ...others.map(([column]) => column), ...Object.entries(kind.pairs).flat()];
    const lineOf = () => {
      const id = kind.bound === 'id' ? randomUUID() : randomUUID().replaceAll('-', '');
      const texts = kind.plaintexts(id);
      const values = Object.keys(kind.pairs).flatMap((column, index) => [
        encryptValue({ key, nonces }, { table: kind.table, column, rowId: id }, texts[index]),
        keyId,
      ]);
      return [id, ...others.map(([, of]) => of(id)), ...values].join('\t');
    };
    await sql`set session_replication_role = replica`;
    const copy = await sql`copy ${sql(kind.table)} (${sql(columns)}) from stdin`.writable();
    for (let row = 0; row < rows; row += 100) {
      const lines = Array.from({ length: Math.min(100, rows - row) }, lineOf);
      if (!copy.write(`${lines.join('\n')}\n`)) await once(copy, 'drain');
    }
    copy.end();
    await once(copy, 'finish');
    await sql.unsafe('vacuum (freeze, analyze)');
    return { name, rows, ...(await sizesOf(sql, kind)) };
  });
}

/** Counts under the key, and decrypts a sample: did this side do all of its work? @throws Error when it did not */
export async function assertRotated(site, database, { kind, rows }) {
  await withDatabase(site, database, async (sql) => {
    const { keyId, key } = await readKey(site, sql);
    const keys = new Map([[key.kid, key]]);
    for (const [column, keyColumn] of Object.entries(kind.pairs)) {
      const [{ count }] = await sql`
        select count(*)::int as count from ${sql(kind.table)}
        where ${sql(keyColumn)} = ${keyId} and substr(${sql(column)}, 5, 8) = ${key.kid}`;
      if (count !== rows) throw new Error(`${count} of ${rows} values of ${column} are under ${keyId}`);
    }
    const sample = await sql`
      select * from ${sql(kind.table)}
      where ${sql(Object.values(kind.pairs)[0])} = ${keyId}
      order by md5(${sql(kind.bound)}::text)
      limit 100`;
    for (const row of sample) {
      const texts = kind.plaintexts(row[kind.bound]);
      for (const [index, column] of Object.keys(kind.pairs).entries()) {
        const opened = openValue(keys, { table: kind.table, column, rowId: row[kind.bound] }, row[column]);
        if (!opened.ok || opened.plaintext.toString() !== texts[index]) throw new Error(`${column} is not what it was`);
      }
    }
  });
}

async function sizesOf(sql, kind) {
  const columns = Object.keys(kind.pairs);
  const lengths = columns.map(
    (column) => `min(length(${column})) as ${column}, max(length(${column})) as ${column}_max`,
  );
  // Rows about keys have no values.
  const ours = `${Object.values(kind.pairs)[0]} = 'pii-v1'`;
  const [row] = await sql.unsafe(`select ${lengths.join(', ')} from ${kind.table} where ${ours}`);
  for (const column of columns) {
    if (row[column] !== row[`${column}_max`]) throw new Error(`the values of ${column} are not equally long`);
  }
  const [{ leaf }] = await sql.unsafe(
    `select distinct tableoid::regclass::text as leaf from ${kind.table} where ${ours}`,
  );
  return { leaf, lengths: Object.fromEntries(columns.map((column) => [column, row[column]])) };
}
