import { OrdersyncError, type ErrorCode } from '../errors.ts';
import { SQLSTATE, sqlstateOf } from './sqlstate.ts';

/** What is known about the connection, for the words of a message; never a password. */
export interface ServerErrorPlace {
  readonly address?: string;
  readonly database?: string;
  readonly user?: string;
  readonly passwordGiven?: boolean;
}

/**
 * The one place that puts a server's refusal or a failed connection into words. DETAIL, parameters and the statement are
 * withheld: they may hold rows. undefined for an error it does not know, which is then the caller's or a bug.
 */
export function describeServerError(error: unknown, place: ServerErrorPlace = {}): OrdersyncError | undefined {
  if (error instanceof OrdersyncError) return error;
  const sqlstate = sqlstateOf(error);
  if (sqlstate === undefined) return describeNetworkError(error, place);
  const described = SERVER_ERRORS[sqlstate]?.(place, (error as Error).message);
  if (described === undefined) return undefined;
  const { code, message, hint } = described;
  return new OrdersyncError(code, message, { hint, sqlstate, cause: error });
}

interface Description {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

type Describe = (place: ServerErrorPlace, serverMessage: string) => Description;

const at = ({ address }: ServerErrorPlace): string =>
  address === undefined ? 'the server' : `the server at ${address}`;
const as = ({ user }: ServerErrorPlace): string => (user === undefined ? 'this user' : `user "${user}"`);

const ended: Describe = (place, message) => ({
  code: 'connection',
  message: `${at(place)} ended the session: ${message}`,
  hint: 'wait until the server accepts connections, then run the command again',
});

const lacking: Describe = (_place, message) => ({
  code: 'precondition',
  message: `the database lacks something that this version of the program needs: ${message}`,
  hint: 'apply the pending migrations: ordersync migrate status shows them',
});

/** Only messages of the server that name objects and settings are repeated, never one that may quote a value. */
const SERVER_ERRORS: Readonly<Record<string, Describe>> = {
  [SQLSTATE.invalidPassword]: (place) => ({
    code: 'connection',
    message: `${at(place)} refused the password of ${as(place)}`,
    hint:
      place.passwordGiven === false
        ? 'no password was given: set PGPASSWORD, or add a line to ~/.pgpass'
        : 'see which one was used with `ordersync config show --origin`; a line in ~/.pgpass, PGPASSWORD or the URL gives it',
  }),
  [SQLSTATE.invalidAuthorization]: (place, message) => ({
    code: 'connection',
    message: `${at(place)} refused ${as(place)}: ${message}`,
    hint: "the server's pg_hba.conf decides who may connect from where, with and without TLS",
  }),
  [SQLSTATE.invalidCatalog]: (place) => ({
    code: 'connection',
    message:
      place.database === undefined
        ? 'the database does not exist'
        : `database "${place.database}" does not exist on ${at(place)}`,
    hint: 'check the name, or create it with `createdb`',
  }),
  [SQLSTATE.insufficientPrivilege]: (place, message) => ({
    code: 'permission',
    message: `${as(place)} may not do this: ${message}`,
    hint: 'grant the right, or connect as a role that has it',
  }),
  [SQLSTATE.tooManyConnections]: (place, message) => ({
    code: 'connection',
    message: `${at(place)} has no free connection: ${message}`,
    hint: 'try again later, or see who holds them with `ordersync monitor connections`',
  }),
  [SQLSTATE.objectNotInPrerequisiteState]: (_place, message) => ({
    code: 'precondition',
    message: `the server is not in the state this needs: ${message}`,
    hint: 'bring it into that state, then run the command again',
  }),
  [SQLSTATE.lockNotAvailable]: (_place, message) => ({
    code: 'lock_held',
    message: `another session holds a lock this needs: ${message}`,
    hint: 'see who holds it with `ordersync monitor blocking`',
  }),
  [SQLSTATE.queryCanceled]: (_place, message) => ({
    code: 'precondition',
    message: `the server cancelled the statement: ${message}`,
    hint: 'a person cancelled it, or statement_timeout is too short for it',
  }),
  [SQLSTATE.readOnlyTransaction]: (place) => ({
    code: 'precondition',
    message: `${at(place)} is read-only: a standby, or default_transaction_read_only is on`,
    hint: 'connect to the primary; with several hosts, target_session_attrs=read-write finds it',
  }),
  [SQLSTATE.undefinedTable]: lacking,
  [SQLSTATE.undefinedColumn]: lacking,
  [SQLSTATE.undefinedFunction]: lacking,
  [SQLSTATE.diskFull]: (place, message) => ({
    code: 'precondition',
    message: `${at(place)} has no space left: ${message}`,
    hint: 'free space on the server, then run the command again',
  }),
  [SQLSTATE.cannotConnectNow]: (place, message) => ({
    code: 'connection',
    message: `${at(place)} does not accept connections now: ${message}`,
    hint: 'it is starting up, shutting down or recovering: try again in a moment',
  }),
  [SQLSTATE.adminShutdown]: ended,
  [SQLSTATE.crashShutdown]: ended,
  [SQLSTATE.databaseDropped]: ended,
  [SQLSTATE.idleSessionTimeout]: ended,
};

/** libuv's and the resolver's codes; their own messages repeat the address, and "getaddrinfo" helps nobody. */
const NETWORK_ERRORS: Readonly<Record<string, (place: ServerErrorPlace) => readonly [message: string, hint: string]>> =
  {
    ECONNREFUSED: (place) => [
      `nothing accepts connections at ${place.address ?? 'the address'}`,
      'is the server running, and are host and port right',
    ],
    ENOTFOUND: (place) => [
      `the host name of ${place.address ?? 'the server'} is not known`,
      'check its spelling, and the name server',
    ],
    EAI_AGAIN: (place) => [
      `the host name of ${place.address ?? 'the server'} cannot be looked up now`,
      'the name server does not answer: try again',
    ],
    ETIMEDOUT: (place) => [`${at(place)} does not answer`, 'a firewall may drop the packets; check host and port'],
    EHOSTUNREACH: (place) => [`there is no route to ${at(place)}`, 'check the network and the host'],
    ENETUNREACH: (place) => [`there is no route to ${at(place)}`, 'check the network and the host'],
    ECONNRESET: (place) => [
      `${at(place)} broke the connection`,
      'is it a PostgreSQL server, and does something between cut connections',
    ],
    EPIPE: (place) => [
      `${at(place)} broke the connection`,
      'is it a PostgreSQL server, and does something between cut connections',
    ],
    ENOENT: (place) => [
      `there is no server socket ${place.address ?? ''}`.trimEnd(),
      'is the server running, and is this the folder of its unix_socket_directories',
    ],
    EACCES: (place) => [
      `the server socket ${place.address ?? ''} may not be used by this operating system user`,
      'the folder or the socket is closed to it',
    ],
  };

function describeNetworkError(error: unknown, place: ServerErrorPlace): OrdersyncError | undefined {
  const { code } = error as NodeJS.ErrnoException;
  const words = code === undefined ? undefined : NETWORK_ERRORS[code]?.(place);
  if (words === undefined) return undefined;
  return new OrdersyncError('connection', words[0], { hint: words[1], cause: error });
}
