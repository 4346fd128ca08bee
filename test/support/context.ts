import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/cli/session.ts';
import type { Context, ProgressEvent, Work } from '../../src/context.ts';
import { openSession } from '../../src/db/connect.ts';
import type { Session } from '../../src/db/session.ts';
import { resolveConnection } from '../../src/db/settings/resolve.ts';

export interface TestContext extends Context {
  /** What the server said: NOTICE, WARNING. */
  readonly notices: readonly string[];
  abort(reason?: unknown): void;
}

/** A command's context over one database, with real sessions and the real clock; all is closed when the test ends. */
export function testContext(
  url: string,
  migrationsDir = '/nowhere',
  { keys = noKeys, store = unasked }: { readonly keys?: Context['keys']; readonly store?: Context['store'] } = {},
): TestContext {
  const settings = resolveConnection({ flags: { url }, env: {} });
  const aborted = new AbortController();
  const opened: Session[] = [];
  const notices: string[] = [];
  let main: Promise<Session> | undefined;
  const open: Context['db']['open'] = async ({ purpose, database }) => {
    const session = await openSession(database === undefined ? settings : { ...settings, database }, {
      applicationName: purpose === undefined ? 'ordersync test' : `ordersync test (${purpose})`,
      signal: aborted.signal,
      onNotice: (message) => notices.push(message),
    });
    opened.push(session);
    return session;
  };
  onTestFinished(async () => {
    for (const session of opened.toReversed()) await session.close();
  });
  return {
    db: { open, session: () => (main ??= open({})) },
    replicas: async () => [],
    clock: systemClock(),
    signal: aborted.signal,
    config: {
      migrationsDir,
      environment: { name: undefined, protected: false },
      waivers: [],
      projectFile: '/nonexistent/ordersync.config.json',
      settings: async () => ({ settings: [], warnings: [] }),
      callAgain: async () => ({ words: ['ordersync'], answers: [], warnings: [] }),
    },
    keys,
    keyring: unasked,
    store,
    readSecret: unasked,
    reach: () => undefined,
    notices,
    abort: (reason) => aborted.abort(reason),
  };
}

async function noKeys(): Promise<never> {
  throw new Error('this context has no key store');
}

async function unasked(): Promise<never> {
  throw new Error('this context has no store, and nothing in a test of the domain reads secrets');
}

/** Drives a long operation to its end. @returns its result and every event on the way */
export async function driven<Result>(work: Work<Result>): Promise<{ result: Result; events: ProgressEvent[] }> {
  const events: ProgressEvent[] = [];
  for (;;) {
    const step = await work.next();
    if (step.done === true) return { result: step.value, events };
    events.push(step.value);
  }
}
