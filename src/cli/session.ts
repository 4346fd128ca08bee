import type { Clock, Context, Database, SettingList } from '../context.ts';
import { redact } from '../db/redact.ts';
import { addressOf } from '../db/settings/types.ts';
import type { ConnectionInput } from '../db/settings/input.ts';
import type { ConnectionSettings } from '../db/settings/types.ts';
import type { Session, SessionRequest } from '../db/session.ts';
import { OrdersyncError } from '../errors.ts';
import { warnOfPassword } from './argv-password.ts';
import type { Configuration } from './config.ts';
import type { GlobalValues } from './globals.ts';
import type { Io } from './io.ts';
import { resolveKeySettings } from './key-settings.ts';
import { resolveStoreSettings } from './store-settings.ts';

export interface DatabaseOwner extends Database, Pick<Context, 'replicas'> {
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
  const opened = new Map<Promise<Session>, Session | undefined>();
  let resolved: Promise<ConnectionSettings> | undefined;
  let main: Promise<Session> | undefined;
  let mainServer: Session['server'] | undefined;
  // Once: its warnings are not repeated with every session.
  const mainSettings = (): Promise<ConnectionSettings> => (resolved ??= resolveSettings(io, request));
  const connect = async (settings: ConnectionSettings, purpose: string | undefined): Promise<Session> => {
    const { openSession } = await import('../db/connect.ts');
    return openSession(settings, {
      applicationName: `ordersync ${request.command}${purpose === undefined ? '' : ` (${purpose})`}`,
      signal: request.signal,
      onNotice: request.notice,
    });
  };
  const remember = (attempt: Promise<Session>): Promise<Session> => {
    // A command that runs for months connects again and again: what is over needs no closing.
    for (const [earlier, known] of opened) if (known?.lost) opened.delete(earlier);
    opened.set(attempt, undefined);
    attempt.then(
      (made) => opened.set(attempt, made),
      () => opened.delete(attempt),
    );
    return attempt;
  };
  const open = ({ purpose, database }: SessionRequest): Promise<Session> => {
    const settings = async () => ({ ...(await mainSettings()), ...(database === undefined ? {} : { database }) });
    return remember(settings().then((wanted) => connect(wanted, purpose)));
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
    replicas: async (given) => {
      const { resolveReplicas } = await import('./replica.ts');
      const env = withoutTarget(io.env);
      const found = await resolveReplicas({ given, env, main: mainSettings, warn: request.warn });
      return found.map((settings) => ({
        address: settings.hosts.map(addressOf).join(','),
        open: () => remember(connect(settings, 'replica')),
      }));
    },
    close: async () => {
      // A session still being opened when the command failed must not outlive it either.
      const attempts = await Promise.allSettled(opened.keys());
      for (const attempt of attempts.toReversed()) if (attempt.status === 'fulfilled') await attempt.value.close();
    },
  };
}

/** Reads files, connects to nothing. */
export async function resolveSettings(
  io: Io,
  request: Pick<DatabaseRequest, 'configuration' | 'globals' | 'warn'>,
): Promise<ConnectionSettings> {
  const [{ resolveConnection }, configuration] = await Promise.all([
    import('../db/settings/resolve.ts'),
    request.configuration(),
  ]);
  const settings = resolveConnection(connectionInput(io, configuration, request.globals, request.warn));
  warnOfPassword(settings.sources, request.warn);
  return settings;
}

/** Where each connection setting may come from. `--env` is a flag: what it names is not overruled by variables. */
function connectionInput(
  io: Io,
  configuration: Configuration,
  { url, host, port, dbname, username }: GlobalValues,
  warn: (message: string) => void,
): ConnectionInput {
  const { connection, connectionOrigin, environment } = configuration;
  const named = environment.origin === 'flag --env';
  return {
    flags: { url, host, port, dbname, username },
    env: named ? withoutTarget(io.env) : io.env,
    project: { settings: connection, origin: connectionOrigin },
    warn,
  };
}

const TARGET_VARIABLES = new Set(
  'ORDERSYNC_DATABASE_URL DATABASE_URL PGHOST PGHOSTADDR PGPORT PGDATABASE PGUSER PGSERVICE'.split(' '),
);

function withoutTarget(env: Io['env']): Io['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !TARGET_VARIABLES.has(name)));
}

/** What `config show` lists: the program's own settings, then the connection's. */
export async function listSettings(io: Io, configuration: Configuration, globals: GlobalValues): Promise<SettingList> {
  const { environment, migrationsDir, files } = configuration;
  const own = [
    { setting: 'environment', value: environment.name ?? '-', origin: environment.origin },
    { setting: 'protected', value: String(environment.protected), origin: configuration.connectionOrigin },
    { setting: 'migrations', value: migrationsDir.value, origin: migrationsDir.origin },
    ...files.map((path) => ({ setting: 'file', value: path, origin: 'found' })),
  ];
  const warnings: string[] = [];
  try {
    own.push(...(resolveKeySettings(io, configuration)?.sources ?? []));
    own.push(...(resolveStoreSettings(io, configuration)?.sources ?? []));
    const { sources } = await resolveSettings(io, {
      configuration: async () => configuration,
      globals,
      warn: (message) => void warnings.push(message),
    });
    const connection = sources.map(({ keyword, ...rest }) => ({ setting: keyword, ...rest }));
    return masked({ settings: [...own, ...connection], warnings });
  } catch (error) {
    if (!(error instanceof OrdersyncError)) throw error;
    return masked({ settings: own, warnings: [...warnings, error.message] });
  }
}

/** A URL that was given as a host or a file name keeps its password to itself too. */
function masked({ settings, warnings }: SettingList): SettingList {
  return {
    settings: settings.map((listed) => ({ ...listed, value: redact(listed.value) })),
    warnings: warnings.map(redact),
  };
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
