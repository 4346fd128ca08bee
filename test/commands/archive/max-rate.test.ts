import { beforeAll, describe, expect, test } from 'vitest';
import { checkArchive } from '../../chaos/archive/checker.ts';
import { directoryReader } from '../../chaos/archive/readers.ts';
import { createShadow } from '../../chaos/archive/shadow.ts';
import { fillMonths } from '../../support/archive/fill.ts';
import { monthsAgo } from '../../support/archive/months.ts';
import { runProgram, useBuild } from '../../support/program.ts';
import { useArchiveCommands } from './fixture.ts';

const MONTH = monthsAgo(7);
const ROWS = 60;

/** A line of `--progress json`. */
interface Told {
  readonly label?: string;
  readonly done?: number;
}

useBuild();

describe('ordersync archive run --max-rate', () => {
  const commands = useArchiveCommands();
  const words = `archive run --table audit_logs --month ${MONTH} --lock-timeout 5s --yes --format json`;
  const archive = async (rate: string, options: Parameters<typeof runProgram>[1] = {}, ...more: string[]) =>
    runProgram([...words.split(' '), '--max-rate', rate, ...more], { env: commands.env(), ...options });
  const left = async () => {
    const [found] = await commands.sql()`
      select count(*)::integer as rows from audit_logs where created_at < now() - interval '3 months'`;
    return found?.['rows'] as number;
  };

  const journal = async () => (await commands.sql()`select state from archive_journal`)[0]?.['state'] as string;

  beforeAll(async () => {
    await fillMonths(commands.sql(), { months: [MONTH], rows: ROWS });
    await createShadow(commands.database.current.sql);
  });

  test.each(['0', '-5', 'fast', '5MB', '1.5'])('%s is no rate: nothing is begun', async (rate) => {
    const { code, stderr } = await archive(rate);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a whole number') });
    expect(await commands.sql()`select from archive_journal`).toHaveLength(0);
  });

  test('keeps an export waiting, and a Ctrl-C ends the wait at once', async () => {
    let stop: (() => void) | undefined;
    // A row a second: far from its end when it is told to stop, however slow the machine.
    const running = archive('1', { onStart: (child) => (stop = () => child.kill('SIGINT')) });
    await expect.poll(journal).toBe('planned');
    stop?.();
    expect(await running).toMatchObject({ code: 130 });
    expect(await journal()).toBe('planned');
    expect(await left()).toBe(ROWS);
  });

  test('lets no more than so many rows a second pass, tells how far it is, and archives all of them', async () => {
    const { code, stdout, stderr } = await archive('40', {}, '--progress', 'json');
    expect(code).toBe(0);
    const told = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Told] : []));
    // Each rest is told, but for those that follow another too soon; without rests all of them would.
    const exported = told.filter(({ label }) => label === 'export audit_logs').flatMap(({ done }) => done ?? []);
    expect(exported.filter((done) => done < ROWS).length).toBeGreaterThan(1);
    expect(exported.at(-1)).toBe(ROWS);
    const [row] = (JSON.parse(stdout) as { data: { state: string; rows: number; duration_ms: number }[] }).data;
    expect(row).toMatchObject({ state: 'dropped', rows: ROWS });
    // 60 rows at 40 a second, but for those of the last tenth of a second: no machine is too fast for that, or too slow.
    expect(row!.duration_ms).toBeGreaterThan(((ROWS - 4) / 40) * 1000 - 100);
    expect(await left()).toBe(0);
    const store = directoryReader(commands.store.path);
    expect((await checkArchive(commands.database.current.sql, store, { finished: false })).violations).toEqual([]);
  });
});
