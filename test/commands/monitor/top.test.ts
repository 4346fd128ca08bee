import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, useServer } from '../../support/postgres.ts';
import { monitor } from './fixture.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

/** Types what belongs to a text once that text has been drawn, one after the other. */
const playing = (steps: readonly (readonly [seen: RegExp, act: (type: (keys: string) => void) => void])[]) => {
  let step = 0;
  let from = 0;
  return (text: string, type: (keys: string) => void): void => {
    const [seen, act] = steps[step] ?? [];
    if (seen === undefined || act === undefined || !seen.test(text.slice(from).replaceAll(/\p{Cc}\[K/gu, '|'))) return;
    step += 1;
    from = text.length;
    act(type);
  };
};
const keys = (text: string) => (type: (keys: string) => void) => type(text);

describe('ordersync monitor top', () => {
  // What it shows of a server that rests is part of the promise.
  const server = useServer();
  const url = () => server.current.url;
  let sql: postgres.Sql;
  beforeAll(() => {
    sql = postgres(url(), { max: 1, onnotice: () => undefined });
  });
  afterAll(async () => sql?.end());

  it.each([60, 80, 200])(
    'shows each view on %i columns, pauses, changes its pace, and leaves the terminal as it was',
    async (columns) => {
      await sql`create extension if not exists pg_stat_statements`;
      await sql`create table if not exists "주문 내역" (id integer)`;
      const { code, stdout } = await monitor(url(), 'top --every 250ms', {
        tty: true,
        columns,
        rows: 24,
        env: { NO_COLOR: '1' },
        onStdout: playing([
          [/activity, every 0\.25 s[^]*no other session/, keys('2')],
          [/blocking, every[^]*nobody waits/, keys('3')],
          [/statements by total[^]*calls/, keys('s')],
          [/statements by mean/, keys('4')],
          [columns === 80 ? /tables, every[^]*주…/ : /tables, every[^]*주문/, keys('+')],
          [/tables, every 0\.5 s/, keys(' ')],
          [/tables, paused/, keys('q')],
        ]),
      });
      expect(code).toBe(0);
      expect(stdout.startsWith(ENTER)).toBe(true);
      expect(stdout.endsWith(LEAVE)).toBe(true);
    },
  );

  it.each([
    ['Ctrl-C as a key', 0, (type: (keys: string) => void) => type('\u0003')],
    ['SIGTERM', 143, undefined],
  ])('restores the terminal after %s', async (_, code, act) => {
    let deliver: ((signal: 'SIGTERM') => void) | undefined;
    const ran = await monitor(url(), 'top --every 250ms', {
      tty: true,
      columns: 80,
      rows: 24,
      onListen: (listener) => {
        // The first listener is the program's, the second the screen's.
        const first = deliver;
        deliver = (signal) => {
          first?.(signal);
          listener(signal);
        };
      },
      onStdout: playing([[/no other session/, act ?? (() => deliver?.('SIGTERM'))]]),
    });
    expect(ran.code).toBe(code);
    expect(ran.stdout.endsWith(LEAVE)).toBe(true);
  });

  it('takes a new session at once when its own is ended', async () => {
    const pids = new Set<number>();
    const { code, stdout } = await monitor(url(), 'top --every 250ms', {
      tty: true,
      columns: 120,
      rows: 24,
      onStdout: playing([
        [/no other session/, () => void endSessionOfTop(pids)],
        [/transactions\/s[^]*transactions\/s[^]*transactions\/s/, keys('q')],
      ]),
    });
    expect({ code, ended: pids.size }).toEqual({ code: 0, ended: 1 });
    expect(stdout.endsWith(LEAVE)).toBe(true);
  });

  async function endSessionOfTop(pids: Set<number>): Promise<void> {
    const ended = await sql<{ pid: number }[]>`
      select pid, pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'ordersync monitor top'`;
    for (const { pid } of ended) pids.add(pid);
  }

  it('keeps its last screen while the server is down, says since when, and goes on when it is up', async () => {
    const ending = await startServer();
    try {
      const { code, stdout } = await monitor(ending.url, 'top --every 250ms', {
        tty: true,
        columns: 120,
        rows: 24,
        onStdout: playing([
          [/no other session/, () => void ending.halt('immediate')],
          [/server unreachable since \d\d:\d\d:\d\dZ, attempt 2/, () => void ending.start()],
          [/activity, every 0\.25 s\|\r\n\|/, keys('q')],
        ]),
      });
      expect(code).toBe(0);
      expect(stdout.endsWith(LEAVE)).toBe(true);
    } finally {
      await ending.stop('immediate');
    }
  });

  it('without a terminal is one look at the activity', async () => {
    const { code, stdout } = await monitor(url(), 'top --format json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ command: 'monitor top', data: [] });
  });
});
