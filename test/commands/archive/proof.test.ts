import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { createShadow, shadowRows } from '../../chaos/archive/shadow.ts';
import { addAuditLog } from '../../schema/rows.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { useArchiveCommands } from './fixture.ts';

const MONTH = monthsAgo(8);
const RUN = `run --month ${MONTH} --table`;

/** Stops the program at a place, as a failure there would. */
const failing = (point: string) => ({ NODE_ENV: 'test', ORDERSYNC_FAULT: `${point}:throw` });

describe('what changed since its export is never dropped, and the hour is named', () => {
  const commands = useArchiveCommands();
  const superuser = () => commands.database.current.sql;
  const table = `audit_logs_y${MONTH.replace('-', 'm')}`;
  const changed = async (statement: string): Promise<void> => {
    await superuser().unsafe(`
      alter table ${table} disable trigger user;
      ${statement};
      alter table ${table} enable trigger user;`);
  };

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: [MONTH], rows: 60 });
    await createShadow(superuser());
  });

  /** Exported and proven, then stopped before the drop, when the month stands alone already. */
  async function stopBeforeDrop(): Promise<void> {
    const { code, stderr } = await commands.archive(`${RUN} audit_logs`, failing('archive-before-drop'));
    expect({ code, stderr }).toMatchObject({ code: 6, stderr: expect.stringContaining('archive-before-drop') });
  }

  /** What a run tells and leaves that finds the month changed. */
  async function refusedRun() {
    const { code, stderr } = await commands.archive(`${RUN} audit_logs`);
    const [there] = await superuser()`select from pg_class where relname = ${table}`;
    const [entry] = await commands.rows('list --table audit_logs');
    return { code, stderr, kept: there !== undefined, state: entry?.['state'], problem: entry?.['problem'] };
  }

  const refusalFor = (hour: string) => ({
    code: 5,
    stderr: expect.stringMatching(
      new RegExp(`audit_logs ${MONTH} changed since its export, and was not dropped\\n  +audit_logs ${hour}: `),
    ),
    kept: true,
    state: 'planned',
    problem: expect.stringContaining(hour),
  });

  const hourOf = async (id: string): Promise<string> => {
    const [row] = await superuser()<{ hour: string }[]>`
      select to_char(date_trunc('hour', created_at, 'UTC') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as hour
      from ${superuser()(table)} where id = ${id}`;
    return row!.hour;
  };
  const pick = async (offset: number): Promise<string> => {
    const [row] = await superuser()<{ id: string }[]>`
      select id from ${superuser()(table)} order by created_at, id offset ${offset} limit 1`;
    return row!.id;
  };

  test('a row that came after the export, while the month is still attached', async () => {
    await commands.archive(`${RUN} audit_logs --keep`);
    const id = await addAuditLog(commands.sql(), { created_at: `${MONTH}-11T05:06:07.000008Z` });
    await shadowRows(superuser(), 'audit_logs', `id = '${id}'`);
    expect(await refusedRun()).toEqual(refusalFor(`${MONTH}-11T05:00:00Z`));
    expect(await superuser()`select from audit_logs where id = ${id}`).toHaveLength(1);
  });

  // Both before anything leaves and when the month stands alone: each has a proof of its own.
  describe.each([
    ['while the month is still attached', async () => void (await commands.archive(`${RUN} audit_logs --keep`))],
    ['when the month stands alone', stopBeforeDrop],
  ])('%s', (_, prove) => {
    test('one flipped boolean', async () => {
      await prove();
      const id = await pick(7);
      const hour = await hourOf(id);
      await changed(`update ${table} set success = not success where id = '${id}'`);
      expect(await refusedRun()).toEqual(refusalFor(hour));
      await changed(`update ${table} set success = not success where id = '${id}'`);
    });

    test('one row in, one row out: as many as before', async () => {
      await prove();
      const id = await pick(20);
      const hour = await hourOf(id);
      await changed(`update ${table} set id = gen_random_uuid() where id = '${id}'`);
      expect(await refusedRun()).toEqual(refusalFor(hour));
      await changed(
        `update ${table} set id = '${id}' where id not in (select id::uuid from shadow where table_name = 'audit_logs')`,
      );
    });
  });

  test('a row that came into the month when it stood alone', async () => {
    await stopBeforeDrop();
    const id = '00000000-0000-4000-8000-00000000abcd';
    const copied = `select (jsonb_populate_record(m, jsonb_build_object('id', '${id}'))).* from ${table} m`;
    await changed(`insert into ${table} ${copied} where id = '${await pick(30)}'`);
    expect(await refusedRun()).toEqual(refusalFor(await hourOf(id)));
    await changed(`delete from ${table} where id = '${id}'`);
  });

  test('a column that was added, whose values the archive does not have', async () => {
    await stopBeforeDrop();
    await superuser().unsafe(`alter table ${table} add column note text`);
    const { code, stderr } = await commands.archive(`${RUN} audit_logs`);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('its columns are not those') });
    await superuser().unsafe(`alter table ${table} drop column note`);
  });

  test('is exported again by the next run, as another manifest, and then dropped', async () => {
    const [entry] = await commands.rows(`${RUN} audit_logs`);
    expect(entry).toMatchObject({ state: 'dropped', rows: 61, manifest: expect.any(Number) });
    expect(Number(entry?.['manifest'])).toBeGreaterThan(2);
    const { violations } = await checkArchive(superuser(), directoryReader(commands.store.path), { finished: true });
    expect(violations).toEqual([]);
  });

  test('a manifest that was replaced in the store', async () => {
    expect(await commands.archive(`${RUN} notification_logs --keep`)).toMatchObject({ code: 0 });
    const folder = path.join(commands.store.path, 'manifests');
    const newest = path.join(folder, readdirSync(folder).sort().at(-1)!);
    const genuine = readFileSync(newest);
    writeFileSync(newest, genuine.toString().replace(`"month":"${MONTH}"`, '"month":"2001-01"'));
    const { code, stderr } = await commands.archive(`${RUN} notification_logs`);
    expect({ code, stderr }).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/manifests\/\d+\.json in \S+: its content was altered/u),
    });
    writeFileSync(newest, genuine);
  });

  test('a file that was damaged after its proof', async () => {
    const [file] = await filesOf('notification_logs');
    const genuine = readFileSync(file!);
    writeFileSync(file!, flipped(genuine));
    const { code, stderr } = await commands.archive(`${RUN} notification_logs`);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining(path.basename(file!)) });
    expect(await commands.sql()`select count(*)::integer as rows from notification_logs`).toEqual([{ rows: 60 }]);
    writeFileSync(file!, genuine);
    expect(await commands.archive(`${RUN} notification_logs`)).toMatchObject({ code: 0 });
  });

  test('a store that confirmed and kept other bytes: found when it is read back, before anything is signed', async () => {
    await fillMonths(commands.sql(), { months: [monthsAgo(7)], rows: 20 });
    const run = `run --month ${monthsAgo(7)} --table notification_logs`;
    expect(await commands.archive(run, failing('archive-exported'))).toMatchObject({ code: 6 });
    const file = (await filesOf('notification_logs')).find((name) => name.includes(`month=${monthsAgo(7).slice(5)}`))!;
    writeFileSync(file, flipped(readFileSync(file)));
    const heads = await commands.rows('head');
    const { code, stderr } = await commands.archive(run);
    expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining(path.basename(file)) });
    expect(await commands.rows('head')).toEqual(heads);
    expect(await commands.archive(run)).toMatchObject({ code: 0 });
    const { violations } = await checkArchive(superuser(), directoryReader(commands.store.path), { finished: true });
    expect(violations).toEqual([]);
  });

  async function filesOf(name: string): Promise<readonly string[]> {
    const keys = await directoryReader(commands.store.path).list();
    return keys.filter((key) => key.startsWith(`${name}/`)).map((key) => path.join(commands.store.path, key));
  }
});

/** One bit in the middle. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy[middle] = copy[middle]! ^ 1;
  return copy;
}
