import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Context, ProgressEvent } from '../../src/context.ts';
import type { Session } from '../../src/db/session.ts';
import { OrdersyncError } from '../../src/errors.ts';
import { run } from '../support/io.ts';
import { testServer, useDatabase } from '../support/postgres.ts';
import { useFakes } from './fake.ts';

const database = useDatabase();
const register = useFakes();
const withDatabase = () => ({ env: { ORDERSYNC_DATABASE_URL: database.current.url } });

describe('a long operation', () => {
  it('tells on stderr while it works, and its return value is the result', async () => {
    register({
      run: async function* (): AsyncGenerator<ProgressEvent, { a: string }[], void> {
        yield { kind: 'phase', message: 'first' };
        yield { kind: 'warning', message: 'look out' };
        return [{ a: 'the result' }];
      },
    });
    const { code, stdout, stderr } = await run(['fake', 'go', '--format', 'csv']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'a\r\nthe result\r\n',
      stderr: 'first\nwarning: look out\n',
    });
  });

  it.each<{ what: string; event: unknown; fails: boolean; code: number }>([
    { what: 'it fails', event: { kind: 'phase', message: 'x' }, fails: true, code: 6 },
    { what: 'what it tells cannot be shown', event: null, fails: false, code: 1 },
  ])('runs its finally blocks when $what', async ({ event, fails, code }) => {
    let cleaned = false;
    register({
      run: async function* (): AsyncGenerator<ProgressEvent, never[], void> {
        try {
          yield event as ProgressEvent; // null makes the drawing throw
          if (fails) throw new OrdersyncError('partial', 'half done');
          return [];
        } finally {
          await sleep(1);
          cleaned = true;
        }
      },
    });
    expect(await run(['fake', 'go'])).toMatchObject({ code, stdout: '' });
    expect(cleaned).toBe(true);
  });

  it.each([
    ['ok', 0],
    ['refused', 4],
    ['unhealthy', 5],
    ['partial', 6],
  ] as const)('whose report is %s exits %i', async (outcome, code) => {
    register({ present: () => ({ command: 'fake go', columns: [], rows: [], outcome }) });
    expect((await run(['fake', 'go'])).code).toBe(code);
  });
});

describe('sessions', () => {
  it.each([
    ['ends well', async () => []],
    ['throws', async () => Promise.reject(new OrdersyncError('precondition', 'refused'))],
    ['is broken', async () => Promise.reject(new TypeError('broken'))],
  ])('are closed when a command %s, the last opened first', async (_how, end) => {
    const closed: string[] = [];
    let opened: Session[] = [];
    register({
      run: async (ctx: Context) => {
        opened = await openThree(ctx, closed);
        return end();
      },
    });
    await run(['fake', 'go'], withDatabase());
    expect(closed).toEqual(['third', 'second', 'first']);
    expect(opened.map(({ lost }) => lost)).toEqual([true, true, true]);
    await database.current.assertNothingLeft();
  });

  it('still being opened when the command fails are closed too', async () => {
    let pending: Promise<Session> | undefined;
    register({
      run: async ({ db }: Context) => {
        pending = db.open({});
        throw new OrdersyncError('precondition', 'refused');
      },
    });
    expect((await run(['fake', 'go'], withDatabase())).code).toBe(4);
    expect((await pending)?.lost).toBe(true);
    await database.current.assertNothingLeft();
  });

  it('say which command and which part of it they are, and the main one is opened once', async () => {
    register({
      run: async ({ db }: Context) => {
        const [main, again, watcher] = [await db.session(), await db.session(), await db.open({ purpose: 'watcher' })];
        expect(again).toBe(main);
        return [...(await applicationNameOf(main)), ...(await applicationNameOf(watcher))];
      },
    });
    const { stdout } = await run(['fake', 'go', '--format', 'csv'], withDatabase());
    expect(stdout).toBe('a\r\nordersync fake go\r\nordersync fake go (watcher)\r\n');
  });

  it('warn of what is wrong with the settings once, however many are opened', async () => {
    register({ run: async (ctx: Context) => (await openThree(ctx, []), []) });
    const { code, stderr } = await run(['fake', 'go', '--url', database.current.url]);
    expect(code).toBe(0);
    expect(stderr.match(/^warning: .*$/gm)).toEqual([
      'warning: the password on the command line can be read by every user of this machine; use ~/.pgpass or PGPASSWORD',
    ]);
    expect(stderr).not.toContain(testServer().password);
  });

  it('are not opened, nor their settings looked at, by a command that needs none', async () => {
    register({});
    expect(await run(['fake', 'go'], { env: { PGSSLMODE: 'nonsense' } })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('--dry-run', () => {
  const writer = {
    plan: async () => ['one', 'two'],
    presentPlan: (plan: readonly string[]) => ({
      command: 'fake go',
      columns: [{ name: 'a' }],
      rows: plan.map((a) => ({ a })),
    }),
    intent: () => ({ action: 'do harm', destructive: true }),
    run: async () => Promise.reject(new Error('it ran')),
  };

  it('prints the plan, asks nothing and runs nothing', async () => {
    register(writer);
    expect(await run(['fake', 'go', '--dry-run', '--format', 'csv'])).toEqual({
      code: 0,
      stdout: 'a\r\none\r\ntwo\r\n',
      stderr: '',
    });
  });

  it('is not known to a command without a plan', async () => {
    register({});
    expect((await run(['fake', 'go', '--dry-run'])).code).toBe(2);
  });
});

/** Opens three, noting the order in which they are closed. */
async function openThree({ db }: Context, closed: string[]): Promise<Session[]> {
  const opened: Session[] = [];
  for (const purpose of ['first', 'second', 'third']) {
    const session = await (purpose === 'first' ? db.session() : db.open({ purpose }));
    const close = session.close.bind(session);
    opened.push(Object.assign(session, { close: async () => (closed.push(purpose), close()) }));
  }
  return opened;
}

const applicationNameOf = ({ sql }: Session) => sql<{ a: string }[]>`select current_setting('application_name') as a`;
