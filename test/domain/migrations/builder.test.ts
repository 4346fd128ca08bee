import { describe, expect, test } from 'vitest';
import { down, emptyDatabase, refusalOf, relationExists, up, versionsIn } from './runner.ts';

const TABLE = {
  '001_a.ts': `import type { MigrationBuilder } from 'node-pg-migrate';
    export const shorthands = { money: { type: 'bigint', notNull: true } };
    export function up(pgm: MigrationBuilder): void {
      pgm.createTable('a', { id: 'id', price: 'money' });
      pgm.createIndex('a', 'price');
    }`,
};

describe('a builder migration', () => {
  test('runs as the SQL it stands for; the way back is inferred where it can be', async () => {
    const database = await emptyDatabase();
    const { result } = await up(database, TABLE);
    expect(result.files).toMatchObject([{ version: '001', statements: 2 }]);
    const [column] =
      await database.sql`select is_nullable, data_type from information_schema.columns where table_name = 'a' and column_name = 'price'`;
    expect(column).toEqual({ is_nullable: 'NO', data_type: 'bigint' });
    await down(database, TABLE);
    expect(await relationExists(database, 'a')).toBe(false);
    expect(await versionsIn(database)).toEqual([]);
  });

  test('outside a transaction is resumed like any other file', async () => {
    const database = await emptyDatabase();
    await refusalOf(up(database, { '001_b.mjs': outside('select 1 / 0 from pg_class') }));
    const mended = { '001_b.mjs': outside('create index concurrently b_id on b (id)') };
    await up(database, mended);
    expect(await relationExists(database, 'b_id')).toBe(true);
    expect(await refusalOf(down(database, mended))).toMatchObject({ code: 'precondition' });
  });

  test('its errors show the generated SQL', async () => {
    const database = await emptyDatabase();
    const error = await refusalOf(
      up(database, { '001_a.js': `export const up = (pgm) => { pgm.addColumns('nowhere', { x: 'int' }); };` }),
    );
    expect(error.message).toBe('001_a.js (up):1:1: relation "nowhere" does not exist');
  });

  test.each([
    ['that throws', 'export function up() { throw new Error("boom"); }', '001_x.js: up() failed: boom'],
    ['without up', 'export const down = () => undefined;', '001_x.js does not export a function up'],
    ['that is no JavaScript', 'export function {', '001_x.js cannot be loaded'],
    [
      'that queries while it is planned',
      'export async function up(pgm) { await pgm.db.query("select 1"); }',
      '001_x.js uses pgm.db, which asks a database while the SQL is being written',
    ],
  ])('%s is refused before anything runs', async (_what, text, message) => {
    const database = await emptyDatabase();
    const error = await refusalOf(up(database, { '000_a.up.sql': 'create table a (id int);', '001_x.js': text }));
    expect(error.code).toBe('usage');
    expect(error.message).toContain(message);
    expect(await relationExists(database, 'a')).toBe(false);
  });
});

function outside(second: string): string {
  return `export function up(pgm) { pgm.noTransaction(); pgm.sql('create table b (id int)'); pgm.sql('${second}'); }\nexport const down = false;`;
}
