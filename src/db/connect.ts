import { OrdersyncError } from '../errors.ts';
import { startDeadline } from './deadline.ts';
import { openOn, type Attempt } from './open.ts';
import type { Session } from './session.ts';
import { isAcceptable, roundsOf } from './target.ts';
import { addressOf, type ConnectionSettings, type HostSettings } from './settings/types.ts';
import { SQLSTATE } from './sqlstate.ts';
import { endpointsOf } from './wire/open-socket.ts';
import { readTlsMaterial } from './wire/tls-material.ts';
import { TlsFailure } from './wire/tls.ts';

export interface SessionOptions {
  /** `ordersync migrate up`; the user's own application_name is appended in brackets. */
  readonly applicationName: string;
  /** Ends the attempt to connect, not the session. */
  readonly signal?: AbortSignal;
  /** Over all hosts; without it connect_timeout decides (10 s by default). */
  readonly deadlineMs?: number;
  /** NOTICE, WARNING and the like, as `notice: table "x" does not exist, skipping`. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Connects to the first host that will do, in order, and makes the session ready: version and role checked, times in UTC.
 * Every host gets its share of what is left of the deadline, so that a dead one does not use up the others' time.
 *
 * @throws OrdersyncError `connection` (nobody there, no PostgreSQL, refused), `not_enabled` (older than 15, unsupported
 *   authentication), `config` (certificates), `interrupted` (the signal)
 */
export async function openSession(settings: ConnectionSettings, options: SessionOptions): Promise<Session> {
  const material = readTlsMaterial(settings.tls);
  const endsAt = performance.now() + (options.deadlineMs ?? settings.connectTimeoutMs);
  const failures: OrdersyncError[] = [];
  const rounds = roundsOf(settings);
  for (const [roundIndex, accept] of rounds.entries()) {
    for (const [index, host] of settings.hosts.entries()) {
      const left = settings.hosts.length - index + settings.hosts.length * (rounds.length - 1 - roundIndex);
      const shareMs = Math.max(0, endsAt - performance.now()) / left;
      const opened = await tryHost({ host, shareMs, material, settings, options });
      if (opened instanceof OrdersyncError) failures.push(opened);
      else if (isAcceptable(accept, opened)) return opened.session;
      else failures.push(await turnAway(opened, host, settings));
    }
  }
  throw summarise(failures, settings);
}

type HostAttempt = Omit<Attempt, 'endpoint' | 'signal'> & { readonly host: HostSettings; readonly shareMs: number };
type Opened = Awaited<ReturnType<typeof openOn>>;

/** An error is returned when the next host may do better, and thrown when it would say the same. */
async function tryHost({ host, shareMs, ...request }: HostAttempt): Promise<Opened | OrdersyncError> {
  const { settings, options } = request;
  const timeout = new OrdersyncError('connection', `no answer from ${addressOf(host)} within ${seconds(shareMs)}`, {
    hint: 'check host and port, or allow more time by connect_timeout; a firewall may drop the packets',
  });
  const deadline = startDeadline(shareMs, timeout, options.signal);
  const endpoints = endpointsOf(host, settings);
  try {
    for (const [index, endpoint] of endpoints.entries()) {
      try {
        return await openOn({ ...request, endpoint, signal: deadline.signal });
      } catch (error) {
        if (index < endpoints.length - 1 && isAboutTls(error) && !deadline.signal.aborted) continue;
        if (!(error instanceof OrdersyncError) || !mayGoOn(error)) throw error;
        return error;
      }
    }
    return timeout;
  } finally {
    deadline.dispose();
  }
}

/** pg_hba.conf can ask for TLS or forbid it, and says so with 28000: `prefer` and `allow` then try the other way. */
function isAboutTls(error: unknown): boolean {
  if (error instanceof TlsFailure) return true;
  return error instanceof OrdersyncError && error.details.sqlstate === SQLSTATE.invalidAuthorization;
}

/** As libpq: a server that refuses us ends the search, one that is not there or is starting up does not. */
function mayGoOn({ code, details }: OrdersyncError): boolean {
  return code === 'connection' && (details.sqlstate === undefined || details.sqlstate === SQLSTATE.cannotConnectNow);
}

async function turnAway({ session }: Opened, host: HostSettings, { targetSessionAttributes }: ConnectionSettings) {
  await session.close();
  const role = session.server.inRecovery ? 'a standby' : 'a primary';
  return new OrdersyncError(
    'connection',
    `${addressOf(host)} is ${role}, and target_session_attrs=${targetSessionAttributes} asks for another`,
    {
      hint: 'name a server of that kind, or use target_session_attrs=any',
    },
  );
}

function summarise(failures: readonly OrdersyncError[], { hosts }: ConnectionSettings): OrdersyncError {
  const [first] = failures;
  if (first !== undefined && hosts.length === 1) return first;
  return new OrdersyncError('connection', `none of the ${hosts.length} hosts can be used`, {
    body: [...new Set(failures.map(({ message }) => message))],
    hint: first?.details.hint ?? 'check the hosts',
    cause: first,
  });
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
