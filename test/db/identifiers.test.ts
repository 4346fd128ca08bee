import { describe, expect, it } from 'vitest';
import { parseQualifiedName, quoteIdentifier, quoteLiteral, quoteQualified } from '../../src/db/identifiers.ts';
import { runText } from '../../src/db/text.ts';
import { useDatabase } from '../support/postgres.ts';
import { useSessions } from './sessions.ts';

const database = useDatabase();
const sessions = useSessions();

describe('names', () => {
  it.each([
    ['orders', { schema: undefined, name: 'orders' }],
    ['Public.Orders', { schema: 'public', name: 'orders' }],
    ['"a.b"."c""d"', { schema: 'a.b', name: 'c"d' }],
    ['주문.항목', { schema: '주문', name: '항목' }],
    ['Ä_b1$', { schema: undefined, name: 'Ä_b1$' }],
  ])('%s is read as the server does', (text, expected) => {
    expect(parseQualifiedName(text)).toEqual(expected);
  });

  it.each([' public . "My ""Table".', 'a.b.c', '1a', '', 'a b', '""', "a'; drop table b"])('%s is refused', (text) => {
    expect(() => parseQualifiedName(text)).toThrow('is not the name of a table');
  });

  it('are quoted so that the server reads them back', async () => {
    const session = await sessions.open(database.current.url);
    for (const name of ['plain', 'Mixed', 'with "quotes"', 'a.b', '주문', 'select', "it's"]) {
      const [row] = await runText(session, `select 1 as ${quoteIdentifier(name)}`);
      expect(Object.keys(row ?? {})).toEqual([name]);
    }
    expect(quoteQualified({ schema: 'a', name: 'b"c' })).toBe('"a"."b""c"');
    expect(quoteQualified({ schema: undefined, name: 'b' })).toBe('"b"');
    expect(() => quoteIdentifier('')).toThrow('cannot be empty');
    expect(() => quoteIdentifier('a\0b')).toThrow('zero byte');
  });

  it('and literals too, with either setting of standard_conforming_strings', async () => {
    const session = await sessions.open(database.current.url);
    for (const setting of ['on', 'off']) {
      await session.sql`select set_config('standard_conforming_strings', ${setting}, false), set_config('escape_string_warning', 'off', false)`;
      for (const text of ['plain', "it's", 'back\\slash', "\\'; drop", '한글']) {
        const [row] = await runText<{ text: string }>(session, `select ${quoteLiteral(text)} as text`);
        expect(row?.text).toBe(text);
      }
    }
  });
});
