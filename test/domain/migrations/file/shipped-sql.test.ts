import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { findPlatformPackage } from '../../../../src/embedded/platform-package.ts';
import { splitStatements } from '../../../../src/domain/migrations/file/split.ts';
import { testServer, useDatabase } from '../../../support/postgres.ts';

/**
 * The oracle: every SQL file that PostgreSQL itself ships for the version under test, cut into statements, and the server
 * of that version as the judge. Nothing is executed: a statement is only parsed, and a whole file goes behind a statement
 * that fails, because the server parses all of a message before it runs the first part.
 */
describe('the SQL files that PostgreSQL ships', () => {
  const database = useDatabase();
  const files = shippedFiles();

  test('are there: extensions and the scripts of initdb', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['information_schema.sql', 'pgcrypto--1.3.sql']),
    );
  });

  test('are judged by a server that notices a wrong cut', async () => {
    const { sql } = database.current;
    expect(await rejection(sql, 'select 1; select 2')).toContain('multiple commands');
    expect(await rejection(sql, 'create function f() returns int begin atomic select 1')).toContain('syntax error');
    expect(await rejection(sql, 'select * from no_such_table')).toBeUndefined();
    expect(await syntaxError(sql, 'select 1; selec 2')).toContain('syntax error');
  });

  test('are cut so that the server takes every piece as exactly one statement', async () => {
    const rejected: string[] = [];
    let count = 0;
    for (const file of files) {
      const { statements, unterminated, backslashes } = splitStatements(file.text);
      expect({ file: file.name, unterminated, backslashes }).toEqual({
        file: file.name,
        unterminated: undefined,
        backslashes: [],
      });
      const whole = await syntaxError(database.current.sql, file.text);
      count += statements.length;
      for (const statement of statements) {
        const verdict = await rejection(database.current.sql, statement.text);
        const isOne = verdict === undefined || (verdict.includes('syntax error') && whole !== undefined);
        if (!isOne) rejected.push(`${file.name}:${statement.line}:${statement.column}: ${verdict}`);
      }
    }
    expect(rejected).toEqual([]);
    // A splitter that finds nothing would pass as well.
    expect(count).toBeGreaterThan(3500);
  });

  test('have all their text in the statements: only semicolons, space and comments lie between', () => {
    for (const { name, text } of files) {
      let rest = '';
      let from = 0;
      for (const { start, end, text: statement } of splitStatements(text).statements) {
        expect(text.slice(start, end)).toBe(statement);
        rest += text.slice(from, start);
        from = end;
      }
      rest += text.slice(from);
      expect({ name, rest: rest.replaceAll(/--.*|\/\*[^]*?\*\/|[;\s]/g, '') }).toEqual({ name, rest: '' });
    }
  });
});

interface ShippedFile {
  readonly name: string;
  readonly text: string;
}

function shippedFiles(): readonly ShippedFile[] {
  const folder = join(findPlatformPackage(testServer().version).native, 'share', 'postgresql');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sql'))
    .map((path) => ({ name: basename(path), text: asTheServerReads(readFileSync(join(folder, path), 'utf8')) }));
}

/** What CREATE EXTENSION and initdb do to the text before it is SQL (execute_extension_script, bootstrap). */
function asTheServerReads(text: string): string {
  return text
    .replaceAll(/^\\echo.*$/gm, '')
    .replaceAll('MODULE_PATHNAME', '$libdir/module')
    .replaceAll(/@extschema(?::\w+)?@/g, 'public')
    .replaceAll('@extowner@', 'postgres');
}

/** Why the server does not take the text as one statement; undefined when it does. Missing objects do not matter. */
async function rejection(sql: postgres.Sql, statement: string): Promise<string | undefined> {
  const message = await messageOf('42601', async () => sql.unsafe(statement).describe());
  // Some complaints of later stages share the code: the bare parser decides.
  if (message === undefined || message.includes('multiple commands')) return message;
  return syntaxError(sql, statement);
}

/** The parser's complaint about a whole text of any number of statements. */
async function syntaxError(sql: postgres.Sql, text: string): Promise<string | undefined> {
  return messageOf('42601', async () => sql.unsafe(`select 1 / 0; ${text}`).simple());
}

async function messageOf(code: string, work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
  } catch (error) {
    const refused = error as { readonly code?: string; readonly message: string };
    return refused.code === code ? refused.message : undefined;
  }
  return undefined;
}
