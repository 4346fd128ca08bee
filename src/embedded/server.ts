import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { OrdersyncError } from '../errors.ts';
import { serverAccount, temporaryDirectory, type Account } from './account.ts';
import { prepareBinaries } from './binaries.ts';
import { postGuard, type Guard, type Postmaster, type ServerSignal } from './guard.ts';
import { halt, launch, launchOnFreePort, type LaunchSite, type ShutdownMode } from './launch.ts';
import { renderSettings, type Settings } from './settings.ts';
import { createDataDirectory } from './template.ts';
import { openCache } from './tree.ts';
import type { PostgresVersion } from './version.ts';

/** A private PostgreSQL in a temporary directory. It ends, and its directory goes, when this process ends in any way. */
export interface EmbeddedServer {
  readonly version: PostgresVersion;
  /** Address of the listener: 127.0.0.1, or the socket's directory when it listens on the socket only. */
  readonly host: string;
  readonly port: number;
  /** Absolute path; there the superuser needs no password. The socket's name ends in the port. */
  readonly socketDir: string;
  /** URL of the superuser `postgres` and the database `postgres`, with its password. */
  readonly url: string;
  readonly password: string;
  readonly dataDir: string;
  readonly logFile: string;
  /** Process id of the postmaster; undefined while the server is down. */
  readonly pid: number | undefined;
  /** The same server's URL for another database, or another user (no password: trusted on the socket only). */
  urlFor(database: string, login?: Login): string;
  /** Ends the server and removes its directory. A second call waits for the first. */
  stop(mode?: ShutdownMode): Promise<void>;
  /** Ends the server and keeps its data, for `start` or for a cold copy. */
  halt(mode?: ShutdownMode): Promise<void>;
  /** Kills the postmaster and all its processes, as a power failure would; resolves when none is left. */
  kill(): Promise<void>;
  /** Starts it again on the same port after `halt` or `kill`. */
  start(): Promise<void>;
  restart(mode?: ShutdownMode): Promise<void>;
  /** Sends a signal to the postmaster: HUP reads the settings again, STOP and CONT freeze and thaw it. */
  signal(signal: ServerSignal): void;
  /** Lets the server outlive this process. Returns the shell command that ends it and removes its directory. */
  keep(): Promise<string>;
}

export interface Login {
  readonly user: string;
  readonly password?: string;
}

export interface EmbeddedRequest {
  readonly version?: PostgresVersion;
  readonly settings?: Settings;
  /** `loopback` (default) listens on 127.0.0.1 with a password and on the socket; `socket` on the socket only. */
  readonly listen?: 'socket' | 'loopback';
  /** Keep a finished data directory (40 MB per version) below the temporary directory, so that the next start is faster. */
  readonly cache?: boolean;
  /** A halted server whose data is copied instead of starting empty; `standby` keeps the copy in recovery. */
  readonly copyOf?: { readonly server: EmbeddedServer; readonly standby: boolean };
  /** Ends the start, and removes what it made. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a PostgreSQL of one of the supported versions; initdb takes about a second, a cached start a fraction of it.
 * @throws OrdersyncError `not_enabled` when the binaries are not installed or do not run here, `precondition` when the
 * server does not start (with the end of its log), `interrupted` when the signal aborts.
 */
export async function startEmbedded(request: EmbeddedRequest = {}): Promise<EmbeddedServer> {
  const account = serverAccount();
  const temporary = temporaryDirectory(account);
  const directory = join(temporary, `ordersync-pg-${randomBytes(6).toString('hex')}`);
  const { socketDir, outside } = chooseSocketDirectory(directory);
  const guard = await postGuard({
    account,
    directory,
    socketDirectory: outside ? socketDir : undefined,
    settings: renderSettings(socketDir, request.listen ?? 'loopback', request.settings ?? {}),
  });
  const abort = (): void => void guard.dismiss();
  request.signal?.addEventListener('abort', abort);
  try {
    request.signal?.throwIfAborted();
    if (!outside) await guard.order(`mkdir ${socketDir}`);
    return await prepareAndLaunch({ guard, account, temporary, directory, socketDir }, request);
  } catch (error) {
    await guard.dismiss();
    if (request.signal?.aborted !== true) throw error;
    throw new OrdersyncError('interrupted', 'starting the embedded server was interrupted', { cause: error });
  } finally {
    request.signal?.removeEventListener('abort', abort);
  }
}

/** A socket's path has at most 107 bytes on Linux and 103 on macOS; a long TMPDIR leaves no room for it. */
function chooseSocketDirectory(directory: string): { socketDir: string; outside: boolean } {
  const inside = join(directory, 'socket');
  if (Buffer.byteLength(join(inside, '.s.PGSQL.65535')) <= 103) return { socketDir: inside, outside: false };
  return { socketDir: `/tmp/ordersync-socket-${randomBytes(6).toString('hex')}`, outside: true };
}

interface Place {
  readonly guard: Guard;
  readonly account: Account;
  readonly temporary: string;
  readonly directory: string;
  readonly socketDir: string;
}

async function prepareAndLaunch(place: Place, request: EmbeddedRequest): Promise<EmbeddedServer> {
  const { guard, directory } = place;
  const version = request.version ?? 18;
  const cache = request.cache === true ? await openCache(guard, place.account, place.temporary) : undefined;
  const binaries = await prepareBinaries(version, { ...place, cache });
  await guard.order(`native ${binaries.native}`);
  const password = await fillDataDirectory(
    request,
    () => createDataDirectory(guard, { directory, cache, binaries }),
    guard,
  );
  await guard.order('configure');
  if (request.copyOf?.standby === true) await guard.order('standby');
  const site = { guard, dataDir: join(directory, 'data'), logFile: join(directory, 'postgres.log') };
  const { port, postmaster } = await launchOnFreePort(site);
  const host = request.listen === 'socket' ? place.socketDir : '127.0.0.1';
  return serverHandle(site, { version, host, port, socketDir: place.socketDir, password }, postmaster);
}

async function fillDataDirectory(
  { copyOf }: EmbeddedRequest,
  create: () => Promise<string>,
  guard: Guard,
): Promise<string> {
  if (copyOf === undefined) return create();
  if (copyOf.server.pid !== undefined) {
    throw new OrdersyncError('precondition', 'the server to copy is running', { hint: 'halt it for the copy' });
  }
  await guard.order(`copy ${copyOf.server.dataDir}`);
  return copyOf.server.password;
}

interface Address {
  readonly version: PostgresVersion;
  readonly host: string;
  readonly port: number;
  readonly socketDir: string;
  readonly password: string;
}

function serverHandle(site: LaunchSite, address: Address, launched: Postmaster): EmbeddedServer {
  const { guard } = site;
  let postmaster: Postmaster | undefined;
  let stopped: Promise<void> | undefined;
  const watch = (started: Postmaster): void => {
    postmaster = started;
    void started.exited.then(() => (postmaster = postmaster === started ? undefined : postmaster));
  };
  watch(launched);
  const haltIfRunning = async (mode: ShutdownMode): Promise<void> => {
    if (postmaster !== undefined) await halt(guard, postmaster, mode);
  };
  const end = async (mode: ShutdownMode): Promise<void> => {
    try {
      await haltIfRunning(mode);
    } finally {
      await guard.dismiss();
    }
  };
  const start = async (): Promise<void> => watch(await launch(site, address.port));
  return {
    ...address,
    dataDir: site.dataDir,
    logFile: site.logFile,
    url: urlOf(address, 'postgres', { user: 'postgres', password: address.password }),
    get pid() {
      return postmaster?.pid;
    },
    urlFor: (database, login = { user: 'postgres', password: address.password }) => urlOf(address, database, login),
    stop: (mode = 'fast') => (stopped ??= end(mode)),
    halt: (mode = 'fast') => haltIfRunning(mode),
    kill: async () => {
      if (postmaster === undefined) return;
      guard.signal('KILL');
      await postmaster.exited;
    },
    start,
    restart: async (mode = 'fast') => {
      await haltIfRunning(mode);
      await start();
    },
    signal: (signal) => guard.signal(signal),
    keep: async () => {
      if (postmaster === undefined) {
        throw new OrdersyncError('precondition', 'the embedded server is down', { hint: 'start it before keeping it' });
      }
      await guard.keep();
      return `kill ${guard.pid}`;
    },
  };
}

function urlOf({ host, port }: Address, database: string, { user, password }: Login): string {
  const login = encodeURIComponent(user) + (password === undefined ? '' : `:${encodeURIComponent(password)}`);
  return `postgres://${login}@${encodeURIComponent(host)}:${port}/${encodeURIComponent(database)}`;
}
