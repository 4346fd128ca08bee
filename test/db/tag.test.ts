import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyOut } from '../../src/db/copy-out.ts';
import { startCopyIn } from '../../src/db/copy.ts';
import { tagged } from '../../src/db/tag.ts';
import {
  identifier,
  runPrepared,
  runText,
  runTextAsWritten,
  simpleText,
  simpleTextAsWritten,
  simpleTexts,
} from '../../src/db/text.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import type { EmbeddedServer } from '../../src/embedded/server.ts';
import { startServer, testServer } from '../support/postgres.ts';
import { useSessions } from './sessions.ts';

const TAG = '\n/* ordersync */';

describe('the tag of a statement', () => {
  it('stands at its end, on a line of its own, once', () => {
    expect(tagged('select 1 -- one')).toBe(`select 1 -- one${TAG}`);
    expect(tagged('select 1', 'monitor/cache')).toBe('select 1\n/* ordersync monitor/cache */');
    expect(tagged(tagged('select 1', 'monitor/cache'))).toBe('select 1\n/* ordersync monitor/cache */');
  });

  it('is not taken for one in a literal', () => {
    const text = "select query from statements where query like '%/* ordersync %'";
    expect(tagged(text)).toBe(`${text}${TAG}`);
  });

  it.each(['begin', 'BEGIN read only', '\n  commit', 'rollback'])('is not given to %j', (text) => {
    expect(tagged(text)).toBe(text);
  });

  it('is given to what only begins alike', () => {
    expect(tagged('beginning')).toBe(`beginning${TAG}`);
  });
});

/** What is kept of a text differs by version. On a server of its own, for the statistics of all are reset. */
describe.each([...new Set([15 as const, testServer().version])])('statements on PostgreSQL %i', (version) => {
  const sessions = useSessions();
  const holder: { server?: EmbeddedServer } = {};
  const url = () => holder.server?.url ?? '';
  beforeAll(async () => {
    holder.server = await startServer({ version });
  });
  afterAll(async () => holder.server?.stop('immediate'));
  beforeEach(async () => {
    const session = await sessions.open(url());
    await session.sql`create extension if not exists pg_stat_statements`;
    await session.sql`create table if not exists dishes (id integer, name text)`;
    await session.sql`select pg_stat_statements_reset()`;
  });

  /** Those about dishes, and of a transaction. */
  async function kept(): Promise<readonly string[]> {
    const session = await sessions.open(url());
    const rows = await session.sql<{ query: string }[]>`
      select query from pg_stat_statements where query ~ 'dishes|^(begin|commit|rollback)' and query !~ 'pg_stat' order by query collate "C"`;
    return rows.map(({ query }) => query.replaceAll(/\$\d/g, '?'));
  }

  it('carry it, whichever way they are sent', async () => {
    const session = await sessions.open(url());
    const { sql } = session;
    await sql`insert into ${identifier(sql, 'dishes')} (id) values (${1})`;
    await sql`select id from dishes`.simple();
    for await (const _ of sql`select name from dishes`.cursor(1)) break;
    await runText(session, 'select id, name from dishes');
    await runPrepared(session, 'select from dishes where id = $1', [1]);
    await simpleText(session, 'analyze dishes -- what is in it');
    const copy = await startCopyIn(session, { table: 'dishes', columns: ['id', 'name'] });
    await copy.write(Buffer.from('2\tbibimbap\n'));
    await copy.finish();
    for await (const _ of copyOut(session, 'copy dishes (id) to stdout', new AbortController().signal));
    expect(await kept()).toEqual(
      [
        'analyze dishes -- what is in it',
        'copy "dishes" ("id", "name") from stdin (format text)',
        'copy dishes (id) to stdout',
        'insert into "dishes" (id) values (?)',
        'select from dishes where id = ?',
        'select id from dishes',
        'select id, name from dishes',
        'select name from dishes',
      ].map((text) => `${text}${TAG}`),
    );
  });

  it('carry it each where several are sent in one message, but for those that everybody sends', async () => {
    const session = await sessions.open(url());
    const answers: unknown = await simpleTexts(session, [
      'select 1 as dishes',
      'select 2 as dishes, 3 as more',
      'rollback',
    ]);
    expect((answers as object[][]).map((rows) => rows[0])).toMatchObject([{ dishes: 1 }, { dishes: 2, more: 3 }]);
    await inTransaction(session, async () => undefined, ['read only', 'select 4 as dishes, 5 as and_more, 6 as most']);
    expect(await kept()).toEqual([
      'begin read only',
      'commit',
      'rollback',
      `select ? as dishes${TAG}`,
      `select ? as dishes, ? as and_more, ? as most${TAG}`,
      `select ? as dishes, ? as more${TAG}`,
    ]);
  });

  it('of others are sent to the letter, and errors in them have the place they had', async () => {
    const session = await sessions.open(url());
    const text = 'select id from dishes /* theirs */';
    await simpleTextAsWritten(session, `${text};\nselect name from dishes`);
    await runTextAsWritten(session, 'select id, name from dishes');
    expect(await kept()).toEqual([text, 'select id, name from dishes', 'select name from dishes']);
    await expect(simpleTextAsWritten(session, 'select no_such from dishes')).rejects.toMatchObject({ position: '8' });
    await expect(simpleTextAsWritten(session, 'select (')).rejects.toMatchObject({ position: '9' });
    await expect(runText(session, 'select no_such from dishes')).rejects.toMatchObject({ position: '8' });
  });

  it('are prepared once for each text', async () => {
    const session = await sessions.open(url());
    const { sql } = session;
    const ask = (id: number) => sql`select name from dishes where id = ${id}`;
    for (let id = 0; id < 3; id += 1) {
      await ask(id);
      await runPrepared(session, 'select id from dishes where name = $1', [String(id)]);
    }
    const prepared =
      await sql`select statement from pg_prepared_statements where statement like '%dishes%' order by prepare_time`;
    expect(prepared.map(({ statement }) => String(statement))).toEqual([
      `select name from dishes where id = $1${TAG}`,
      `select id from dishes where name = $1${TAG}`,
      expect.stringContaining('pg_prepared_statements'),
    ]);
  });
});
