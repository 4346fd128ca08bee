import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { excerpt, lineColumnOf, offsetOfPosition } from '../../../../src/domain/migrations/file/position.ts';
import { useDatabase } from '../../../support/postgres.ts';

describe('an error position', () => {
  const database = useDatabase();

  test.each([
    ['select 1 from 없는표', '없는표'],
    ["select '😀😀', nothing", 'nothing'],
    ["/* 한국어 */\nselect 1,\n  'x' || 없다", '없다'],
  ])('of the server is found in %s', async (text, wrong) => {
    const position = await positionOf(async () => database.current.sql.unsafe(text));
    const offset = offsetOfPosition(text, position);
    expect(text.slice(offset, offset + wrong.length)).toBe(wrong);
  });

  test('beyond the text is its end', () => {
    expect(offsetOfPosition('ab', 99)).toBe(2);
  });

  test('has a line and a column in characters', () => {
    expect(lineColumnOf('a\n😀b', 4)).toEqual({ line: 2, column: 2 });
    expect(lineColumnOf('a\nb', 1)).toEqual({ line: 1, column: 2 });
    expect(lineColumnOf('', 0)).toEqual({ line: 1, column: 1 });
  });
});

describe('an excerpt', () => {
  test('shows file, line, column and a caret', () => {
    const text = 'begin\nalter table t add x intt;\nend';
    expect(excerpt('001_x.up.sql', text, text.indexOf('intt'))).toEqual([
      '--> 001_x.up.sql:2:21',
      '  |',
      '2 | alter table t add x intt;',
      '  |                     ^',
    ]);
  });

  test.each([
    ['wide letters', "comment on table 주문 is '주문 표' 잘못;", '잘못'],
    ['emoji', "select '😀😀' wrong", 'wrong'],
    ['tabs', '\tselect\t1\twrong', 'wrong'],
    ['combined letters', `select '${'주문'.normalize('NFD')}' wrong`, 'wrong'],
  ])('has the caret under the place on a terminal: %s', (_, text, wrong) => {
    const [, , source = '', caret = ''] = excerpt('f', text, text.indexOf(wrong));
    expect(stringWidth(source.slice(0, source.indexOf(wrong)))).toBe(caret.indexOf('^'));
  });

  test('of a long line shows the part around the place', () => {
    const text = `select ${'한글, '.repeat(100_000)}wrong ${'x, '.repeat(100_000)}`;
    const [place, , source = '', caret = ''] = excerpt('f', text, text.indexOf('wrong'));
    expect(place).toBe(`--> f:1:${7 + 400_000 + 1}`);
    expect(source).toMatch(/^1 \| ….*wrong.*…$/);
    expect(stringWidth(source)).toBeLessThan(220);
    expect(stringWidth(source.slice(0, source.indexOf('wrong')))).toBe(caret.indexOf('^'));
  });

  test('lets no file write control sequences to a terminal', () => {
    const lines = excerpt('f', 'select \u{1b}[2Jx\r\u{202e}y', 9);
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u{202e}]/u);
  });

  test('at the end of the text, or in none, is still one', () => {
    expect(excerpt('f', 'select', 6).at(-1)).toBe('  |       ^');
    expect(excerpt('f', '', 0)).toEqual(['--> f:1:1', '  |', '1 |', '  | ^']);
  });
});

async function positionOf(work: () => Promise<unknown>): Promise<number> {
  try {
    await work();
  } catch (error) {
    return Number((error as { readonly position?: string }).position);
  }
  throw new Error('the server found nothing wrong');
}
