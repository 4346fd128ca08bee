import type postgres from 'postgres';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { useBuild } from '../../support/program.ts';
import { checkSnapshot } from './checker.ts';
import { seal } from './os1.ts';
import { readKeys } from './keys.ts';
import { seededRandom } from './random.ts';
import { startWriter } from './shop.ts';
import type { Site } from './site.ts';
import { openSite } from './site.ts';

type Plant = (tx: postgres.TransactionSql, row: { readonly id: string; readonly other: string }) => Promise<unknown>;

describe('the checker of the chaos campaign', () => {
  useBuild();
  let site: Site;
  beforeAll(async () => {
    site = await openSite(200);
    return async () => site.close();
  });

  test('agrees with a shop that writes, while it writes, and so does key verify', async () => {
    const writers = [1, 2].map((seed) => startWriter(site.shop, seededRandom(seed), { stale: seed === 2 }));
    onTestFinished(async () => void (await Promise.all(writers.map(async (writer) => writer.stop()))));
    for (let look = 0; look < 3; look += 1) {
      const { violations, values } = await site.check(false);
      expect(violations).toEqual([]);
      expect(values).toBeGreaterThan(800);
    }
    expect(await site.key('verify')).toMatchObject({ code: 0 });
  });

  const planted: Readonly<Record<string, Plant>> = {
    'lost update': async (tx, { id }) => {
      const [key] = (await readKeys(tx, site.kms)).filter(({ keyType }) => keyType === 'pii');
      const old = seal(key!.material!.dataKey, { table: 'users', column: 'name_encrypted', id }, 'the name before');
      await tx`update users set name_encrypted = ${old} where id = ${id}`;
    },
    'unreadable value': async (tx, { id, other }) => tx`
      update users set name_encrypted = (select name_encrypted from users where id = ${other}) where id = ${id}`,
    'nonce twice': async (tx, { id, other }) => tx`
      update users set name_encrypted = (select name_encrypted from users where id = ${other}) where id = ${id}`,
    'lost value': async (tx, { id }) => tx`
      update users set name_encrypted = null, name_key_id = null where id = ${id}`,
    'value where none was written': async (tx) => tx`
      update orders set table_info_encrypted = items_encrypted, table_key_id = items_key_id`,
    'changed row': async (tx, { id }) => tx`update users set version = version + 1 where id = ${id}`,
    'lost row': async (tx, { id }) => tx`delete from users where id = ${id}`,
    'foreign row': async (tx, { id }) => tx`delete from shadow where table_name = 'users' and id = ${id}`,
    'key column names another key': async (tx, { id }) => tx`
      update users set name_key_id = 'business-v1' where id = ${id}`,
    'key that is not there': async (tx) => tx`
      update encryption_data_keys set wrapped_key = null, destroyed_at = now() where context ->> 'key_type' = 'pii'`,
    'not one active key': async (tx) => tx`update encryption_keys set status = 'ROTATING' where key_type = 'pii'`,
    'value under an old key': async (tx) => plantNewerKey(tx, 'RETIRED'),
    'old key in use': async (tx) => plantNewerKey(tx, 'ROTATING'),
  };

  test.each(Object.entries(planted))('finds: %s', async (kind, plant) => {
    const undo = new Error('undo');
    const { users } = site.shop;
    const attempt = site.sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`;
      await plant(tx, { id: users[0]!, other: users[1]! });
      const { violations } = await checkSnapshot(tx, { kms: site.kms, finished: kind.includes('old key') });
      expect(new Set(violations.map((violation) => violation.split(':')[0]))).toContain(kind);
      throw undo;
    });
    await expect(attempt).rejects.toBe(undo);
    expect((await site.check(false)).violations).toEqual([]);
  });
});

async function plantNewerKey(tx: postgres.TransactionSql, status: string): Promise<void> {
  await tx`update encryption_keys set status = ${status} where key_type = 'pii'`;
  await tx`
    insert into encryption_keys (key_id, key_type, version, status)
    values ('pii-v9', 'pii', 9, 'ACTIVE')`;
}
