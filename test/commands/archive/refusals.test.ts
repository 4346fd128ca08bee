import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { run } from '../../support/io.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { useArchiveCommands } from './fixture.ts';

describe('ordersync archive run refuses before anything is written', () => {
  const commands = useArchiveCommands();

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: [monthsAgo(7)], rows: 8 });
  });

  const untouched = async () => ({
    journal: (await commands.sql()`select from archive_journal`).length,
    store: (await directoryReader(commands.store.path).list()).length,
  });

  test.each([
    ['run --older-than 6', 2, 'is not an age'],
    ['run --older-than soon', 2, 'write it as 6 months'],
    ['run months', 2, 'is the unit of nothing'],
    ['run --older-than 0 months', 2, '1 month to 100 years'],
    ['run --month 2025-1', 2, 'is not a month'],
    ['run --month 2025-01 --older-than 1 year', 2, 'exclude each other'],
    ['run --table users', 2, '"users" is not archived'],
    ['run --object-lock-mode governance', 2, 'go together'],
    ['run --retain-until soon', 2, 'is not a time'],
    [`run --month ${monthsAgo(0)}`, 4, 'is not over'],
    ['run --to /nonexistent/store', 3, 'there is no directory'],
  ])('%s: exit %i', async (words, code, message) => {
    expect(await commands.archive(words)).toMatchObject(refusal(code, message));
    expect(await untouched()).toEqual({ journal: 0, store: 0 });
  });

  test('without a store, and without a key store', async () => {
    expect(await commands.archive('run', { ORDERSYNC_ARCHIVE: '' })).toMatchObject({ code: 3 });
    const keyless = { ORDERSYNC_KEY_PROVIDER: '', ORDERSYNC_KEYRING: '', ORDERSYNC_KEYRING_KEY_FILE: '' };
    expect(await commands.archive('run', keyless)).toMatchObject({ code: 3 });
    expect(await untouched()).toEqual({ journal: 0, store: 0 });
  });

  test('for a role that does not own the tables', async () => {
    const url = commands.database.current.urlFor({ user: 'schema_staff', password: 'schema' });
    const { code, stderr } = await commands.archive('run', { ORDERSYNC_DATABASE_URL: url });
    expect({ code, stderr }).toMatchObject(refusal(3, 'does not belong to schema_staff'));
    expect(await untouched()).toEqual({ journal: 0, store: 0 });
  });

  test('without a confirmation, and in a protected environment with --yes alone', async () => {
    const unconfirmed = await run(['archive', 'run', '--table', 'audit_logs'], { env: commands.env() });
    expect(unconfirmed).toMatchObject(refusal(4, 'there is no terminal to ask on'));
    const folder = commands.keyring.folder;
    const url = commands.env()['ORDERSYNC_DATABASE_URL'];
    writeFileSync(
      path.join(folder, 'ordersync.config.json'),
      JSON.stringify({ environments: { prod: { url, protected: true } } }),
    );
    const guarded = await run(['archive', 'run', '--env', 'prod', '--yes', '--keep'], {
      env: commands.env(),
      cwd: folder,
    });
    expect(guarded).toMatchObject(refusal(4, '"prod" is protected'));
    expect(await untouched()).toEqual({ journal: 0, store: 0 });
  });

  test('while a rotation changes the rows', async () => {
    const owner = commands.sql();
    await owner`insert into encryption_keys (key_type, key_id) values ('pii', 'pii-v1')`;
    await owner`insert into key_rotation_runs (key_type, to_key_id) values ('pii', 'pii-v1')`;
    expect(await commands.archive('run')).toMatchObject(refusal(4, 'a rotation of pii is not finished'));
    expect(await commands.archive('run --table payments --dry-run')).toMatchObject({ code: 0 });
    await owner`delete from key_rotation_runs`;
    expect(await untouched()).toEqual({ journal: 0, store: 0 });
  });

  test('a store that another archive of the month is not in', async () => {
    expect(await commands.archive('run --table audit_logs --keep')).toMatchObject({ code: 0 });
    const { code, stderr } = await commands.archive(`run --table audit_logs --to ${commands.keyring.folder}`);
    expect({ code, stderr }).toMatchObject(refusal(4, 'is being archived in file://'));
    expect(await directoryReader(commands.keyring.folder).list()).not.toContain('head.json');
  });

  test('a store that this database has no archive in, and leaves it as it was', async () => {
    const empty = mkdtempSync(path.join(tmpdir(), 'ordersync-empty-'));
    const { code, stderr } = await commands.archive(`run --table notification_logs --to ${empty}`);
    expect({ code, stderr }).toMatchObject(refusal(4, 'it is another store, or its archive was taken away'));
    expect(await directoryReader(empty).list()).toEqual([]);
    rmSync(empty, { recursive: true });
  });
});

function refusal(code: number, message: string) {
  return { code, stderr: expect.stringContaining(message) as unknown };
}
