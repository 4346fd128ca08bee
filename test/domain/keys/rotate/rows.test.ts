import { beforeAll, expect, test } from 'vitest';
import { KEY_TYPES } from '../../../../src/domain/encryption/registry.ts';
import { rotateChunks } from '../../../../src/domain/keys/rotate/rotate-chunks.ts';
import { sweepRows } from '../../../../src/domain/keys/rotate/sweep.ts';
import { driven } from '../../../support/context.ts';
import { tablesOf, useRotation } from './fixture.ts';

const fixture = useRotation();
beforeAll(async () => fixture.prepare());

test.each(KEY_TYPES)(
  'every value of every table with values of the type %s is renewed, and reads the same',
  async (keyType) => {
    const { database, shop, begin, readAll } = fixture;
    const { sql } = database.current;
    for (let round = 0; round < 3; round += 1) await fixture.fill(shop);
    const names = tablesOf(keyType).map(({ table }) => table.name);
    const before = new Map<string, ReadonlyMap<string, string>>();
    for (const name of names) before.set(name, await readAll(name));
    const rotation = await begin(keyType);
    const { result } = await driven(rotateChunks(rotation.needs, rotation.request()));
    const swept = await driven(sweepRows(rotation.needs, rotation.request()));
    for (const { table, pairs } of rotation.tables) {
      expect(await readAll(table.name)).toEqual(before.get(table.name));
      for (const { value, key } of pairs) {
        const rows =
          await sql`select ${sql(key)} as key, count(*)::int as rows from ${sql(table.name)} where ${sql(value)} is not null group by 1`;
        expect(rows.filter((row) => row['key'] !== 'none')).toEqual([
          { key: rotation.run.to.keyId, rows: expect.any(Number) },
        ]);
      }
    }
    expect(result).toMatchObject({ misses: 0, interrupted: false });
    expect(swept.result).toMatchObject({ rows: 0 });
  },
);
