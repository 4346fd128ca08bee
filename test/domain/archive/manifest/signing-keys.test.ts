import { expect, test } from 'vitest';
import { verifySignature } from '../../../../src/domain/archive/manifest/sign.ts';
import {
  ensureSigningKey,
  publishPublicKey,
  readPublicKeys,
} from '../../../../src/domain/archive/manifest/signing-keys.ts';
import { openDirectoryStore } from '../../../../src/store/directory.ts';
import { ownerUrl } from '../../../commands/partition/fixture.ts';
import { contentOf, failureOf, keysOf, put, useFolder } from '../../../store/fixture.ts';
import { testContext } from '../../../support/context.ts';
import { run } from '../../../support/io.ts';
import { useKeyring } from '../../../support/key-store.ts';
import { useSchema } from '../../../support/schema.ts';
import { signed } from './fixture.ts';

const database = useSchema();
const keyring = useKeyring();
const folder = useFolder();

function session() {
  return testContext(ownerUrl(database.current), undefined, { keys: async () => keyring.open() }).db.session();
}

test('the first use makes the key, every later one and every other process gets the same', async () => {
  const one = await session();
  const [first, at_once] = await Promise.all([
    ensureSigningKey(one, async () => keyring.open()),
    ensureSigningKey(await session(), async () => keyring.open()),
  ]);
  const later = await ensureSigningKey(await session(), async () => keyring.open());
  expect([at_once.id, later.id]).toEqual([first.id, first.id]);
  expect(await database.current.sql`select id, version, status from archive_signing_keys`).toEqual([
    { id: first.id, version: 1, status: 'ACTIVE' },
  ]);
  expect(
    await database.current.sql`select action, resource_id from audit_logs where resource_type = 'archive_signing_keys'`,
  ).toEqual([{ action: 'CREATE_KEY', resource_id: 'archive-signing-v1' }]);
  expect(verifySignature(signed(later, { sequence: 1 }), await readPublicKeys(one.sql))).toBeUndefined();
});

test('the private half stands nowhere in the database, the public one needs no key store', async () => {
  const signer = await ensureSigningKey(await session(), async () => keyring.open());
  const seed = signer.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const [row] = await database.current.sql`select row_to_json(keys)::text as text from archive_signing_keys keys`;
  for (const encoding of ['hex', 'base64', 'base64url'] as const)
    expect(row?.['text']).not.toContain(seed.toString(encoding));
  const [staff] = await database.current.as('staff')`select id, public_key from archive_signing_keys`;
  expect(staff?.['id']).toBe(signer.id);
  await expect(database.current.as('staff')`select wrapped_key from archive_signing_keys`).rejects.toThrow(
    'permission denied',
  );
  await expect(database.current.as('shop')`select id from archive_signing_keys`).rejects.toThrow('permission denied');
});

test('key list shows it, key rewrap wraps it again, and it goes on signing', async () => {
  const env = { ORDERSYNC_DATABASE_URL: ownerUrl(database.current), ...keyring.env };
  const before = await ensureSigningKey(await session(), async () => keyring.open());
  const listed = await run(['key', 'list', '--format', 'json'], { env });
  const { data } = JSON.parse(listed.stdout) as {
    data: { key: string; use: string; status: string; provider: string }[];
  };
  expect(data).toContainEqual(
    expect.objectContaining({ key: 'archive-signing-v1', use: 'archive signing', status: 'ACTIVE', provider: 'local' }),
  );
  expect(await run(['key', 'keyring', 'add-key'], { env })).toMatchObject({ code: 0 });
  const rewrapped = await run(['key', 'rewrap', '--yes', '--format', 'json'], { env });
  expect(rewrapped).toMatchObject({ code: 0, stdout: expect.stringContaining('archive-signing-v1') });
  const after = await ensureSigningKey(await session(), async () => keyring.open());
  expect(after.id).toBe(before.id);
  const rows = await database.current.sql`select rewrapped_at from archive_signing_keys where rewrapped_at is not null`;
  expect(rows).toHaveLength(1);
});

test('a public key that was exchanged in the database is found out before anything is signed', async () => {
  const { sql } = database.current;
  const made = await ensureSigningKey(await session(), async () => keyring.open());
  const [row] = await sql<{ publicKey: string }[]>`select public_key as "publicKey" from archive_signing_keys`;
  const other =
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';
  await sql`update archive_signing_keys set public_key = ${other}`;
  try {
    const attempt = ensureSigningKey(await session(), async () => keyring.open());
    expect(await failureOf(attempt)).toMatchObject({ reason: 'commitment_mismatch', exit: 5 });
    expect(await failureOf(readPublicKeys((await session()).sql))).toMatchObject({ reason: 'commitment_mismatch' });
  } finally {
    await sql`update archive_signing_keys set public_key = ${row?.publicKey ?? ''} where id = ${made.id}`;
  }
});

test('the public key lies beside the archives; another one in its place is refused', async () => {
  const store = await openDirectoryStore({ path: folder.path });
  const { id, publicKey } = await ensureSigningKey(await session(), async () => keyring.open());
  await publishPublicKey(store, publicKey);
  await publishPublicKey(store, publicKey);
  expect(await keysOf(store)).toEqual([`keys/${id}.pem`]);
  expect((await contentOf(store, `keys/${id}.pem`)).toString()).toMatch(
    /^-----BEGIN PUBLIC KEY-----\n[\w+/=]+\n-----END PUBLIC KEY-----\n$/u,
  );
  await put(store, `keys/${id}.pem`, 'another');
  expect(await failureOf(publishPublicKey(store, publicKey))).toMatchObject({ reason: 'replaced_key', exit: 5 });
});
