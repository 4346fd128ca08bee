import { beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { createShadow, shadowRows } from '../../chaos/archive/shadow.ts';
import { readStoredManifests } from '../../chaos/archive/stored.ts';
import { addOrderItem } from '../../schema/rows.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { monthFromNow, nameIn, ownerUrl } from '../partition/fixture.ts';
import { addOrderOf, makeMonths, sideName, useReadCommands } from './read-fixture.ts';

const [KILLED, RESTORED] = [-3, -2].map(monthFromNow) as [string, string];

useBuild();

describe('supplements of a month', () => {
  const commands = useReadCommands();
  const superuser = () => commands.database.current.sql;
  const reader = () => directoryReader(commands.folder);

  /** `archive run` of an orders month, by the program itself. @param fault where it is to end */
  const archive = async (month: string, fault?: string) => {
    const words = `archive run --table orders --month ${month} --lock-timeout 5s --yes`;
    const env = {
      ...commands.keyring.env,
      ORDERSYNC_ARCHIVE: commands.folder,
      ORDERSYNC_DATABASE_URL: ownerUrl(commands.database.current),
      ORDERSYNC_FAULT: fault,
    };
    return runProgram(words.split(' '), { env });
  };
  const shadowed = async () => {
    for (const table of ['orders', 'order_items', 'order_status_history'] as const)
      await shadowRows(superuser(), table);
  };
  const violations = async (finished: boolean) => (await checkArchive(superuser(), reader(), { finished })).violations;
  const chainOf = async (month: string) =>
    (await readStoredManifests(reader()))
      .filter(({ manifest }) => manifest.month === month)
      .map(({ manifest }) => manifest.kind);
  /** Of the items of a month as the archive gives them back. */
  const restoredItems = async (month: string) => {
    const ran = await commands.archive(['restore', '--table', 'orders', '--month', month, '--from', commands.folder]);
    if (ran.code !== 0) throw new Error(ran.stderr);
    return superuser()`select id, quantity from ${superuser()(sideName('order_items', month))} order by id`;
  };

  beforeAll(async () => {
    await makeMonths(commands, 'orders', KILLED);
    await createShadow(superuser());
  });

  test('are said once more, and once only, after a month that had to be exported again, whenever that is killed', async () => {
    const { order, menu } = await addOrderOf(commands, KILLED);
    await shadowed();
    const change = async (quantity: number) => {
      await superuser()`
        update order_items set quantity = ${quantity}
        where id = (select id from order_items where order_id = ${order} order by id limit 1)`;
      await shadowed();
    };
    const late = async () => {
      const id = await addOrderItem(commands.database.current.as('owner'), order, menu);
      await superuser()`update order_items set created_at = ${`${KILLED}-20T20:20:20Z`}, quantity = 77 where id = ${id}`;
      await shadowed();
      return id;
    };
    const items = new Map<string, number>();
    const remember = async () => {
      for (const { id, quantity } of await superuser()<{ id: string; quantity: number }[]>`
        select id, quantity from order_items where order_id = ${order}`)
        items.set(id, quantity);
    };

    // Proven, and rows may leave: from here on what changes or comes is no part of the month's own archive any more.
    expect(await archive(KILLED, 'archive-leaving:throw')).toMatchObject({ code: 6 });
    await change(41);
    await remember();
    expect(await archive(KILLED, 'archive-dropped:throw')).toMatchObject({ code: 6 });
    expect(await chainOf(KILLED)).toEqual(['month', 'supplement']);
    await late();
    await remember();
    expect(await archive(KILLED, 'archive-before-drop:throw')).toMatchObject({ code: 6 });
    expect(await chainOf(KILLED)).toEqual(['month', 'supplement', 'supplement']);
    expect(await violations(false)).toEqual([]);

    // The month itself changes before it is dropped, and so is exported again.
    await superuser()`update ${superuser()(nameIn('orders', KILLED))} set version = 99`;
    await superuser()`
      update shadow set row = row || '{"version": "99"}' where table_name = 'orders' and id = ${order}`;
    expect(await archive(KILLED)).toMatchObject({ code: 5, stderr: expect.stringContaining('was not dropped') });
    // Killed when the first supplement is in the store and not in the database, when the second is in both and the journal
    // does not say so, and before the drop.
    for (const fault of [
      'archive-between-store-and-database@2:kill',
      'archive-after-manifest@1:kill',
      'archive-before-drop:kill',
    ]) {
      expect({ fault, code: (await archive(KILLED, fault)).code }).toEqual({ fault, code: undefined });
      expect(await violations(false)).toEqual([]);
    }
    expect(await archive(KILLED)).toMatchObject({ code: 0 });
    expect(await chainOf(KILLED)).toEqual(['month', 'supplement', 'supplement', 'month', 'supplement', 'supplement']);
    expect(await violations(true)).toEqual([]);
    const journal = await superuser()`
      select number, state, manifest_sequence::integer as sequence from archive_journal
      where month = ${KILLED} order by number`;
    expect(journal).toEqual([
      { number: 0, state: 'dropped', sequence: 4 },
      { number: 1, state: 'dropped', sequence: 5 },
      { number: 2, state: 'dropped', sequence: 6 },
    ]);
    const wanted = [...items]
      .map(([id, quantity]) => ({ id, quantity }))
      .toSorted((one, two) => (one.id < two.id ? -1 : 1));
    expect(wanted).toHaveLength(3);
    expect([...(await restoredItems(KILLED))]).toEqual(wanted);
  });

  test('are not said again of a month that was restored with them, changed, and archived anew', async () => {
    const { order } = await addOrderOf(commands, RESTORED);
    await shadowed();
    const setItems = async (quantity: number) =>
      superuser()`update order_items set quantity = ${quantity} where order_id = ${order}`;
    expect(await archive(RESTORED, 'archive-leaving:throw')).toMatchObject({ code: 6 });
    await setItems(31);
    await shadowed();
    expect(await archive(RESTORED)).toMatchObject({ code: 0 });
    expect(await chainOf(RESTORED)).toEqual(['month', 'supplement']);

    const attach = `restore --table orders --month ${RESTORED} --to attach --from ${commands.folder}`;
    expect(await commands.archive(attach.split(' '))).toMatchObject({ code: 0 });
    expect(await superuser()`select distinct quantity from order_items where order_id = ${order}`).toEqual([
      { quantity: 31 },
    ]);
    const restoredTo = async () =>
      (await commands.rows(['list', '--table', 'orders']))
        .filter(({ month }) => month === RESTORED)
        .map((row) => row['restored_to']);
    const partition = nameIn('orders', RESTORED);
    expect(await restoredTo()).toEqual([partition, partition]);
    await setItems(32);
    await superuser()`delete from order_items where order_id = ${order} and id = (select min(id::text)::uuid from order_items where order_id = ${order})`;
    expect(await archive(RESTORED)).toMatchObject({ code: 0 });
    expect(await chainOf(RESTORED)).toEqual(['month', 'supplement', 'month']);
    expect(await restoredTo()).toEqual([null, null]);
    expect((await restoredItems(RESTORED)).map(({ quantity }) => quantity as number)).toEqual([32]);
  });
});
