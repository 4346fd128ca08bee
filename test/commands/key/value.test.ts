import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../support/io.ts';
import { rowsOf, useKeyCommands } from './fixture.ts';

describe('key encrypt and key decrypt', () => {
  const commands = useKeyCommands();
  beforeAll(async () => {
    await commands.start();
  });
  const sql = () => commands.database.current.sql;
  const id = randomUUID();
  const place = `--table users --column name_encrypted --id ${id}`;
  const audited = async () =>
    sql()<{ resource_type: string; resource_id: string; success: boolean; changes: Record<string, unknown> }[]>`
      select resource_type, resource_id, success, changes from audit_logs
      where action = 'DECRYPT_VALUE' order by created_at`;

  test('give a value back, whole, and write nothing but the audit row', async () => {
    const encrypted = await commands.key(`encrypt ${place}`, { stdin: '김민지 \n two lines\n' });
    expect(encrypted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^os1_[\w-]{8,}\n$/) });
    expect(await sql()`select from audit_logs where action = 'DECRYPT_VALUE'`).toHaveLength(0);

    const ran = await commands.key(`decrypt ${place} --reason INC-4711 --format json`, { stdin: encrypted.stdout });
    expect(rowsOf(ran)).toEqual([
      { table: 'users', column: 'name_encrypted', id, key: 'pii-v1', value: '김민지 \n two lines' },
    ]);
    expect(ran.stderr).not.toContain('김민지');
    expect(await audited()).toEqual([
      {
        resource_type: 'users',
        resource_id: id,
        success: true,
        changes: expect.objectContaining({
          column: 'name_encrypted',
          key_id: 'pii-v1',
          reason: 'INC-4711',
          database_role: 'postgres',
          os_user: expect.any(String),
          host: expect.any(String),
        }),
      },
    ]);
    const [row] = await sql()<
      { text: string }[]
    >`select audit_logs::text as text from audit_logs where action = 'DECRYPT_VALUE'`;
    expect(row?.text).not.toMatch(/김민지|os1_/);
  });

  test('a value of another row, column or table stays shut, and the attempt is recorded', async () => {
    const { stdout } = await commands.key(`encrypt ${place}`, { stdin: 'secret' });
    for (const elsewhere of [
      `--table users --column name_encrypted --id ${randomUUID()}`,
      `--table users --column phone_encrypted --id ${id}`,
      `--table orders --column table_info_encrypted --id ${id}`,
    ]) {
      const ran = await commands.key(`decrypt ${elsewhere} --reason x`, { stdin: stdout });
      expect(ran).toEqual({
        code: 5,
        stdout: '',
        stderr: expect.stringContaining('it was changed, or belongs to another row'),
      });
    }
    expect((await audited()).filter(({ success }) => !success)).toHaveLength(3);
  });

  test('nothing is shown when the reading cannot be recorded', async () => {
    const { stdout: text } = await commands.key(`encrypt ${place}`, { stdin: 'secret' });
    await sql().unsafe(`alter table audit_logs add constraint deaf check (action <> 'DECRYPT_VALUE') not valid`);
    const { stdout, code, stderr } = await commands.key(`decrypt ${place} --reason x`, { stdin: text });
    expect(code).not.toBe(0);
    expect(`${stdout}${stderr}`).not.toContain('secret');
    await sql()`alter table audit_logs drop constraint deaf`;
  });

  test('a value in argv is refused, and so are no value, no reason and names that are not encrypted columns', async () => {
    expect(await commands.key(`encrypt ${place} hunter2`, { stdin: 'x' })).toMatchObject({ code: 2 });
    expect(await commands.key(`encrypt ${place}`, { stdin: '' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no value'),
    });
    expect(await commands.key(`decrypt ${place}`, { stdin: 'x' })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--reason'),
    });
    const other = await commands.key(`encrypt --table users --column salt --id ${id}`, { stdin: 'x' });
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('its encrypted columns: email_encrypted, phone_encrypted'),
    });
    const bad = await commands.key('encrypt --table users --column name_encrypted --id 17', { stdin: 'x' });
    expect(bad).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be bound to the row id "17"') });
    const plain = await commands.key(`decrypt ${place} --reason x`, { stdin: 'plain hunter2' });
    expect(plain).toEqual({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('it is not a ciphertext of this program'),
    });
    expect(plain.stderr).not.toContain('hunter2');
  });

  test('one stream cannot carry both the passphrase and the value', async () => {
    const env = {
      ORDERSYNC_DATABASE_URL: commands.database.current.url,
      ORDERSYNC_KEYRING: commands.keyring.path,
      ORDERSYNC_KEYRING_PASSPHRASE_FILE: '-',
    };
    const ran = await run(['key', 'encrypt', ...place.split(' ')], { env, stdin: 'a long enough passphrase' });
    // The keyring of this test opens with a key file; asked for a passphrase it says so.
    expect(ran).toMatchObject({ code: 3, stderr: expect.stringContaining('is opened by a key file') });
  });
});
