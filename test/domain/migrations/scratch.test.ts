import { describe, expect, test } from 'vitest';
import { SCRATCH_MARK } from '../../../src/domain/migrations/scratch-queries.ts';
import { withScratchDatabase } from '../../../src/domain/migrations/scratch.ts';
import type { ScratchContext } from '../../../src/domain/migrations/scratch.ts';
import { driven, testContext } from '../../support/context.ts';
import { asSuperuser, testServer, useDatabase, useServer } from '../../support/postgres.ts';
import { createRole } from '../../support/roles.ts';

const database = useDatabase();

/** Runs `look` in a scratch database; events included. */
function inScratch<Result>(ctx: ScratchContext, look: (scratch: ScratchContext) => Promise<Result>) {
  return driven(
    // oxlint-disable-next-line require-yield -- a Work that has nothing to tell
    withScratchDatabase(ctx, async function* (scratch) {
      return look(scratch);
    }),
  );
}

async function exists(name: string): Promise<boolean> {
  return (await asSuperuser((sql) => sql`select from pg_database where datname = ${name}`)).length > 0;
}

async function nameOf(scratch: ScratchContext): Promise<string> {
  return (await scratch.db.session()).server.database;
}

describe('withScratchDatabase', () => {
  test('gives an empty database with the encoding, locale and settings of the configured one, marked as droppable', async () => {
    const { name } = database.current;
    await asSuperuser(async (sql) => {
      await sql`alter database ${sql(name)} set search_path = app, "Öffentlich", public`;
      await sql`alter database ${sql(name)} set "ordersync.colour" = 'dark red'`;
      await sql`alter database ${sql(name)} set statement_timeout = '90s'`;
    });
    const ctx = testContext(database.current.url);
    const { result } = await inScratch(ctx, async (scratch) => {
      const { sql } = await scratch.db.session();
      const [row] = await sql`
        select current_database() as name,
               (select count(*) from pg_class where relnamespace = 'public'::regnamespace) as tables,
               shobj_description(oid, 'pg_database') as comment,
               to_jsonb(d) - 'oid' - 'datname' - 'datfrozenxid' - 'datminmxid' - 'datdba' - 'dathasloginevt' as facts,
               current_setting('search_path') as path,
               current_setting('ordersync.colour') as colour,
               current_setting('statement_timeout') as timeout
          from pg_database as d where datname = current_database()`;
      return row;
    });
    const [source] = await asSuperuser(
      (sql) => sql`
        select to_jsonb(d) - 'oid' - 'datname' - 'datfrozenxid' - 'datminmxid' - 'datdba' - 'dathasloginevt' as facts
          from pg_database as d where datname = ${name}`,
    );
    expect(result?.['facts']).toEqual(source?.['facts']);
    expect(result).toMatchObject({
      tables: '0',
      path: 'app, "Öffentlich", public',
      colour: 'dark red',
      timeout: '90s',
    });
    expect(result?.['comment']).toContain(SCRATCH_MARK);
    expect(await exists(String(result?.['name']))).toBe(false);
  });

  test('drops the database when the work throws, and the error stays what it was', async () => {
    const ctx = testContext(database.current.url);
    let name = '';
    const failing = inScratch(ctx, async (scratch) => {
      name = await nameOf(scratch);
      await scratch.db.open({ purpose: 'second' });
      throw new RangeError('planted');
    });
    await expect(failing).rejects.toThrow(new RangeError('planted'));
    expect(await exists(name)).toBe(false);
  });

  test('drops the database when nobody waits for the end, also with foreign connections to it', async () => {
    const ctx = testContext(database.current.url);
    let name = '';
    const work = withScratchDatabase(ctx, async function* (scratch) {
      name = await nameOf(scratch);
      await ctx.db.open({ database: name });
      yield { kind: 'note', message: 'half way' } as const;
      throw new RangeError('not reached');
    });
    expect((await work.next()).value).toMatchObject({ message: 'half way' });
    await work.return(undefined as never);
    expect(await exists(name)).toBe(false);
  });

  test('a role without CREATEDB is told so, and what to do', async () => {
    const role = await createRole();
    try {
      const ctx = testContext(database.current.urlFor(role));
      await expect(inScratch(ctx, nameOf)).rejects.toMatchObject({
        code: 'permission',
        message: expect.stringContaining(role.user),
        details: { hint: expect.stringContaining(`alter role ${role.user} createdb`) },
      });
    } finally {
      await role.drop();
    }
  });

  test('roles that the work creates stay and are told', async () => {
    const role = `test_scratch_${String(testServer().port)}_made`;
    const ctx = testContext(database.current.url);
    try {
      const { events } = await inScratch(ctx, async (scratch) => {
        const { sql } = await scratch.db.session();
        await sql`create role ${sql(role)}`;
      });
      expect(events).toContainEqual({ kind: 'note', message: expect.stringContaining(role) });
      expect(await asSuperuser((sql) => sql`select from pg_roles where rolname = ${role}`)).toHaveLength(1);
    } finally {
      await asSuperuser((sql) => sql`drop role if exists ${sql(role)}`);
    }
  });

  describe('with databases that earlier runs left', () => {
    const OLD = 'ordersync_scratch_0000000000aa';
    const YOUNG = 'ordersync_scratch_0000000000bb';
    const FOREIGN = 'ordersync_scratch_0000000000cc';
    // Whatever scratch work comes next on a server removes them, that of other files too.
    useServer();
    const alone = useDatabase();

    test('one that is marked and older than a day is removed, and no other', async () => {
      await asSuperuser(async (sql) => {
        for (const name of [OLD, YOUNG, FOREIGN]) await sql`create database ${sql(name)} template template0`;
        await sql.unsafe(`comment on database ${OLD} is '${SCRATCH_MARK}2020-01-01T00:00:00Z'`);
        await sql.unsafe(`comment on database ${YOUNG} is '${SCRATCH_MARK}${new Date().toISOString()}'`);
      });
      const { events } = await inScratch(testContext(alone.current.url), nameOf);
      expect(events.filter(({ kind }) => kind === 'note')).toEqual([
        { kind: 'note', message: expect.stringContaining(OLD) },
      ]);
      expect(await Promise.all([OLD, YOUNG, FOREIGN].map(exists))).toEqual([false, true, true]);
    });
  });
});
