import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { SEED_TABLES } from '../../../src/domain/seed/tables.ts';
import { useKeyring } from '../../support/key-store.ts';
import { useSchema } from '../../support/schema.ts';
import type { TestContext } from '../../support/context.ts';
import { makeKeys, ownerContext, readPlainRows, seed } from './fixture.ts';

const [one, two, part] = [useSchema(), useSchema(), useSchema()];
const [keysOfOne, keysOfTwo] = [useKeyring(), useKeyring()];

async function digestOf(ctx: TestContext, table: string): Promise<string> {
  return createHash('sha256')
    .update(JSON.stringify(await readPlainRows(ctx, table)))
    .digest('hex');
}

test('the same seed makes the same data under other keys, and nothing else is the same', async () => {
  const first = ownerContext(one.current, keysOfOne);
  const second = ownerContext(two.current, keysOfTwo);
  for (const ctx of [first, second]) {
    await makeKeys(ctx);
    await seed(ctx, { rows: 6000 });
  }
  for (const { name } of SEED_TABLES)
    expect([name, await digestOf(second, name)]).toEqual([name, await digestOf(first, name)]);
  const values = async (database: typeof one) =>
    (await database.current.sql`select email_encrypted, email_hash from users`).flatMap((row) => Object.values(row));
  const known = new Set(await values(one));
  expect((await values(two)).some((value) => known.has(value))).toBe(false);
});

test('a choice of tables holds the very rows of the whole, with the tables they refer to and no other', async () => {
  const ctx = ownerContext(part.current, keysOfOne);
  await makeKeys(ctx);
  const { tables } = await seed(ctx, { rows: 6000, tables: ['payments'] });
  const names = tables.map(({ name }) => name);
  expect(names).toEqual(['users', 'restaurants', 'orders', 'payments']);
  const whole = ownerContext(one.current, keysOfOne);
  for (const name of names) expect([name, await digestOf(ctx, name)]).toEqual([name, await digestOf(whole, name)]);
  const others = SEED_TABLES.filter(({ name }) => !names.includes(name));
  for (const { name } of others) expect([name, await readPlainRows(ctx, name)]).toEqual([name, []]);
});
