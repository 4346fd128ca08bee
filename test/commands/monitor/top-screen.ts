import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import type { Ran } from '../../support/io.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { useDatabase, useServer } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';
import { monitor } from './fixture.ts';

export const UP = '\u001b[A';
export const DOWN = '\u001b[B';
export const ESCAPE = '\u001b';

/** The frames drawn so far; each begins with the cursor at home. */
export function framesOf(stdout: string): string[][] {
  const [, ...frames] = stdout.split('\u001b[H');
  return frames.map((frame) =>
    frame
      .replaceAll(/\p{Cc}\[\?[\d;]*[hl]|\p{Cc}\[J/gu, '')
      .split('\r\n')
      .map((line) => line.replaceAll('\u001b[K', '').trimEnd()),
  );
}

/** Of 250 ms each, at least. */
const MOST_FRAMES = 60;

export type Step = readonly [seen: RegExp, act: string | (() => string)];

interface PlayOptions {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Types into `monitor top` what belongs to a frame once that frame has been drawn, one step after the other. */
export async function play(
  url: string,
  steps: readonly Step[],
  { columns = 120, env = {} }: PlayOptions = {},
): Promise<Ran & { readonly frames: string[][] }> {
  let step = 0;
  let from = 0;
  const ran = await monitor(url, 'top --every 250ms', {
    tty: true,
    columns,
    rows: 24,
    env: { NO_COLOR: '1', ...env },
    onStdout: (text, type) => {
      const [wanted, act] = steps[step] ?? [];
      const frames = framesOf(text.slice(from));
      // A step whose frame does not come ends the test, and the frames say why.
      if (frames.length > MOST_FRAMES) type('\u0003');
      if (wanted === undefined || act === undefined || !wanted.test(frames.at(-1)?.join('\n') ?? '')) return;
      step += 1;
      from = text.length;
      type(typeof act === 'string' ? act : act());
    },
  });
  const frames = framesOf(ran.stdout);
  if (step < steps.length) throw new Error(`no frame has ${steps[step]?.[0]}; the last:\n${frames.at(-1)?.join('\n')}`);
  return { ...ran, frames };
}

/** The first frame of that form. */
export function drawn(frames: readonly string[][], pattern: RegExp): string {
  const found = frames.map((lines) => lines.join('\n')).find((frame) => pattern.test(frame));
  if (found === undefined) throw new Error(`no frame has ${pattern}; the last: ${frames.at(-1)?.join('\n')}`);
  return found;
}

export function rowOf(pid: number): RegExp {
  return new RegExp(`^  +${pid} `, 'm');
}

/** The row of the session, with the mark of the selected one. */
export function selected(pid: number): RegExp {
  return new RegExp(`^> +${pid} `, 'm');
}

interface Work {
  readonly database: { readonly current: TestDatabase };
  /** Of a session in a long statement, and of one idle in a transaction. */
  readonly pids: { sleeper: number; idle: number };
  stateOf(pid: number): Promise<string | undefined>;
  /** Resolves when the long statement has ended. */
  slept(): Promise<unknown>;
}

/** A server of its own, for the screen shows everybody's sessions, with a table and two sessions: `order-batch` in a long statement with a secret in it, `shop-web` idle in a transaction. */
export function useWork(secret: string): Work {
  useServer();
  const database = useDatabase();
  const pids = { sleeper: 0, idle: 0 };
  const sessions: postgres.Sql[] = [];
  let sleeping: Promise<unknown> | undefined;
  const stateOf = async (pid: number): Promise<string | undefined> => {
    const [row] = await database.current.sql<
      { state: string }[]
    >`select state from pg_stat_activity where pid = ${pid}`;
    return row?.state;
  };
  beforeAll(async () => {
    await database.current.sql`create table "주문 내역" (id integer)`;
    const [sleeper, idle] = ['order-batch', 'shop-web'].map((name) =>
      postgres(database.current.url, { max: 1, onnotice: () => {}, connection: { application_name: name } }),
    ) as [postgres.Sql, postgres.Sql];
    sessions.push(sleeper, idle);
    pids.sleeper = await pidOf(sleeper);
    sleeping = sleeper.unsafe(`select pg_sleep(600), '${secret}' as "메뉴 이름"`).catch(() => undefined);
    await idle`begin`.simple();
    pids.idle = await pidOf(idle);
    await waitFor(async () => (await stateOf(pids.sleeper)) === 'active', 'the statement to run');
  });
  afterAll(async () => {
    // A statement that nobody waits for any more would go on.
    await database.current.sql`select pg_terminate_backend(${pids.sleeper})`;
    for (const session of sessions) await session.end({ timeout: 0 });
    await sleeping;
  });
  return { database, pids, stateOf, slept: async () => sleeping };
}

export async function pidOf(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return Number(row?.pid);
}
