import { describe, expect, test } from 'vitest';
import { compareVersions, descriptionOf, parseMigrationName } from '../../../../src/domain/migrations/file/name.ts';

describe('a migration name', () => {
  test.each([
    ['001_create_users.up.sql', 'up', '001', 'create_users'],
    ['001_create_users.down.sql', 'down', '001', 'create_users'],
    ['1.0.0_initial.up.sql', 'up', '1.0.0', 'initial'],
    ['20250901123000_주문_생성.up.sql', 'up', '20250901123000', '주문_생성'],
    ['007_backfill.ts', 'builder', '007', 'backfill'],
    ['007_backfill.mjs', 'builder', '007', 'backfill'],
  ])('%s', (name, kind, version, slug) => {
    expect(parseMigrationName(name)).toEqual({ kind, version, slug });
  });

  test('is the same however the file system composes Hangul', () => {
    const decomposed = '001_주문.up.sql'.normalize('NFD');
    expect(decomposed).not.toBe('001_주문.up.sql');
    expect(parseMigrationName(decomposed)).toEqual({ kind: 'up', version: '001', slug: '주문' });
  });

  test.each([
    'README.md',
    '.gitkeep',
    '._001_x.up.sql',
    'shared.ts',
    '001_x.up.sql~',
    '001_x.d.ts',
    '001_x.js.map',
    'LICENSE',
  ])('is not seen in %s', (name) => {
    expect(parseMigrationName(name)).toEqual({ kind: 'other' });
  });

  test.each([
    ['001_users.upp.sql', 'did you mean 001_users.up.sql?'],
    ['001_users.UP.SQL', 'did you mean 001_users.up.sql?'],
    ['001_users.Up.sql', 'did you mean 001_users.up.sql?'],
    ['001_users.dwon.sql', 'did you mean 001_users.down.sql?'],
    ['001-users.up.sql', 'did you mean 001_users.up.sql?'],
    ['001 users and orders.up.sql', 'did you mean 001_users_and_orders.up.sql?'],
    ['001_users.up.sql.txt', 'did you mean 001_users.up.sql?'],
    ['001_users.cjs', 'did you mean 001_users.js?'],
    ['001_users.sql', 'name it NNN_snake_name.up.sql or NNN_snake_name.down.sql, or move it out of the folder'],
    ['users.up.sql', 'name it NNN_snake_name.up.sql or NNN_snake_name.down.sql, or move it out of the folder'],
    ['dump.sql', 'name it NNN_snake_name.up.sql or NNN_snake_name.down.sql, or move it out of the folder'],
  ])('that is misspelt, %s, is refused with what was meant', (name, hint) => {
    expect(parseMigrationName(name)).toMatchObject({ kind: 'wrong', hint, message: expect.stringContaining(name) });
  });

  test('has a version that fits the ledger', () => {
    expect(parseMigrationName(`${'1'.repeat(20)}_x.up.sql`)).toMatchObject({ kind: 'up' });
    expect(parseMigrationName(`${'1'.repeat(21)}_x.up.sql`)).toMatchObject({
      kind: 'wrong',
      message: expect.stringContaining('21 characters'),
    });
  });

  test('becomes a description with spaces', () => {
    expect(descriptionOf('create_users_and_orders')).toBe('create users and orders');
  });
});

describe('versions', () => {
  test('are compared as numbers, part by part', () => {
    const versions = ['10', '2', '1.10', '1.9', '001', '20250901123000', '1.9.1'];
    expect(versions.toSorted(compareVersions)).toEqual(['001', '1.9', '1.9.1', '1.10', '2', '10', '20250901123000']);
  });

  test.each([
    ['001', '1'],
    ['1.0.0', '1'],
    ['1.02', '1.2'],
    ['99999999999999999999', '099999999999999999999'],
  ])('%s equals %s', (left, right) => {
    expect(compareVersions(left, right)).toBe(0);
    expect(compareVersions(right, left)).toBe(0);
  });

  test('beyond the exact integers stay apart', () => {
    expect(compareVersions('99999999999999999998', '99999999999999999999')).toBeLessThan(0);
  });
});
