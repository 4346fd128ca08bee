import { OrdersyncError } from '../errors.ts';
import type { SessionOptions } from './connect.ts';
import { createDriver } from './driver/driver.ts';
import { pin, type Pinned } from './driver/pin.ts';
import { readFacts, setConnectionCheck, setDefaults, setFloatDigits, setParameter, type FactsRow } from './queries.ts';
import { describeServerError } from './server-error.ts';
import type { ServerFacts, Session, Sql } from './session.ts';
import { findPassword } from './settings/password-file.ts';
import { addressOf, isSocketFolder, type ConnectionSettings, type HostSettings } from './settings/types.ts';
import { SQLSTATE, sqlstateOf } from './sqlstate.ts';
import { sendCancel, type BackendKey } from './wire/cancel.ts';
import { readCertificates, type ServerCertificates } from './wire/certificates.ts';
import { superviseSocket, type Connection } from './wire/connection.ts';
import { openSocket, type Endpoint } from './wire/open-socket.ts';
import type { TlsMaterial } from './wire/tls-material.ts';

export interface Attempt {
  readonly endpoint: Endpoint;
  readonly settings: ConnectionSettings;
  readonly material: TlsMaterial;
  readonly signal: AbortSignal;
  readonly options: SessionOptions;
}

export interface Opened {
  readonly session: Session;
  readonly readOnly: boolean;
}

const OLDEST_VERSION_NUM = 150_000;

/** One attempt at one host: socket, TLS, log-in, facts, defaults. Whatever fails, nothing stays open. */
export async function openOn(attempt: Attempt): Promise<Opened> {
  const { endpoint, settings, signal, options } = attempt;
  const { socket, encrypted } = await openSocket(endpoint, settings, attempt);
  const secret = passwordFor(endpoint.host, settings);
  const address = addressOf(endpoint.host);
  let pinned: Pinned | undefined;
  const connection = superviseSocket({ socket, address, onLoss: (loss) => pinned?.fail(loss) });
  const abort = (): void => void connection.cut(signal.reason as OrdersyncError);
  signal.addEventListener('abort', abort);
  const driver = createDriver({
    facade: connection.facade,
    address,
    user: settings.user,
    database: settings.database,
    applicationName: applicationNameOf(options, settings),
    password: () => secret?.reveal() ?? withoutPassword(connection, settings.user),
    onNotice: options.onNotice ?? (() => {}),
  });
  pinned = pin(driver);
  try {
    if (signal.aborted) abort();
    const { server, readOnly, key } = await readServer(pinned.sql, address);
    if (server.pooled) {
      driver.options.prepare = false;
      pinned.stopPipelining();
    }
    await applySettings(pinned.sql, server, settings);
    const host = samePlace(endpoint.host, socket.remoteAddress);
    const cancel = () => sendCancel({ host, encrypted, settings, material: attempt.material, key });
    const certificates = (limit: AbortSignal) => readCertificates(host, settings, limit);
    return { session: sessionOf({ pinned, connection, server, cancel, certificates }), readOnly };
  } catch (error) {
    const place = { address, user: settings.user, database: settings.database, passwordGiven: secret !== undefined };
    const described = describeServerError(error, place) ?? error;
    await connection.end(new OrdersyncError('connection', 'the session could not be opened'));
    throw described;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function passwordFor(host: HostSettings, { password, passwordEntries, database, user }: ConnectionSettings) {
  return password ?? findPassword(passwordEntries, { host: host.host, port: host.port, database, user });
}

/** The server asked for a password and there is none: an empty one would be refused in the words of a wrong one. */
function withoutPassword(connection: Connection, user: string): Promise<never> {
  connection.cut(
    new OrdersyncError('connection', `the server asks for a password of user "${user}", and none is given`, {
      hint: 'set PGPASSWORD, or add a line to ~/.pgpass (chmod 600)',
      sqlstate: SQLSTATE.invalidPassword,
    }),
  );
  return new Promise(() => {});
}

function applicationNameOf({ applicationName }: SessionOptions, { label }: ConnectionSettings): string {
  return label === undefined ? applicationName : `${applicationName} [${label}]`;
}

interface Server {
  readonly server: ServerFacts;
  readonly readOnly: boolean;
  readonly key: BackendKey;
}

async function readServer(sql: Sql, address: string): Promise<Server> {
  const result = await readFacts(sql);
  const [row] = result;
  if (row === undefined) throw new Error('the server returned no facts');
  const { pid, secret } = result.state;
  const server = factsOf(row, pid, address);
  if (server.versionNum < OLDEST_VERSION_NUM) {
    throw new OrdersyncError(
      'not_enabled',
      `the server at ${address} is PostgreSQL ${server.version}; ordersync needs 15 or newer`,
      {
        hint: 'upgrade the server, or name another',
      },
    );
  }
  return { server, readOnly: row.read_only === 'on', key: { pid, secret } };
}

function factsOf(row: FactsRow, keyPid: number, address: string): ServerFacts {
  const pid = Number(row.pid);
  return {
    versionNum: Number(row.version_num),
    version: row.version,
    pid,
    database: row.database,
    user: row.user,
    address,
    inRecovery: row.in_recovery === 'true',
    superuser: row.superuser === 'true',
    // A pooler in transaction mode answers the log-in itself, with a process id of its own making.
    pooled: pid !== keyPid,
  };
}

/** Settings a pooler would leave behind for its other clients are not made through one. */
async function applySettings(sql: Sql, { pooled }: ServerFacts, { serverSettings }: ConnectionSettings): Promise<void> {
  const ownSettings = pooled ? [] : [setFloatDigits(sql), setConnectionCheck(sql).catch(ignoreUnsupported)];
  await Promise.all([setDefaults(sql), ...ownSettings]); // sent together: one round trip
  for (const [name, value] of serverSettings) await setParameter(sql, name, value, false);
}

function ignoreUnsupported(error: unknown): void {
  const sqlstate = sqlstateOf(error);
  if (sqlstate !== SQLSTATE.invalidParameterValue && sqlstate !== SQLSTATE.featureNotSupported) throw error;
}

/** A name can lead to several servers; a cancel request is for this one. The name stays, for its certificate. */
function samePlace(host: HostSettings, remoteAddress: string | undefined): HostSettings {
  return isSocketFolder(host.host) || remoteAddress === undefined ? host : { ...host, address: remoteAddress };
}

interface Parts {
  readonly pinned: Pinned;
  readonly connection: Connection;
  readonly server: ServerFacts;
  readonly cancel: () => Promise<void>;
  readonly certificates: (signal: AbortSignal) => Promise<ServerCertificates>;
}

function sessionOf({ pinned, connection, server, cancel, certificates }: Parts): Session {
  return {
    sql: pinned.sql,
    server,
    get lost() {
      return connection.loss !== undefined;
    },
    cancel: async () => {
      if (connection.loss === undefined) await cancel();
    },
    certificates,
    takeOver: (receiver) => {
      if (pinned.pending > 0) throw new Error('a session that waits for answers cannot be taken over');
      return connection.divert(receiver);
    },
    close: async () => {
      if (connection.loss !== undefined) return;
      // A statement nobody waits for any more would go on in the server after its client has left.
      if (pinned.pending > 0) await cancel();
      await connection.end(new OrdersyncError('connection', 'the session is closed'));
    },
  };
}
