import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serverAccount, temporaryDirectory } from '../../src/embedded/account.ts';
import { prepareBinaries } from '../../src/embedded/binaries.ts';
import { postGuard, type Guard } from '../../src/embedded/guard.ts';
import { halt, launch, launchOnFreePort, type LaunchSite } from '../../src/embedded/launch.ts';
import { renderSettings } from '../../src/embedded/settings.ts';
import { createDataDirectory } from '../../src/embedded/template.ts';
import { openCache } from '../../src/embedded/tree.ts';
import { testServer } from '../support/postgres.ts';

let guard: Guard;
let site: LaunchSite;

beforeEach(async () => {
  const account = serverAccount();
  const temporary = temporaryDirectory(account);
  const directory = join(temporary, `ordersync-pg-${randomBytes(6).toString('hex')}`);
  const settings = renderSettings(directory, 'loopback', { fsync: 'off' });
  guard = await postGuard({ account, directory, socketDirectory: undefined, settings });
  const cache = await openCache(guard, account, temporary);
  const binaries = await prepareBinaries(testServer().version, { guard, account, directory, cache });
  await guard.order(`native ${binaries.native}`);
  await createDataDirectory(guard, { directory, cache, binaries });
  await guard.order('configure');
  site = { guard, dataDir: join(directory, 'data'), logFile: join(directory, 'postgres.log') };
});
afterEach(async () => guard.dismiss());

test('a port that another program took after the probe is given up for another one', async () => {
  const taken = createServer();
  const takenPort = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as AddressInfo).port));
  });
  const free = createServer();
  const freePort = await new Promise<number>((resolve) => {
    free.listen(0, '127.0.0.1', () => resolve((free.address() as AddressInfo).port));
  });
  await new Promise((resolve) => free.close(resolve));
  const offered = [takenPort, takenPort, freePort];
  const { port, postmaster } = await launchOnFreePort(site, async () => offered.shift() ?? 0);
  expect(port).toBe(freePort);
  await halt(guard, postmaster, 'immediate');
  await new Promise((resolve) => taken.close(resolve));
});

test('a server that fails to start on a given port says so, and can be started again', async () => {
  await expect(launch(site, 70_000)).rejects.toMatchObject({ code: 'precondition' });
  const { postmaster } = await launchOnFreePort(site);
  await halt(guard, postmaster, 'fast');
});

test('an order that fails carries what it wrote, and never its argument', async () => {
  const failed = guard.order('copy /no/such/template');
  await expect(failed).rejects.toMatchObject({
    message: 'preparing the embedded server failed at copy',
    details: { body: expect.arrayContaining([expect.stringContaining('No such file')]) as unknown },
  });
});
