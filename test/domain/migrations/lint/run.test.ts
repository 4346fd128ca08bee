import { describe, expect, test } from 'vitest';
import { checksumOf } from '../../../../src/domain/migrations/file/checksum.ts';
import type { Migration } from '../../../../src/domain/migrations/file/migration.ts';
import { parseScript } from '../../../../src/domain/migrations/file/script.ts';
import { emptySchema } from '../../../../src/domain/migrations/lint/known-schema.ts';
import { lintMigrations, lintScript } from '../../../../src/domain/migrations/lint/run.ts';

function migration(version: string, up: string, down?: string): Migration {
  return {
    kind: 'sql',
    version,
    description: 'x',
    upFile: `/m/${version}_x.up.sql`,
    checksum: checksumOf(up, down),
    up: parseScript(`${version}_x.up.sql`, up).script,
    ...(down === undefined ? {} : { down: parseScript(`${version}_x.down.sql`, down).script }),
  };
}

function lint(text: string, direction: 'up' | 'down' = 'up') {
  return lintScript(parseScript('001_x.up.sql', text).script, { direction, known: emptySchema() });
}

describe('a finding', () => {
  test('tells rule, severity, place, reason and the safe form', () => {
    expect(lint('select 1;\n\n  /* 주문 */ create index orders_at on orders (created_at);')).toEqual([
      {
        rule: 'create-index-without-concurrently',
        severity: 'high',
        file: '001_x.up.sql',
        line: 3,
        column: 12,
        offset: 22,
        message: 'the index on orders is built without concurrently',
        why: 'building an index holds SHARE on the table: every insert, update and delete waits until it is built',
        fix: '-- ordersync: no-transaction\ncreate index concurrently orders_at on orders (created_at);',
      },
    ]);
  });

  test('stands at the action, not at the start of a long statement', () => {
    const [finding] = lint('alter table orders\n  add column a int,\n  drop column b;');
    expect(finding).toMatchObject({ rule: 'drop-column', line: 3, column: 3 });
  });

  test('comes in the order of the text', () => {
    const found = lint('truncate a;\ndrop table b;\nlock table c;').map(({ line, rule }) => [line, rule]);
    expect(found).toEqual([
      [1, 'truncate'],
      [2, 'drop-table'],
      [3, 'lock-table'],
    ]);
  });

  test('weighs less where the files cannot tell', () => {
    expect(lint('alter table orders alter column note type varchar(100)')[0]?.severity).toBe('medium');
    expect(lint('alter table orders alter column note type bigint')[0]?.severity).toBe('high');
  });

  test('is never made of comments, strings or bodies', () => {
    const text = `-- drop table orders
      comment on table orders is 'drop table orders; create index on orders (a)';
      do $$ begin execute 'truncate orders'; end $$;
      create function f() returns void language sql as $$ delete from orders $$;`;
    expect(lint(text)).toEqual([]);
  });
});

describe('a suppression', () => {
  test('in the head holds for the file', () => {
    expect(lint('-- ordersync: lint-ignore=truncate reason: scratch tables\ntruncate a;\ntruncate b;')).toEqual([]);
  });

  test('further down holds for one statement and one rule', () => {
    const text = 'truncate a;\n-- ordersync: lint-ignore=truncate reason: scratch\ntruncate b;\ntruncate c cascade;\n';
    expect(lint(text).map(({ line, rule }) => [line, rule])).toEqual([
      [1, 'truncate'],
      [4, 'truncate'],
      [4, 'drop-cascade'],
    ]);
    const inside = 'truncate a;\ntruncate -- ordersync: lint-ignore=truncate reason: scratch\n  b;';
    expect(lint(inside).map(({ line }) => line)).toEqual([1]);
  });

  test('of a rule that does not exist is a finding, with what was meant', () => {
    expect(lint('-- ordersync: lint-ignore=drop-tabel reason: unused\ndrop table a')).toMatchObject([
      { rule: 'unknown-rule', line: 1, fix: '-- ordersync: lint-ignore=drop-table reason: unused' },
      { rule: 'drop-table', line: 2 },
    ]);
  });
});

describe('migrations together', () => {
  test('may do anything with a table that an earlier pending one creates', () => {
    const pending = [
      migration('1', 'create table orders (id bigint, note varchar(10))'),
      migration('2', 'create index on orders (note); alter table orders alter note type bigint; truncate orders'),
    ];
    expect(lintMigrations({ applied: [], pending })).toEqual([]);
    const later = lintMigrations({ applied: pending.slice(0, 1), pending: pending.slice(1) });
    expect(later.map(({ rule, file }) => `${file} ${rule}`)).toEqual([
      '2_x.up.sql create-index-without-concurrently',
      '2_x.up.sql alter-column-type',
      '2_x.up.sql truncate',
    ]);
  });

  test('know the columns and proofs of applied ones', () => {
    const applied = [
      migration('1', 'create table orders (note varchar(10))'),
      migration('2', 'alter table orders add constraint c check (note is not null) not valid'),
      migration('3', 'alter table orders validate constraint c'),
    ];
    const pending = [migration('4', 'alter table orders alter note type varchar(20), alter note set not null')];
    expect(lintMigrations({ applied, pending })).toEqual([]);
  });

  test('a down file may take away what its up file made, but not with cascade', () => {
    const applied = [migration('1', 'create table orders (a int)')];
    const down = 'alter table orders drop column b;\ndrop table lines;\ndrop table extra cascade;';
    const pending = [migration('2', 'alter table orders add column b int; create table lines (a int)', down)];
    expect(lintMigrations({ applied, pending }).map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual([
      '2_x.down.sql:3 drop-cascade',
    ]);
  });

  test('pass over builder migrations, whose SQL is not known before they run', () => {
    const builder: Migration = { kind: 'builder', version: '1', description: 'x', upFile: '/m/1_x.ts', checksum: '' };
    expect(lintMigrations({ applied: [builder], pending: [builder] })).toEqual([]);
  });
});

test('a file may have as many findings as statements', () => {
  const found = lint("update orders set note = 'a;b';\n".repeat(20_000));
  expect(found).toHaveLength(20_000);
  expect(found.at(-1)).toMatchObject({ line: 20_000, column: 1 });
});
