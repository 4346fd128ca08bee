import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitStatements } from '../../../../src/domain/migrations/file/split.ts';
import { useDatabase } from '../../../support/postgres.ts';

function pieces(text: string): string[] {
  return splitStatements(text).statements.map((statement) => statement.text);
}

describe('one statement stays one', () => {
  test.each([
    ['a semicolon in a string', "select ';'"],
    ['a doubled quote', "select 'it''s; fine'"],
    ['a backslash in a plain string ends nothing', String.raw`select 'C:\', ';'`],
    ['an escape string', String.raw`select E'\';', e'\\;'`],
    ['an escape string that goes on in the next line', "select E'a'\n  'b\\';'"],
    ['an escape string that goes on behind a comment', "select E'a' -- x\n  'b\\';'"],
    ['bit strings and national strings', "select B'1;', x';f', N';', n';'"],
    ['a Unicode string and a Unicode name', String.raw`select U&'\0061;' as U&"d\0061;"`],
    ['a name in quotes', 'select 1 as "a;""b;"'],
    ['a dollar-quoted string', 'select $$;$$'],
    ['a tag inside another', 'select $a$ $b$ ; $b$ ; $a$'],
    ['a tag in Korean', 'select $태그$ ; $$ $태그$'],
    ['a dollar directly before the closing tag', 'select $a$ ;$$a$'],
    ['a dollar inside a name, which quotes nothing', "select a$b$ from t where c$b$ = ';'"],
    ['parameters', 'prepare q(int) as select $1, $1 + $1'],
    ['nested comments', 'select /* ; /* ; */ ; */ 1'],
    ['a comment directly after an operator', 'select 1 +/* ; */ 2 *-- ;\n 3'],
    ['a comment that starts in a comment', 'select /*/* ; */ ; */ 1'],
    ['a line comment ended by a carriage return', "select 1 -- it's\r, ';'"],
    ['a rule with several actions', 'create rule r as on insert to t do also (select 1; select 2)'],
    ['numbers of every form', 'select 1.5e10, .5, 0x1F, 1_000, 5.'],
    ['a non-breaking space, which is part of a name', "select a\u{a0}b, ';'"],
  ])('%s', (_, text) => {
    expect(pieces(`${text};select 2`)).toEqual([text, 'select 2']);
    expect(pieces(text)).toEqual([text]);
  });

  test.each([
    ['begin atomic', 'create function f() returns int begin atomic select 1; select 2; end'],
    ['an empty body', 'create procedure p() begin atomic end'],
    ['or replace', 'create or replace procedure p() language sql begin atomic insert into t values (1); end'],
    ['case inside', 'create function f(a int) returns int begin atomic select case when a > 0 then 1 else 2 end; end'],
    ['case as a label', 'create function f() returns int begin atomic select 1 as case, 2 as end; select 1 end; end'],
    ['a column called end', 'create function f() returns int begin atomic select t.end from t; end'],
    ['a function called begin', "create function begin() returns int language sql as $$ select ';' $$"],
    ['a function called atomic', 'create function atomic() returns int language sql return 1'],
    ['a comment between begin and atomic', 'create function f() returns int begin /* ; */ atomic select 1; end'],
    ['upper case', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END'],
  ])('a routine body: %s', (_, text) => {
    expect(pieces(`${text};select 2;`)).toEqual([text, 'select 2']);
  });

  test.each([
    ['begin; select atomic; end', ['begin', 'select atomic', 'end']],
    ['create table atomic (a int); select 1', ['create table atomic (a int)', 'select 1']],
    ['select pending from append; select 2', ['select pending from append', 'select 2']],
    ['create view v as select begin from t; select 2', ['create view v as select begin from t', 'select 2']],
  ])('words that only look like a body: %s', (text, expected) => {
    expect(pieces(text)).toEqual(expected);
  });
});

describe('what lies between statements', () => {
  test('is left out: space, comments, empty statements', () => {
    expect(pieces('-- head\n;; select 1 /* in */ + 1 -- tail\n ; /* x */ ;')).toEqual(['select 1 /* in */ + 1']);
    expect(pieces('-- only a comment')).toEqual([]);
    expect(pieces('')).toEqual([]);
  });

  test('gives every statement its line and column in characters', () => {
    const { statements } = splitStatements('select 1;\n\n  -- 주석\n  select 2; /* 😀 */ select 3');
    expect(statements.map(({ line, column }) => [line, column])).toEqual([
      [1, 1],
      [4, 3],
      [4, 21],
    ]);
  });

  test('keeps line comments for directives, but none out of a literal', () => {
    const text = "-- a\nselect '-- b' -- c\n;-- d";
    const { lineComments } = splitStatements(text);
    expect(lineComments.map(({ start, end }) => text.slice(start, end))).toEqual(['-- a', '-- c', '-- d']);
  });
});

describe('what has no end is named, where it starts', () => {
  test.each([
    ["select 'abc; select 2", 'string', 7],
    [String.raw`select E'abc\'; select 2`, 'string', 7],
    ['select "abc; select 2', 'quoted name', 7],
    ['select $x$ abc $y$', 'dollar-quoted string', 7],
    ['select 1 /* a /* b */', 'comment', 9],
    ['create function f() returns int begin atomic select 1;', 'begin atomic body', 32],
  ])('%s', (text, what, start) => {
    expect(splitStatements(text).unterminated).toEqual({ what, start });
  });
});

describe('standard_conforming_strings', () => {
  test.each(['set standard_conforming_strings = off', "set session standard_conforming_strings to 'off'"])(
    '%s',
    (off) => {
      const on = 'reset standard_conforming_strings';
      const escaped = String.raw`select 'it\'s; off'`;
      const plain = String.raw`select 'on\'`;
      expect(pieces([plain, off, escaped, on, plain, 'select 3'].join(';'))).toEqual([
        plain,
        off,
        escaped,
        on,
        plain,
        'select 3',
      ]);
    },
  );

  test('stays on where it is only named', () => {
    const plain = String.raw`select 'on\'`;
    const named = "select 'set standard_conforming_strings = off'";
    expect(pieces(`${named};${plain};select 1`)).toEqual([named, plain, 'select 1']);
  });
});

describe('any text', () => {
  const database = useDatabase();

  test('is the concatenation of its statements and what lies between, whatever stands in them', () => {
    fc.assert(
      fc.property(fc.array(statementAndGap), (parts) => {
        const text = parts.map(({ statement, gap }) => `${statement};${gap}`).join('');
        expect(pieces(text)).toEqual(parts.map(({ statement }) => statement));
      }),
    );
  });

  test('splits into statements that are each one statement, in order, without overlap', () => {
    fc.assert(
      fc.property(fc.string({ unit: confusing, maxLength: 60 }), (text) => {
        const { statements } = splitStatements(text);
        let from = 0;
        for (const { start, end, text: statement } of statements) {
          expect(start).toBeGreaterThanOrEqual(from);
          expect(text.slice(start, end)).toBe(statement);
          expect(pieces(statement)).toEqual([statement]);
          from = end;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('gives the server as many results as it has statements', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(statementAndGap, { minLength: 2, maxLength: 6 }), async (parts) => {
        const text = parts.map(({ statement, gap }) => `${statement};${gap}`).join('');
        const whole: unknown[] = await database.current.sql.unsafe(text).simple();
        const singly = [];
        for (const statement of pieces(text)) singly.push(await database.current.sql.unsafe(statement).values());
        expect(singly).toEqual(whole.map((rows) => (rows as object[]).map((row) => Object.values(row))));
      }),
      { numRuns: 60 },
    );
  });
});

/** Pieces of text that together open, close and hide everything the lexer knows. */
const confusing = fc.constantFrom(
  ...`'|"|$$|$a$|$|;|(|)|/*|*/|--|\n|\\|E|U&|x| |주|😀|1|.|create function | begin atomic | end |case `.split('|'),
);

const inner = fc.string({
  unit: fc.constantFrom(';', "''", 'a', ' ', '--', '/*', '*/', '$$', '주문', '😀', '\n'),
  maxLength: 8,
});

/** A value that the server can read, as one token; no name appears twice. */
const value = fc.oneof(
  inner.map((text) => `'${text}'`),
  inner.map((text) => String.raw`E'\'${text}\\'`),
  inner.map((text) => `$q$${text} $q$`),
  inner.map((text) => `$태그$${text} $태그$`),
  inner.map((text) => `U&'${text}'`),
  fc.constantFrom("b'1'", "x'1F'", '1.5', '.5', '(1)', '(select 1)', 'case when true then 1 end', "N'n;'"),
);
const comment = fc.oneof(
  fc.constantFrom(' ', '\n', '\t', '/* ; */', '/* /* \' */ " */', '/*$$*/'),
  inner.map((text) => `--${text.replaceAll('\n', ' ')}\n`),
);
const statement = fc
  .array(fc.tuple(comment, value, comment), { minLength: 1, maxLength: 4 })
  .map(
    (values) =>
      `select ${values.map(([before, text, after], index) => `${before}${text}${after} as "v;${index}"`).join(',')}`,
  );
const statementAndGap = fc.record({
  statement,
  gap: fc.array(fc.oneof(comment, fc.constant(';'))).map((parts) => parts.join('')),
});
