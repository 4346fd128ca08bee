import { beforeAll, expect, test } from 'vitest';
import { runProgram, useBuild } from '../../support/program.ts';
import { monthFromNow, nameIn, ownerUrl } from '../partition/fixture.ts';
import { addOrderOf, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const MONTH = monthFromNow(-2);

useBuild();
const commands = useReadCommands();
const sql = () => commands.database.current.as('owner');

let order: string;
let before: unknown;
const allOf = async () => ({
  orders: [...(await sql()`select * from orders where id = ${order}`)],
  items: [...(await sql()`select * from order_items where order_id = ${order} order by id`)],
  history: [...(await sql()`select * from order_status_history where order_id = ${order}`)],
});

/** Tables that a restoration has made and nobody has finished. */
const halfMade = async () =>
  (await sql()`select relname from pg_class where relname like '%restored%' and relkind = 'r'`).length;

beforeAll(async () => {
  await makeMonths(commands, 'orders', MONTH);
  ({ order } = await addOrderOf(commands, MONTH));
  before = await allOf();
  await commands.leave('orders', MONTH);
});

async function restore(to: 'side' | 'attach', fault?: string) {
  const words = ['archive', 'restore', '--table', 'orders', '--month', MONTH, '--to', to, '--lock-timeout', '5s'];
  const env = {
    ...commands.keyring.env,
    NODE_ENV: 'test',
    ORDERSYNC_ARCHIVE: commands.folder,
    ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current),
    ...(fault === undefined ? {} : { ORDERSYNC_FAULT: `${fault}:kill` }),
  };
  return runProgram(words, { env });
}

/** @returns what it says, to people */
async function archiveAgain(): Promise<string> {
  const { stdout, stderr } = await commands.archive([
    'run',
    '--table',
    'orders',
    '--month',
    MONTH,
    '--to',
    commands.folder,
    '--yes',
  ]);
  return stdout + stderr;
}

test('a restore that is killed with -9 leaves whole tables or none, and is finished by running it again', async () => {
  expect((await restore('side', 'restore-loaded')).code).toBeUndefined();
  expect(await halfMade()).toBe(0);
  expect((await restore('side', 'restore-loaded@3')).code).toBeUndefined();
  expect(await halfMade()).toBe(2);
  const done = await restore('side');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(sideName('order_status_history', MONTH)) });
  expect(await halfMade()).toBe(3);
});

test('one that is killed while the month goes back loses nothing of it', async () => {
  expect((await restore('attach', 'restore-loaded')).code).toBeUndefined();
  expect(await allOf()).toEqual({ orders: [], items: [], history: [] });
  expect((await restore('attach', 'restore-attached')).code).toBeUndefined();
  expect((await allOf()).orders).toHaveLength(1);
  // The new manifest would be without its items, and restore and query go by the newest.
  expect(await archiveAgain()).toMatch(/its dependants are not back yet.+ordersync archive restore/s);
  expect((await restore('attach', 'restore-returned')).code).toBeUndefined();
  expect((await allOf()).items).toEqual([]);
  expect((await restore('attach', 'restore-returned@2')).code).toBeUndefined();
  const done = await restore('attach');
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining(nameIn('orders', MONTH)) });
  expect(await allOf()).toEqual(before);
  expect((await restore('attach')).code).toBe(0);
  expect(await allOf()).toEqual(before);
});

test('a month is not archived again while rows that belong to it are aside', async () => {
  const aside = ['order_items', 'order_status_history'].map((table) => sideName(table, MONTH));
  expect(await archiveAgain()).toContain(`see that all of ${aside.join(', ')} is back`);
  expect(await allOf()).toEqual(before);
  for (const name of aside) await sql()`drop table ${sql()(name)}`;
  await archiveAgain();
  expect(await allOf()).toEqual({ orders: [], items: [], history: [] });
  expect((await restore('attach')).code).toBe(0);
  expect(await allOf()).toEqual(before);
});
