import { EXIT_CODES } from './exit.ts';

const CONNECTION = `Which database

  Without a database nothing is guessed: give one of these, the first found wins.

  --url, --host, --port, --dbname, --username      flags
  ORDERSYNC_DATABASE_URL, DATABASE_URL             a postgresql:// URI or a keyword=value string
  PGHOST PGPORT PGDATABASE PGUSER PGSERVICE …      as libpq reads them
  ordersync.config.json                            named environments, chosen with --env or ORDERSYNC_ENV;
                                                   --env outranks the variables that name a database

  Passwords come from ~/.pgpass (mode 0600), PGPASSFILE, PGPASSWORD or the service file; on the command line every
  user of the machine can read them. TLS: sslmode (disable … verify-full), sslrootcert, sslcert, sslkey, in the
  connection string or as PGSSL* variables. ordersync config show --origin prints what was chosen, and from where.
`;

const CONFIGURATION = `Configuration

  flag > environment variable > ordersync.config.json (this folder or one above) > ~/.config/ordersync/config.json > default

  {
    "defaultEnvironment": "dev",
    "environments": {
      "dev":  { "service": "ordersync-dev" },
      "prod": { "host": "db.example", "dbname": "ordersync", "user": "ordersync_owner", "sslmode": "verify-full", "protected": true }
    }
  }

  In a protected environment anything that writes asks for the database's name to be typed, or --confirm <database>.
  ordersync config init writes a first file.
`;

const OUTPUT = `Output

  Results go to stdout, everything else to stderr. --format table|json|ndjson|csv|markdown

  json       { schemaVersion, command, server, collectedAt, warnings[], data[] }
  ndjson     one row a line
  csv        RFC 4180; a value that a spreadsheet would run as a formula is prefixed with '
  --progress auto|json|none    bar on a terminal, plain lines elsewhere, or one JSON event a line, on stderr

  Integers beyond 2^53 are strings, times ISO 8601 in UTC, durations milliseconds, sizes bytes.
  Colour: --color/--no-color, NO_COLOR, FORCE_COLOR, CLICOLOR, TERM=dumb; never when the stream is not a terminal.
`;

/** Text of `ordersync help <topic>`; undefined when the topic is not one of ours. */
export function helpTopic(topic: string): string | undefined {
  const topics: Readonly<Record<string, () => string>> = {
    'exit-codes': exitCodes,
    connection: () => CONNECTION,
    configuration: () => CONFIGURATION,
    output: () => OUTPUT,
  };
  return topics[topic]?.();
}

function exitCodes(): string {
  const lines = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`);
  return ['Exit codes', '', ...lines, ''].join('\n');
}
