import type { Clock, Database } from '../context.ts';
import type { Session, SessionRequest } from '../db/session.ts';
import type { Configuration } from './config.ts';
import type { GlobalValues } from './globals.ts';
import type { Io } from './io.ts';

export interface DatabaseOwner extends Database {
  /** Facts of the main session's server, when it was opened. */
  readonly server: Session['server'] | undefined;
  /** Closes every session, the last opened first. */
  close(): Promise<void>;
}

export interface DatabaseRequest {
  /** "migrate up": becomes application_name `ordersync migrate up`. */
  readonly command: string;
  readonly configuration: () => Promise<Configuration>;
  readonly globals: GlobalValues;
  readonly signal: AbortSignal;
  readonly notice: (message: string) => void;
  readonly warn: (message: string) => void;
}

/** Connects at the first need, so that --help, usage errors and file checks never wait for a server. */
export function createDatabase(io: Io, request: DatabaseRequest): DatabaseOwner {
  const opened: Session[] = [];
  let main: Promise<Session> | undefined;
  let mainServer: Session['server'] | undefined;
  const open = async ({ purpose, database }: SessionRequest): Promise<Session> => {
    const [{ openSession }, settings] = await Promise.all([import('../db/connect.ts'), resolveSettings(io, request)]);
    const session = await openSession(database === undefined ? settings : { ...settings, database }, {
      applicationName: `ordersync ${request.command}${purpose === undefined ? '' : ` (${purpose})`}`,
      signal: request.signal,
      onNotice: request.notice,
    });
    opened.push(session);
    return session;
  };
  const openMain = async (): Promise<Session> => {
    const session = await open({});
    mainServer = session.server;
    return session;
  };
  return {
    get server() {
      return mainServer;
    },
    session: () => (main ??= openMain()),
    open,
    close: async () => {
      for (const session of opened.toReversed()) await session.close();
    },
  };
}

async function resolveSettings(io: Io, { configuration, globals, warn }: DatabaseRequest) {
  const [{ resolveConnection }, { connection, connectionOrigin }] = await Promise.all([
    import('../db/settings/resolve.ts'),
    configuration(),
  ]);
  const { url, host, port, dbname, username } = globals;
  return resolveConnection({
    flags: { url, host, port, dbname, username },
    env: io.env,
    project: { settings: connection, origin: connectionOrigin },
    warn,
  });
}

export function systemClock(): Clock {
  return {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        if (signal?.aborted) done();
        else signal?.addEventListener('abort', done);
      }),
  };
}
