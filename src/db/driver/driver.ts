import postgres from 'postgres';
import type { SocketFacade } from '../wire/socket-facade.ts';
import { valueTypes } from './value-types.ts';

export type Driver = postgres.Sql<{ bigint: bigint }>;

export interface DriverRequest {
  readonly facade: SocketFacade;
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** Asked when the server wants a password. */
  readonly password: () => string | Promise<string>;
  readonly onNotice: (message: string) => void;
}

/**
 * postgres.js on one socket of ours. It gets its options in the form it parses them into, recognised by `shared`, because
 * parsing would mix in environment variables: PGSSL, PGTARGETSESSIONATTRS=any (which throws), PGIDLE_TIMEOUT, PGMAX.
 * Timeouts, TLS, several hosts and reconnecting are off: src/db/connect.ts and src/db/wire do all of that.
 *
 * Prepared statements are on, for the round trip they save each time a statement with parameters is repeated; openSession
 * turns them off where a transaction pooler stands between.
 */
export function createDriver(request: DriverRequest): Driver {
  const { parsers, serializers, typeArrayMap } = valueTypes();
  let handedOut = false;
  const options = {
    host: [request.address],
    port: [undefined],
    path: undefined,
    user: request.user,
    pass: request.password,
    database: request.database,
    max: 1,
    max_pipeline: 100,
    prepare: true,
    fetch_types: false,
    ssl: false,
    sslnegotiation: null,
    idle_timeout: null,
    connect_timeout: null,
    max_lifetime: null,
    keep_alive: null,
    backoff: 0,
    target_session_attrs: null,
    debug: false,
    publications: '',
    no_subscribe: true,
    // A parameter of the server sent here is refused by poolers; these two are accepted by all.
    connection: { application_name: request.applicationName, client_encoding: 'UTF8' },
    // Makes sql.typed.bigint; what it reads and writes is in the tables that follow.
    types: { bigint: { to: 20 } },
    parsers,
    serializers,
    transform: { undefined: undefined, column: {}, value: {}, row: {} },
    parameters: {},
    shared: { retries: 0, typeArrayMap },
    onnotice: (notice: { severity?: string; message?: string }) => request.onNotice(describeNotice(notice)),
    socket: () => {
      if (handedOut) throw new Error('postgres.js asked for a second socket');
      handedOut = true;
      return request.facade;
    },
  };
  // The parsed form is not part of the driver's types.
  return postgres(options as unknown as postgres.Options<{ bigint: postgres.PostgresType<bigint> }>);
}

function describeNotice({ severity = 'NOTICE', message = '' }: { severity?: string; message?: string }): string {
  return `${severity.toLowerCase()}: ${message}`;
}
