import postgres from 'postgres';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { createShadow, shadowRows } from '../../chaos/archive/shadow.ts';
import { addAuditLog, addNotification } from '../../schema/rows.ts';
import { run } from '../../support/io.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import type { Running } from '../../support/program.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { useArchiveCommands } from './fixture.ts';

const [FIRST, SECOND, THIRD] = [monthsAgo(9), monthsAgo(8), monthsAgo(7)] as const;

useBuild();

describe('months that leave', () => {
  const commands = useArchiveCommands();
  const superuser = () => commands.database.current.sql;
  const check = async () =>
    (await checkArchive(superuser(), directoryReader(commands.store.path), { finished: true })).violations;

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: [FIRST, SECOND, THIRD], rows: 30 });
    await createShadow(superuser());
  });

  const placeOf = async (table: string, id: string) => {
    const [row] = await superuser()`
      select tableoid::regclass::text as place from ${superuser()(table)} where id = ${id}`;
    return row?.['place'];
  };
  const monthsOf = async (table: string): Promise<readonly unknown[]> => {
    const rows = await superuser()`
      select inhrelid::regclass::text as name from pg_inherits where inhparent = ${table}::regclass
      and inhrelid::regclass::text ~ '_y\\d{4}m\\d\\d$' order by 1`;
    return rows.map(({ name }) => name as unknown);
  };

  test('from among others: an empty one stands in its place, and goes once it is the oldest', async () => {
    const name = `notification_logs_y${SECOND.replace('-', 'm')}`;
    expect(await commands.archive(`run --month ${SECOND} --table notification_logs`)).toMatchObject({ code: 0 });
    expect(await monthsOf('notification_logs')).toContain(name);
    const late = await addNotification(commands.sql(), { created_at: `${SECOND}-20T10:00:00.000007Z` });
    expect(await placeOf('notification_logs', late)).toBe(name);
    await shadowRows(superuser(), 'notification_logs', `id = '${late}'`);
    const rows = await commands.rows('run --table notification_logs --older-than 6 months');
    expect(rows.map(({ month, kind, state }) => [month, kind, state])).toEqual([
      [FIRST, 'month', 'dropped'],
      [SECOND, 'supplement 1', 'dropped'],
      [SECOND, 'cover', 'covered'],
      [THIRD, 'month', 'dropped'],
    ]);
    expect(await monthsOf('notification_logs')).not.toContain(name);
    expect(await commands.archive('run --table notification_logs')).toMatchObject({ code: 0 });
    const after = await addNotification(commands.sql(), { created_at: `${THIRD}-20T10:00:00Z` });
    expect(await placeOf('notification_logs', after)).toBe('notification_logs_underflow');
    await superuser()`delete from notification_logs where id = ${after}`;
    expect(await check()).toEqual([]);
  });

  test('those that archive_old_audit_logs() has moved leave audit_logs_archive by the hour, and by nothing else', async () => {
    const owner = commands.sql();
    expect(await owner`select archived_count::integer as moved from archive_old_audit_logs()`).toEqual([{ moved: 90 }]);
    await superuser()`delete from shadow where table_name like 'audit_logs%'`;
    await shadowRows(superuser(), 'audit_logs_archive');
    await expect(owner`delete from audit_logs_archive`).rejects.toMatchObject({ code: '42501' });
    const rows = await commands.rows('run --older-than 6 months --table audit_logs_archive --table audit_logs');
    expect(rows.map(({ table, state, rows: count }) => [table, state, count])).toEqual([
      ...[FIRST, SECOND, THIRD].map(() => ['audit_logs', 'dropped', 0]),
      ...[FIRST, SECOND, THIRD].map(() => ['audit_logs_archive', 'dropped', 30]),
    ]);
    expect(await owner`select from audit_logs_archive`).toHaveLength(0);
    expect(await check()).toEqual([]);
  });

  test('and the functions of the schema never meet: one works, the other waits or leaves the month alone', async () => {
    const owner = commands.sql();
    const late = await addAuditLog(owner, { created_at: `${FIRST}-05T00:00:00Z` });
    expect(await owner`select archived_count::integer as moved from archive_old_audit_logs()`).toEqual([{ moved: 0 }]);
    await shadowRows(superuser(), 'audit_logs', `id = '${late}'`);

    const other = postgres(commands.database.current.url, { max: 1 });
    onTestFinished(async () => other.end({ timeout: 1 }));
    const working = await other.reserve();
    await working`begin`;
    await working`select archive_old_audit_logs()`;
    expect(await commands.archive('run --table audit_logs --wait 0s')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('an archive or a clean-up is at work: pid'),
    });
    let waiter: Running | undefined;
    const waiting = runProgram('archive run --table audit_logs --yes'.split(' '), {
      env: commands.env(),
      onStart: (child) => void (waiter = child),
    });
    await waitFor(
      async () => waiter?.stderr().includes('waiting for pid') === true,
      'the command says whom it waits for',
    );
    await working`commit`;
    expect(await waiting).toMatchObject({ code: 0, stderr: expect.stringContaining('waiting for pid') });

    await working`select pg_advisory_lock(hashtextextended('ordersync archive', 0))`;
    await owner`select cleanup_old_notification_logs(), cleanup_old_order_history(), cleanup_old_payment_events()`;
    expect(commands.database.current.notices).toContain('an archive is at work: nothing deleted');
    working.release();
    await other.end();
    expect(await check()).toEqual([]);
  });

  test('that were detached by hand leave when they are named', async () => {
    const old = monthsAgo(12);
    const owner = commands.sql();
    await owner`select ensure_month_partitions('audit_logs', ${`${old}-01`}::text::date, ${`${old}-01`}::text::date)`;
    const id = await addAuditLog(owner, { created_at: `${old}-02T00:00:00Z` });
    await shadowRows(superuser(), 'audit_logs', `id = '${id}'`);
    const env = { env: commands.env() };
    expect(await run(['partition', 'detach', 'audit_logs', '--month', old, '--yes'], env)).toMatchObject({ code: 0 });
    expect((await commands.rows('run --table audit_logs')).filter(({ month }) => month === old)).toEqual([]);
    expect(await commands.rows(`run --table audit_logs --month ${old}`)).toMatchObject([{ state: 'dropped', rows: 1 }]);
    expect(await check()).toEqual([]);
  });

  test('a clean-up leaves alone what an archive has taken charge of', async () => {
    const old = monthsAgo(14);
    await commands.sql()`select ensure_month_partitions('notification_logs', ${`${old}-01`}::text::date, ${`${old}-01`}::text::date)`;
    const id = await addNotification(commands.sql(), { created_at: `${old}-02T00:00:00Z` });
    expect(await commands.archive(`run --month ${old} --table notification_logs --keep`)).toMatchObject({ code: 0 });
    await commands.sql()`select cleanup_old_notification_logs()`;
    expect(await commands.sql()`select from notification_logs where id = ${id}`).toHaveLength(1);
  });
});
