import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { beforeEach, describe, expect, test } from 'vitest';
import { addUser } from '../../schema/rows.ts';
import { nameIn, ownerUrl, usePartitionCommands } from './fixture.ts';
import { cancelWhenStuck } from '../../support/cancelled.ts';

const ROWS = 200_000;

describe('ordersync partition convert', () => {
  const commands = usePartitionCommands();
  const sql = () => commands.database.current.as('owner');

  beforeEach(async () => {
    const owner = sql();
    await owner`drop table if exists access_logs cascade`;
    await owner.unsafe(
      `
      create table access_logs (
        id bigserial primary key, trace_id varchar(32) not null, user_id uuid references users (id), success boolean not null,
        created_at timestamptz default now(), constraint ck_access_logs_trace check (trace_id <> ''));
      create index idx_access_logs_trace on access_logs (trace_id);
      create index idx_access_logs_failed on access_logs (created_at) where not success;
      comment on table access_logs is 'who came';
      create function lower_trace() returns trigger language plpgsql as 'begin new.trace_id := lower(new.trace_id); return new; end';
      create trigger access_logs_lower before insert on access_logs for each row execute function lower_trace();
      create trigger access_logs_kept before truncate on access_logs for each statement execute function audit_logs_guard();
      alter table access_logs enable always trigger access_logs_kept;
      alter table access_logs enable row level security;
      create policy access_logs_own on access_logs for select to application_role using (user_id = app_current_user_id());
      grant select, insert on access_logs to application_admin_role;
      grant select (id, success) on access_logs to application_role;
    `.replace('create function', 'create or replace function'),
    );
  });

  async function fill(rows: number, user: string): Promise<void> {
    await sql()`
      insert into access_logs (trace_id, user_id, success, created_at)
      select md5(n::text), ${user}, n % 9 > 0, now() - n * interval '1 minute' from generate_series(1, ${rows}::integer) n`;
  }

  const facts = async () =>
    sql()`
      select (select relfilenode::text from pg_class where relname = 'access_logs_legacy') as file,
        (select array_agg(indexrelid::regclass::text order by indexrelid::regclass::text) from pg_index where indrelid = 'access_logs'::regclass) as indexes,
        (select count(*)::integer from pg_index where not indisvalid) as invalid,
        (select array_agg(tgname::text order by tgname) from pg_trigger where tgrelid = 'access_logs'::regclass and not tgisinternal) as triggers,
        (select array_agg(polname::text) from pg_policy where polrelid = 'access_logs'::regclass) as policies,
        has_column_privilege('application_role', 'access_logs', 'success', 'select') as granted,
        has_table_privilege('application_admin_role', 'access_logs', 'insert') as admin,
        obj_description('access_logs'::regclass) as comment,
        pg_get_serial_sequence('access_logs', 'id') as sequence`;

  test(`${ROWS} rows stay where they are while inserts go on, and everything that belonged to the table is there`, async () => {
    const user = await addUser(sql());
    await fill(ROWS, user);
    const [before] = await sql()`select relfilenode::text as file from pg_class where relname = 'access_logs'`;
    const dry = await commands.partition('convert access_logs --dry-run');
    expect(dry.stdout).toContain('--   SHARE UPDATE EXCLUSIVE on "public"."access_logs" (nobody waits)');
    expect(dry.stdout).toContain('create unique index concurrently');

    const writer = keepInserting(user);
    const { code, stderr } = await commands.partition('convert access_logs --yes');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('access_logs is partitioned') });
    const inserted = await writer.stop();
    expect(inserted.failed).toEqual([]);
    expect(inserted.rows).toBeGreaterThan(5);

    const [after] = await facts();
    expect(after).toEqual({
      file: before?.['file'],
      indexes: ['access_logs_pkey', 'idx_access_logs_failed', 'idx_access_logs_trace'],
      invalid: 0,
      triggers: ['access_logs_kept', 'access_logs_lower'],
      policies: ['access_logs_own'],
      granted: true,
      admin: true,
      comment: 'who came',
      sequence: 'public.access_logs_id_seq',
    });
    expect(await sql()`select count(*)::integer as rows from access_logs`).toEqual([{ rows: ROWS + inserted.rows }]);
    const [late] = await sql()`
      insert into access_logs (trace_id, success, created_at) values ('LATE', true, now() + interval '90 days')
      returning tableoid::regclass::text as place, trace_id`;
    expect(late).toEqual({ place: 'access_logs_overflow', trace_id: 'late' });
    await sql()`delete from access_logs where trace_id = 'late'`;

    expect((await commands.partition('ensure --table access_logs')).code).toBe(0);
    expect((await commands.partition('check --table access_logs')).code).toBe(0);
    expect(await commands.partition('convert access_logs')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is partitioned already'),
    });
  });

  test('goes on where an earlier run has stopped: with a constraint, an invalid index, or both', async () => {
    await fill(1000, await addUser(sql()));
    const planned = await commands.rows('convert access_logs --dry-run');
    const [constraint] = planned;
    await sql().unsafe(String(constraint?.['sql'])).simple();
    const reader = postgres(commands.database.current.url, { max: 1 });
    const held = await reader.reserve();
    await held`begin`;
    await held`select count(*) from access_logs`;
    await held`insert into access_logs (trace_id, success) values ('held', true)`;
    await cancelWhenStuck(
      ownerUrl(commands.database.current),
      'create unique index concurrently access_logs_convert_key on access_logs (id, created_at)',
      async () => (await sql()`select from pg_class where relname = 'access_logs_convert_key'`).length > 0,
    );
    await held`commit`;
    held.release();
    await reader.end();
    const resumed = await commands.rows('convert access_logs --dry-run');
    expect(resumed).toHaveLength(planned.length - 1);
    expect(resumed.map(({ sql: text }) => String(text)).join()).toContain('drop index concurrently');
    expect((await commands.partition('convert access_logs --yes')).code).toBe(0);
    expect((await facts())[0]).toMatchObject({ invalid: 0, indexes: expect.arrayContaining(['access_logs_pkey']) });
  });

  test('refuses rows beyond the bound, and leaves nothing behind', async () => {
    await sql()`insert into access_logs (trace_id, success, created_at) values ('x', true, 'infinity')`;
    expect(await commands.partition('convert access_logs --yes')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('holds rows whose created_at is not from'),
    });
    expect(await sql()`select conname from pg_constraint where conname like 'ck_convert%'`).toEqual([]);
  });

  test('refuses what it cannot carry over, and names each reason', async () => {
    await sql()`create view recent_access as select id from access_logs`;
    await sql()`create table visits (access_id bigint references access_logs)`;
    await sql()`create table access_logs_overflow (id int)`;
    const { code, stderr } = await commands.partition('convert access_logs --yes');
    expect(code).toBe(4);
    for (const reason of [
      'foreign keys of visits lead to it',
      'view recent_access depends on it',
      'access_logs_overflow exists already',
    ]) {
      expect(stderr).toContain(reason);
    }
    await sql()`drop table visits, access_logs_overflow`;
    expect((await commands.partition('convert users --dry-run')).code).toBe(4);
    expect(await commands.partition('convert audit_logs')).toMatchObject({ code: 0 });
    expect(nameIn('a', '2026-01')).toBe('a_y2026m01');
  });

  /** Inserts row after row until stopped; each on its own, with the timeout that nobody may be kept waiting for longer. */
  function keepInserting(user: string): { stop(): Promise<{ rows: number; failed: string[] }> } {
    const client = postgres(commands.database.current.url, { max: 1, connection: { lock_timeout: 60_000 } });
    const failed: string[] = [];
    let rows = 0;
    const stopping = new AbortController();
    const working = (async () => {
      while (!stopping.signal.aborted) {
        await client`insert into access_logs (trace_id, user_id, success) values ('live', ${user}, true)`.then(
          () => (rows += 1),
          (error: unknown) => failed.push(String(error)),
        );
        await sleep(5);
      }
      await client.end();
    })();
    return {
      stop: async () => {
        stopping.abort();
        await working;
        return { rows, failed };
      },
    };
  }
});
