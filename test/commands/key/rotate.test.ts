import { beforeAll, describe, expect, test } from 'vitest';
import { rowsOf, useKeyCommands } from './fixture.ts';

describe('a rotation of everything', () => {
  const commands = useKeyCommands();
  const sql = () => commands.database.current.sql;

  beforeAll(async () => {
    const application = await commands.start();
    await commands.fill(application);
    for (let user = 0; user < 50; user += 1) await application.addUser(sql(), `user${user}@example.com`);
  });

  test('a young key is left alone, and nothing is written', async () => {
    const { code, stderr } = await commands.key('rotate');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('pii-v1 is active and young enough') });
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
    expect(await sql()`select from encryption_keys`).toHaveLength(3);
  });

  test('a dry run says what each table takes, and changes nothing', async () => {
    const ran = await commands.key('rotate --if-older-than 0 --dry-run --format json');
    expect(ran.code).toBe(0);
    const rows = rowsOf(ran);
    expect(rows.find(({ table }) => table === 'users')).toMatchObject({
      type: 'pii',
      from: 'pii-v1',
      to: 'pii-v2',
      action: 'start',
      values: 255,
    });
    expect(await sql()`select from key_rotation_runs`).toHaveLength(0);
  });

  test('every value is renewed, proven, and the old keys are retired', async () => {
    const ran = await commands.key('rotate --if-older-than 0 --grace 0 --full-speed --format json');
    expect(ran).toMatchObject({ code: 0 });
    expect(rowsOf(ran).map(({ type, state, retired, to }) => [type, state, retired, to])).toEqual([
      ['pii', 'finished', 'pii-v1', 'pii-v2'],
      ['payment', 'finished', 'payment-v1', 'payment-v2'],
      ['business', 'finished', 'business-v1', 'business-v2'],
    ]);
    expect(await commands.key('verify')).toMatchObject({ code: 0 });
  });
});
