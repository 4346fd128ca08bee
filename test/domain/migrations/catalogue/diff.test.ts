import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diffCatalogues } from '../../../../src/domain/migrations/catalogue/diff.ts';
import { fingerprintOf } from '../../../../src/domain/migrations/catalogue/fingerprint.ts';
import { readCatalogue } from '../../../../src/domain/migrations/catalogue/read.ts';
import { testContext } from '../../../support/context.ts';
import { asSuperuser, testServer, useDatabase } from '../../../support/postgres.ts';
import { OTHER_OWNER, OTHER_ROLE, SCHEMA } from './everything.ts';
import { PLANTS } from './plants.ts';

// Roles belong to the server: made before the database and dropped after it.
beforeAll(() => asSuperuser((sql) => sql.unsafe(`create role ${OTHER_ROLE}; create role ${OTHER_OWNER}`)));
afterAll(() => asSuperuser((sql) => sql.unsafe(`drop role ${OTHER_ROLE}; drop role ${OTHER_OWNER}`)));
const database = useDatabase();
beforeAll(async () => {
  await database.current.sql.unsafe(SCHEMA);
});

describe('diffCatalogues', () => {
  test.each(PLANTS)('%s', async (done, undone, ...told) => {
    const session = await testContext(database.current.url).db.session();
    const before = await readCatalogue(session);
    await database.current.sql.unsafe(done);
    const planted = await readCatalogue(session);
    expect(fingerprintOf(planted)).not.toBe(fingerprintOf(before));
    const differences = diffCatalogues(before, planted).map(
      ({ change, kind, identity }) => `${change} ${kind} ${identity}`,
    );
    expect(differences.filter((line) => !told.some((wanted) => line.startsWith(wanted)))).toEqual([]);
    expect(told.filter((wanted) => !differences.some((line) => line.startsWith(wanted)))).toEqual([]);
    await database.current.sql.unsafe(undone);
    expect(diffCatalogues(before, await readCatalogue(session))).toEqual([]);
    expect(fingerprintOf(await readCatalogue(session))).toBe(fingerprintOf(before));
  });

  test('a changed function is shown by its changed lines', async () => {
    const session = await testContext(database.current.url).db.session();
    const before = await readCatalogue(session);
    const { sql } = database.current;
    const [row] = await sql`select pg_get_functiondef('app.twice(int)'::regprocedure) as text`;
    const text = String(row?.['text']);
    await sql.unsafe(text.replace('-- doubles\n    return n * 2;', '-- doubles\n    return n + n;'));
    const [difference] = diffCatalogues(before, await readCatalogue(session));
    await sql.unsafe(text);
    expect(difference).toMatchObject({ change: 'different', kind: 'function', identity: 'app.twice(n integer)' });
    expect(difference?.lines?.filter(({ sign }) => sign !== ' ')).toEqual([
      { sign: '-', text: '    return n * 2;' },
      { sign: '+', text: '    return n + n;' },
    ]);
    expect(difference?.lines).toContainEqual({ sign: ' ', text: '    -- doubles' });
  });

  test.runIf(testServer().version >= 18)('a constraint that is not enforced differs', async () => {
    const session = await testContext(database.current.url).db.session();
    const before = await readCatalogue(session);
    const { sql } = database.current;
    await sql.unsafe('alter table app.customers drop constraint customers_age_check, add check (age > 0) not enforced');
    const planted = diffCatalogues(before, await readCatalogue(session));
    await sql.unsafe('alter table app.customers drop constraint customers_age_check, add check (age > 0)');
    expect(planted).toMatchObject([
      { identity: 'customers_age_check on app.customers', actual: 'CHECK ((age > 0)) NOT ENFORCED' },
    ]);
  });
});
