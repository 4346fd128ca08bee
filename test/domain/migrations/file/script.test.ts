import { describe, expect, test } from 'vitest';
import { parseScript } from '../../../../src/domain/migrations/file/script.ts';

function parse(text: string) {
  const { script, problems } = parseScript('001_x.up.sql', text);
  const told = problems.map(({ place, message }) => `${place?.line}:${place?.column} ${message}`);
  return { script, told, hints: problems.map(({ hint }) => hint) };
}

describe('directives', () => {
  test('without any: one transaction, server settings of the run', () => {
    expect(parse('select 1').script.directives).toEqual({ transaction: true, allowEmpty: false, lintIgnores: [] });
  });

  test('stand in the leading comments, alone or several on a line', () => {
    const { script, told } = parse(
      '-- Adds an index\n--ordersync: no-transaction\n-- ORDERSYNC: lock-timeout=500ms, statement-timeout=10min\n\nselect 1',
    );
    expect(told).toEqual([]);
    expect(script.directives).toEqual({
      transaction: false,
      allowEmpty: false,
      lockTimeoutMs: 500,
      statementTimeoutMs: 600_000,
      lintIgnores: [],
    });
  });

  test('take a reason for every suppression, for the file or for the statement below', () => {
    const { script, told } = parse(
      '-- ordersync: lint-ignore=drop-table,drop-column reason: unused since 4.1\nselect 1;\n-- ordersync: lint-ignore=truncate reason: a scratch table\ntruncate t;',
    );
    expect(told).toEqual([]);
    expect(script.directives.lintIgnores).toEqual([
      { rule: 'drop-table', reason: 'unused since 4.1', offset: 0, wholeFile: true },
      { rule: 'drop-column', reason: 'unused since 4.1', offset: 0, wholeFile: true },
      { rule: 'truncate', reason: 'a scratch table', offset: 84, wholeFile: false },
    ]);
  });

  test.each([
    ['-- ordersync: no-transation', '1:15 no-transation is not a directive', 'did you mean no-transaction?'],
    [
      '-- odersync: no-transaction',
      '1:4 odersync: no-transaction is not a directive',
      'did you mean "-- ordersync: no-transaction"?',
    ],
    [
      '-- ordersync no-transaction',
      '1:4 ordersync no-transaction is not a directive',
      'did you mean "-- ordersync: no-transaction"?',
    ],
    [
      '-- ordersync: lock-timeout=5',
      '1:15 lock-timeout is not a duration',
      'write it with a unit, as in lock-timeout=5s; units are ms, s, min, h',
    ],
    [
      '-- ordersync: lock-timeout',
      '1:15 lock-timeout is not a duration',
      'write it with a unit, as in lock-timeout=5s; units are ms, s, min, h',
    ],
    [
      '-- ordersync: statement-timeout=999h',
      '1:15 statement-timeout is not a duration',
      'write it with a unit, as in statement-timeout=5s; units are ms, s, min, h',
    ],
    ['-- ordersync: allow-empty=yes', '1:15 allow-empty takes no value', 'write "-- ordersync: allow-empty"'],
    ['-- ordersync: allow-empty allow-empty', '1:27 the directive allow-empty is given twice', 'keep one of them'],
    [
      '-- ordersync:',
      '1:1 an empty directive',
      'known are no-transaction, allow-empty, lock-timeout, statement-timeout, lint-ignore',
    ],
    [
      '-- ordersync: lint-ignore=drop-table',
      '1:15 lint-ignore gives no reason',
      'write "-- ordersync: lint-ignore=<rule> reason: <why it is safe here>"',
    ],
    [
      '-- ordersync: lint-ignore=drop-table reason: ',
      '1:15 lint-ignore gives no reason',
      'write "-- ordersync: lint-ignore=<rule> reason: <why it is safe here>"',
    ],
    [
      '-- ordersync: lint-ignore',
      '1:15 lint-ignore names no rule',
      'write "-- ordersync: lint-ignore=<rule> reason: <why it is safe here>"',
    ],
  ])('%s is an error', (comment, message, hint) => {
    expect(parse(`${comment}\nselect 1`)).toMatchObject({ told: [message], hints: [hint] });
  });

  test('below the first statement are refused: they would be about half a file', () => {
    expect(parse('select 1;\n-- ordersync: no-transaction\nselect 2').told).toEqual([
      '2:15 the directive no-transaction stands after the first statement',
    ]);
  });

  test('are not seen in prose or in literals', () => {
    const text = "-- ordersync seeds this table\n-- note: no-transaction here\nselect '\n-- ordersync: nonsense\n'";
    expect(parse(text).told).toEqual([]);
  });
});

describe('refused without a server', () => {
  test.each([
    ['begin', 'begin'],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'begin'],
    ['start transaction', 'start transaction'],
    ['commit', 'commit'],
    ['COMMIT AND CHAIN', 'commit'],
    ['end', 'end'],
    ['rollback', 'rollback'],
    ['abort', 'abort'],
    ['savepoint a', 'savepoint'],
    ['rollback to a', 'rollback'],
    ['release savepoint a', 'release'],
    ["prepare transaction 'a'", 'prepare transaction'],
    ["commit prepared 'a'", 'commit prepared'],
  ])('transaction control: %s', (statement, command) => {
    const message = `1:11 ${command} in a migration: every file is one transaction, opened and committed by ordersync`;
    expect(parse(`select 1; ${statement};`).told).toEqual([message]);
    expect(parse(`-- ordersync: no-transaction\n${statement};`).told).toHaveLength(1);
  });

  test.each([
    'do $$ begin perform 1; exception when others then raise; end $$',
    'create procedure p() language plpgsql as $$ begin commit; end $$',
    'create function f() returns int begin atomic select 1; end',
    'prepare q as select 1',
    'create table "commit" (a int)',
    "select 'commit; begin'",
    'set transaction isolation level serializable',
  ])('is not what only looks like it: %s', (statement) => {
    expect(parse(statement).told).toEqual([]);
  });

  test.each([
    ['create index concurrently i on t (a)', 'create index concurrently'],
    ['create unique index concurrently i on t (a)', 'create index concurrently'],
    ['drop index concurrently i', 'drop index concurrently'],
    ['reindex table concurrently t', 'reindex concurrently'],
    ['reindex (verbose) index concurrently i', 'reindex concurrently'],
    ['reindex schema public', 'reindex schema'],
    ['vacuum (analyze) t', 'vacuum'],
    ['create database d', 'create database'],
    ['drop database if exists d', 'drop database'],
    ['alter database d set tablespace s', 'alter database set tablespace'],
    ["create tablespace s location '/x'", 'create tablespace'],
    ['alter system set work_mem = 1', 'alter system'],
    ['alter table t detach partition p concurrently', 'detach partition concurrently'],
    ["create subscription s connection '' publication p", 'create subscription'],
    ['cluster', 'cluster of all tables'],
  ])('what cannot run inside a transaction: %s', (statement, command) => {
    expect(parse(statement)).toMatchObject({
      told: [`1:1 ${command} cannot run inside a transaction`],
      hints: ['put "-- ordersync: no-transaction" in its first line'],
    });
    expect(parse(`select 1;${statement}`).hints[0]).toContain('a migration of its own');
    expect(parse(`-- ordersync: no-transaction\n${statement}`).told).toEqual([]);
  });

  test.each([
    'create index i on t (a)',
    'create table concurrently (a int)',
    'alter table t detach partition p',
    'alter table t detach partition p finalize',
    'reindex table t',
    'cluster t using i',
    'alter database d set work_mem = 1',
    "create subscription s connection '' publication p with (create_slot = false)",
    'refresh materialized view concurrently v',
  ])('but not: %s', (statement) => {
    expect(parse(statement).told).toEqual([]);
  });

  test.each([
    ['select 1;\n\\i other.sql\n', '2:1 \\i is a command of psql, not SQL'],
    ["\\copy t from 'it''s'\nselect 'x", '1:1 \\copy is a command of psql, not SQL'],
    ["copy t (a) from stdin;\n1\tit's\n\\.\n", '1:12 copy from stdin: a migration has no standard input'],
    ['copy (select 1) to stdout', '1:17 copy to stdout: nobody reads it in a migration'],
    ['discard all', '1:1 discard all would give up the lock that keeps other runs away'],
    [
      'select 1, pg_advisory_unlock_all()',
      '1:11 pg_advisory_unlock_all() would give up the lock that keeps other runs away',
    ],
    ["select 1;\n  select 'abc", '2:10 a string that has no end'],
    ['select 1 /* x', '1:10 a comment that has no end'],
  ])('%j', (text, message) => {
    expect(parse(text).told).toEqual([message]);
  });

  test.each(['', '\n  \n', '-- only words\n', '/* x */;;'])('an empty file: %j', (text) => {
    expect(parseScript('f', text).problems.map(({ message }) => message)).toEqual(['the file holds no statement']);
    expect(parseScript('f', `-- ordersync: allow-empty\n${text}`).problems).toEqual([]);
  });

  test('and everything wrong in one file is told at once, in order', () => {
    expect(parse('begin;\nvacuum;\ncommit;').told.map((line) => line.slice(0, 3))).toEqual(['1:1', '2:1', '3:1']);
  });

  test('but a file with thousands of them is told in a few lines', () => {
    const { problems } = parseScript('f', 'begin;\ninsert into t values (1);\ncommit;\n'.repeat(20_000));
    expect(problems).toHaveLength(11);
    expect(problems.at(-1)).toEqual({ file: 'f', message: '39990 more statements of the file are refused' });
  });
});
