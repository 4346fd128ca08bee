import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../support/io.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ordersync-init-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const file = (): string => join(cwd, 'ordersync.config.json');

it('writes a first file, which is then found and understood', async () => {
  const { code, stdout, stderr } = await run(['config', 'init', '--format', 'csv'], { cwd });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `file\r\n${file()}\r\n` });
  expect(stderr).toContain('edit its environments');
  const shown = await run(['config', 'show', '--env', 'prod', '--format', 'json'], { cwd });
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  const { data } = JSON.parse(shown.stdout) as { data: readonly { setting: string; value: string }[] };
  const values = Object.fromEntries(data.map(({ setting, value }) => [setting, value]));
  expect(values).toMatchObject({ environment: 'prod', protected: 'true', host: 'db.example', sslmode: 'verify-full' });
});

it('has no place for a password in it', async () => {
  await run(['config', 'init'], { cwd });
  expect(readFileSync(file(), 'utf8')).not.toMatch(/password/i);
});

it('leaves a file that exists as it is', async () => {
  writeFileSync(file(), '{}');
  const { code, stdout, stderr } = await run(['config', 'init'], { cwd });
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toContain('exists already, and stays as it is');
  expect(readFileSync(file(), 'utf8')).toBe('{}');
});

it('says where it cannot write', async () => {
  const nowhere = join(cwd, 'gone');
  const { code, stderr } = await run(['config', 'init'], { cwd: nowhere });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^ordersync: cannot write .*gone.*: ENOENT$/m);
});
