import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { openCipherKey } from '../../../../src/crypto/cipher-key.ts';
import { createNonceSource } from '../../../../src/crypto/nonce.ts';
import { Secret } from '../../../../src/crypto/secret.ts';
import { encryptValue } from '../../../../src/crypto/value.ts';
import { rotateChunks } from '../../../../src/domain/keys/rotate/rotate-chunks.ts';
import { sweepRows } from '../../../../src/domain/keys/rotate/sweep.ts';
import { driven } from '../../../support/context.ts';
import type { Rotation } from './fixture.ts';
import { useRotation } from './fixture.ts';

const fixture = useRotation();
beforeAll(async () => fixture.prepare());
beforeEach(async () => {
  await fixture.database.current.sql`delete from users`;
});

const foreign = openCipherKey(new Secret('data key', randomBytes(32)));

/** Every way in which a value cannot be renewed, one row each; the other four pairs of the row are well. */
async function plantBadValues(ids: readonly string[]) {
  const { sql } = fixture.database.current;
  const [row] = await sql`select email_encrypted as email from users where id = ${ids[9]!}`;
  const email = String(row?.['email']);
  const nonces = createNonceSource();
  const place = { table: 'users', column: 'email_encrypted', rowId: ids[6]! };
  const planted: readonly (readonly [id: string, reason: string, text: string])[] = [
    [ids[0]!, 'not_ours', 'minji@example.com'],
    [ids[1]!, 'not_ours', 'Kim, Minji, and a comma'],
    [ids[2]!, 'not_ours', 'vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w=='],
    [ids[3]!, 'malformed', `${email.slice(0, 20)}!${email.slice(21)}`],
    [ids[4]!, 'truncated', email.slice(0, 32)],
    [ids[5]!, 'tag_mismatch', email], // of another row
    [ids[6]!, 'unknown_key', encryptValue({ key: foreign, nonces }, place, 'nobody has the key')],
    [ids[7]!, 'unknown_version', `os2_${email.slice(4)}`],
    [ids[8]!, 'empty', ''],
  ];
  for (const [id, , text] of planted) await sql`update users set email_encrypted = ${text} where id = ${id}`;
  return planted;
}

async function badRows({ run }: Rotation) {
  const { sql } = fixture.database.current;
  return sql`select table_name, row_id, column_name, reason from key_rotation_bad_rows where run_id = ${run.id} order by row_id`;
}

test('values that cannot be decrypted stay as they are and are recorded; the rest of their rows goes on', async () => {
  const { begin, addUsers, database, countPending } = fixture;
  const { sql } = database.current;
  const ids = await addUsers(120);
  const planted = await plantBadValues(ids);
  const rotation = await begin('pii', ['users']);
  const texts = async () =>
    sql`select id, email_encrypted from users where id = any (${planted.map(([id]) => id)}) order by id`;
  const before = await texts();
  const asked: string[] = [];
  const needs = {
    ...rotation.needs,
    keysFor: async (kids: readonly string[]) => {
      asked.push(...kids);
      return rotation.needs.keysFor(kids);
    },
  };
  const { result } = await driven(rotateChunks(needs, rotation.request()));
  expect(result).toMatchObject({ rows: 120, values: 600 - planted.length });
  expect(await texts()).toEqual(before);
  expect(await countPending(rotation)).toBe(planted.length);
  const expected = planted
    .map(([id, reason]) => ({ table_name: 'users', row_id: id, column_name: 'email_encrypted', reason }))
    .toSorted((one, other) => (one.row_id < other.row_id ? -1 : 1));
  expect(await badRows(rotation)).toEqual(expected);
  expect(asked.filter((kid) => kid === foreign.kid)).toHaveLength(1);

  const { result: swept, events } = await driven(sweepRows(rotation.needs, rotation.request()));
  expect(swept).toMatchObject({ rows: 0, locked: { count: 0 } });
  // Each is counted once.
  expect(events.at(-1)).toHaveProperty('detail', expect.stringContaining(`bad ${planted.length}`));
  expect(await badRows(rotation)).toEqual(expected);
});

test('a value that is written anew is forgotten, and renewed if it needs to be', async () => {
  const { begin, addUsers, database, shop, countPending } = fixture;
  const { sql } = database.current;
  const ids = await addUsers(12);
  await plantBadValues(ids);
  const rotation = await begin('pii', ['users']);
  await driven(rotateChunks(rotation.needs, rotation.request()));
  for (const id of ids) {
    const healed = shop.encrypt('users', 'email_encrypted', id, 'healed');
    await sql`update users set ${sql(healed)} where id = ${id} and email_key_id <> ${rotation.run.to.keyId}`;
  }
  const { result } = await driven(sweepRows(rotation.needs, rotation.request()));
  expect(result).toMatchObject({ rows: 9, values: 9 });
  expect(await countPending(rotation)).toBe(0);
  expect(await badRows(rotation)).toEqual([]);
});

test('a value under the new key whose key column names another one is recorded, not guessed at', async () => {
  const { begin, addUsers, database } = fixture;
  const { sql } = database.current;
  const [id] = await addUsers(1);
  const rotation = await begin('pii', ['users']);
  const place = { table: 'users', column: 'phone_encrypted', rowId: id! };
  const text = encryptValue({ key: rotation.run.to.key, nonces: createNonceSource() }, place, '010');
  await sql`update users set phone_encrypted = ${text} where id = ${id!}`;
  await driven(rotateChunks(rotation.needs, rotation.request()));
  await driven(sweepRows(rotation.needs, rotation.request()));
  expect(await badRows(rotation)).toMatchObject([{ column_name: 'phone_encrypted', reason: 'key_mismatch' }]);
});

test('an audit row whose trace id nothing can be bound to does not shift the others by one', async () => {
  const { begin, shop, database, countPending, readAll } = fixture;
  const { sql } = database.current;
  for (let round = 0; round < 6; round += 1) await fixture.fill(shop);
  await sql`alter table audit_logs_archive disable trigger audit_logs_archive_guard_delete`;
  await sql`delete from audit_logs_archive`;
  // One row fills a page, so that all of them are in one stripe.
  await sql`alter table audit_logs_archive alter column changes set storage plain`;
  const traces = ['a,b', ...Array.from({ length: 20 }, () => randomBytes(16).toString('hex'))];
  for (const trace of traces) {
    const bound = trace === 'a,b' ? '0'.repeat(32) : trace;
    await sql`insert into audit_logs_archive ${sql({
      id: randomUUID(),
      trace_id: trace,
      action: 'LOGIN',
      resource_type: 'User',
      success: true,
      created_at: '2025-01-01T00:00:00Z',
      changes: sql.json({ note: 'x'.repeat(6000) }),
      ...shop.encrypt('audit_logs', 'ip_address_encrypted', bound, `address of ${trace}`),
      ...shop.encrypt('audit_logs', 'old_value_encrypted', bound, `old value of ${trace}`),
    })}`;
  }
  // As many commas too many in each column as among the ids.
  await sql`
    update audit_logs_archive
       set old_value_encrypted = 'one, comma', ip_address_encrypted = 'one, too'
     where trace_id = ${traces[9]!}`;
  const good = traces.filter((_, index) => index !== 0 && index !== 9);
  const rotation = await begin('pii', ['audit_logs_archive']);
  await driven(rotateChunks(rotation.needs, rotation.request()));
  expect(await countPending(rotation)).toBe(4);
  expect((await badRows(rotation)).map(({ reason }) => String(reason)).toSorted()).toEqual([
    'bad_row_id',
    'bad_row_id',
    'not_ours',
    'not_ours',
  ]);
  await sql`delete from audit_logs_archive where not trace_id = any (${good})`;
  const values = [...(await readAll('audit_logs_archive')).values()];
  expect(values.toSorted()).toEqual(
    good.flatMap((trace) => [`address of ${trace}`, `old value of ${trace}`]).toSorted(),
  );
});
