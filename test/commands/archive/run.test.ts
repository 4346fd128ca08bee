import { beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { createShadow, shadowRows, TABLES } from '../../chaos/archive/shadow.ts';
import { addAuditLog } from '../../schema/rows.ts';
import { run } from '../../support/io.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { useArchiveCommands } from './fixture.ts';

const OLD = [monthsAgo(9), monthsAgo(8), monthsAgo(7)];

describe('ordersync archive run', () => {
  const commands = useArchiveCommands();
  const superuser = () => commands.database.current.sql;
  const check = async (finished = true) =>
    checkArchive(superuser(), directoryReader(commands.store.path), { finished });

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: OLD, rows: 40 });
    await createShadow(superuser());
  });

  test('--dry-run tells every statement and what it locks, and changes nothing', async () => {
    const { code, stdout, stderr } = await commands.archive('run --older-than 5 months --dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('detach partition "public"."audit_logs_');
    expect(stdout).toContain('ACCESS EXCLUSIVE on orders_');
    expect(stdout).toContain('delete from "public"."order_items" as source where source."order_id" >= ');
    expect(stderr).toContain('16 months to archive');
    expect(await commands.sql()`select from archive_journal`).toHaveLength(0);
    expect(await directoryReader(commands.store.path).list()).toEqual([]);
  });

  test('--keep exports and proves, and leaves every row where it is', async () => {
    const before = await commands.sql()`select count(*) from notification_logs`;
    const rows = await commands.rows('run --older-than 5 months --table notification_logs --keep');
    expect(rows.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified', 'verified']);
    expect(await commands.sql()`select count(*) from notification_logs`).toEqual(before);
    expect((await check(false)).violations).toEqual([]);
  });

  test('exports, proves and drops every old month with all that depends on it, empty ones too', async () => {
    const rows = await commands.rows('run --older-than 5 months');
    expect(rows).toHaveLength(16);
    expect(rows.every(({ state }) => state === 'dropped')).toBe(true);
    expect(rows.find(({ table, month }) => table === 'orders' && month === OLD[0])).toMatchObject({
      rows: 10,
      dependant_rows: 40,
    });
    expect(rows.filter(({ rows: count }) => count === 0)).toHaveLength(3);
    const { violations, archived } = await check();
    expect(violations).toEqual([]);
    expect(archived).toBeGreaterThan(450);
    const left = await commands.sql()`
      select (select count(*)::integer from orders) as orders, (select count(*)::integer from order_items) as items,
        (select count(*)::integer from payments) as payments, (select count(*)::integer from payment_order_keys) as keys`;
    expect(left).toEqual([{ orders: 0, items: 0, payments: 0, keys: 0 }]);
  });

  test('moves the bound of the underflow, so that late rows have a place; nothing is left to do', async () => {
    expect(await commands.archive('run --older-than 5 months')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing to archive'),
    });
    const id = await addAuditLog(commands.sql(), { created_at: `${OLD[1]}-10T00:00:00Z` });
    expect(await commands.sql()`select tableoid::regclass::text as place from audit_logs where id = ${id}`).toEqual([
      { place: 'audit_logs_underflow' },
    ]);
  });

  test('a late row of a month that has left becomes a supplement, and leaves through the guard', async () => {
    await shadowRows(superuser(), 'audit_logs', `created_at < now() - interval '6 months'`);
    const rows = await commands.rows('run --older-than 5 months');
    expect(rows).toMatchObject([
      { table: 'audit_logs', month: OLD[1], kind: 'supplement 1', state: 'dropped', rows: 1 },
    ]);
    expect((await check()).violations).toEqual([]);
  });

  test('Ctrl-C ends it at a safe point, and the next run goes on', async () => {
    const month = monthsAgo(12);
    await fillMonths(commands.sql(), { months: [month], rows: 40 });
    for (const table of TABLES) await shadowRows(superuser(), table);
    const program: { interrupt?: (signal: 'SIGINT') => void } = {};
    const { code } = await run(['archive', 'run', '--older-than', '5 months', '--lock-timeout', '5s', '--yes'], {
      env: commands.env(),
      onListen: (deliver) => {
        program.interrupt = deliver;
      },
      onStderr: (text) => {
        if (text.includes('reading back')) program.interrupt?.('SIGINT');
      },
    });
    expect(code).toBe(130);
    expect((await check(false)).violations).toEqual([]);
    expect(await commands.archive('run --older-than 5 months')).toMatchObject({ code: 0 });
    expect((await check()).violations).toEqual([]);
  });

  test('list and head tell of it, and the head is the end of the chain in the store', async () => {
    const rows = await commands.rows('list --table audit_logs');
    expect(rows.filter(({ kind }) => kind === 'supplement 1')).toHaveLength(1);
    expect(rows.find(({ month }) => month === OLD[0])).toMatchObject({
      state: 'dropped',
      rows: 40,
      keys: ['AAAAAAAA', 'BBBBBBBB'],
    });
    const [head] = await commands.rows('head');
    const bytes = await directoryReader(commands.store.path).read('head.json');
    expect(JSON.parse(bytes.toString())).toMatchObject({ sequence: head?.['sequence'], digest: head?.['digest'] });
  });
});
