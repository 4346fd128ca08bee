import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCheckout, endOf, readDescription, remove, type Checkout } from '../support/embedded-parent.ts';
import { testServer } from '../support/postgres.ts';
import { processesIn, segmentOf, tracesOf } from '../support/traces.ts';
import { waitFor } from '../support/wait.ts';

let checkout: Checkout;
const request = () => ({ version: testServer().version, cache: true, settings: { fsync: 'off' } });

beforeAll(async () => {
  checkout = await createCheckout();
});
afterAll(async () => remove(checkout));

describe('nothing is left of a server', () => {
  test.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)('whose program got %s', async (signal) => {
    const { program, server } = await startProgram('wait');
    program.kill(signal);
    expect(await endOf(program)).toEqual({ status: null, signal });
    await expectGone(server);
  });

  test.each([
    ['threw', 'throw', 1],
    ['left by process.exit', 'exit', 3],
    ['came to its end without stopping it', 'return', 0],
  ] as const)('whose program %s', async (_how, ending, status) => {
    const { program, server } = await startProgram(ending);
    expect(await endOf(program)).toEqual({ status, signal: null });
    await expectGone(server);
  });

  test('that was at work when program and postmaster were killed together', async () => {
    const { program, server } = await startProgram('wait');
    const sql = postgres(server.url, { max: 1 });
    const busy = sql`do $$ begin loop end loop; end $$`.catch((error: Error) => error);
    const watcher = postgres(server.url, { max: 1 });
    await waitFor(
      async () => (await watcher`select from pg_stat_activity where query like 'do %'`).length > 0,
      'the loop',
    );
    process.kill(server.pid, 'SIGKILL');
    program.kill('SIGKILL');
    await endOf(program);
    await expectGone(server);
    expect(await busy).toBeInstanceOf(Error);
    await Promise.all([sql.end({ timeout: 1 }), watcher.end({ timeout: 1 })]);
  });

  test('that was frozen when its program was killed', async () => {
    const { program, server } = await startProgram('wait');
    process.kill(server.pid, 'SIGSTOP');
    program.kill('SIGKILL');
    expect(await endOf(program)).toEqual({ status: null, signal: 'SIGKILL' });
    await expectGone(server);
  });

  test.each([0, 50, 150, 400])('whose program was killed %i ms into the preparation', async (delayMs) => {
    const temporary = mkdtempSync(join(tmpdir(), 'early-'));
    chmodSync(temporary, 0o777);
    // Without a cache the preparation is long: initdb runs.
    const program = checkout.run({ version: testServer().version }, 'wait', { env: { TMPDIR: temporary } });
    await waitFor(() => delayMs === 0 || readdirSync(temporary).length > 0, 'the directory');
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    program.kill('SIGKILL');
    expect(await endOf(program)).toEqual({ status: null, signal: 'SIGKILL' });
    await waitFor(
      () => readdirSync(temporary).length === 0 && processesIn(temporary).length === 0,
      () => `left: ${readdirSync(temporary).join()} ${processesIn(temporary).join()}`,
    );
    rmSync(temporary, { recursive: true });
  });
});

test('a kept server outlives its program until the command it was told ends it', async () => {
  const { program, server } = await startProgram('keep');
  expect(await endOf(program)).toEqual({ status: 0, signal: null });
  const sql = postgres(server.url, { max: 1 });
  expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
  await sql.end({ timeout: 1 });
  execFileSync('/bin/sh', ['-c', server.stopCommand ?? 'false']);
  await expectGone(server);
});

async function startProgram(ending: 'wait' | 'return' | 'throw' | 'exit' | 'keep') {
  const program = checkout.run(request(), ending);
  const described = await readDescription(program);
  expect(described.error).toBeUndefined();
  // A program that ends by itself may have taken the lock file with it already.
  const lockFile = join(described.dataDir, 'postmaster.pid');
  return { program, server: { ...described, segment: existsSync(lockFile) ? segmentOf(described.dataDir) : -1 } };
}

async function expectGone(server: { readonly directory: string; readonly segment: number }): Promise<void> {
  await waitFor(
    () => tracesOf(server).length === 0,
    () => `left: ${tracesOf(server).join(', ')}`,
  );
}
