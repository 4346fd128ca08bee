import { EXIT_CODES } from './exit.ts';

const CONNECTION = `Which database

  No database is guessed. Give one of these; the first found wins.

  --url, --host, --port, --dbname, --username
      flags
  ORDERSYNC_DATABASE_URL, DATABASE_URL
      a postgresql:// URI or a keyword=value string
  PGHOST PGPORT PGDATABASE PGUSER PGSERVICE …
      as libpq reads them
  ordersync.config.json
      named environments, chosen with --env or ORDERSYNC_ENV; --env outranks the
      variables that name a database

  monitor indexes --replica names standbys too, a host or a connection string
  each; ORDERSYNC_REPLICA_URL has one a line.

  Passwords come from ~/.pgpass (mode 0600), PGPASSFILE, PGPASSWORD or the
  service file; on the command line every user of the machine can read them.
  TLS: sslmode (disable … verify-full), sslrootcert, sslcert, sslkey, in the
  connection string or as PGSSL* variables. ordersync config show --origin
  prints what was chosen, and from where.
`;

const CONFIGURATION = `Configuration

  The first that says something wins: flag, environment variable,
  ordersync.config.json (in this folder or one above),
  ~/.config/ordersync/config.json, default.

  {
    "defaultEnvironment": "dev",
    "environments": {
      "dev":  { "service": "ordersync-dev" },
      "prod": { "host": "db.example", "dbname": "ordersync",
                "user": "ordersync_owner", "sslmode": "verify-full",
                "protected": true }
    }
  }

  "keys" of an environment names what wraps the encryption keys:
      { "provider": "aws-kms", "kmsKey": "alias/ordersync" }
      { "provider": "local", "keyring": "./keyring.json", "keyFile": "…" }
  or ORDERSYNC_KMS_KEY, ORDERSYNC_KEYRING, ORDERSYNC_KEYRING_KEY_FILE. A
  passphrase comes from ORDERSYNC_KEYRING_PASSPHRASE_FILE (- for standard
  input), ORDERSYNC_KEYRING_PASSPHRASE, or a question; never from a flag.

  "archive" of an environment, or ORDERSYNC_ARCHIVE, names where archives go:
  ordersync help archive-stores.

  In a protected environment anything that writes to the database asks for its
  name to be typed, or for --confirm <database>.
  ordersync config init writes a first file.
`;

const ARCHIVE_STORES = `Where archives go

  The first that says something wins.

  --to
      a directory (it must be there), or s3://bucket/prefix
  ORDERSYNC_ARCHIVE
      the same
  ordersync.config.json, in an environment; a directory is relative to the file
      "archive": { "to": "s3://ordersync-archive/prod", "region": "…" }
      "archive": { "to": "/srv/archive" }

  S3: region and credentials come from where the AWS tools have them: the
  variables AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
  ~/.aws, or the role of the machine. --endpoint, ORDERSYNC_S3_ENDPOINT or
  "endpoint" names another service that speaks the protocol (MinIO, Ceph, R2 …);
  its buckets are then addressed by path. Needed: s3:PutObject, s3:GetObject,
  s3:ListBucket, s3:AbortMultipartUpload, s3:ListBucketMultipartUploads;
  s3:DeleteObject only for files that were never proven, and for archive rewrap
  --remove-old; with an object lock s3:PutObjectRetention.

  Each database needs a directory, or a prefix, of its own. Every object is read
  back after it was written; one that is stored is never replaced. A directory
  gets files of mode 0600 in folders of mode 0700.
`;

const OUTPUT = `Output

  Results go to stdout, everything else to stderr.
  --format table|json|ndjson|csv|markdown

  json       { schemaVersion, command, server, collectedAt, warnings[], data[] }
  ndjson     one row a line
  csv        RFC 4180; a value that a spreadsheet would run as a formula is
             prefixed with '

  --progress auto|json|none    a bar on a terminal and plain lines elsewhere, or
                               one JSON event a line, on stderr

  Integers beyond 2^53 are strings, times ISO 8601 in UTC, durations
  milliseconds, sizes bytes.
  Colour: --color/--no-color, NO_COLOR, FORCE_COLOR, CLICOLOR, TERM=dumb; unless
  asked for, never when the stream is not a terminal.
`;

const TOPICS: ReadonlyMap<string, () => string> = new Map([
  ['exit-codes', exitCodes],
  ['connection', () => CONNECTION],
  ['configuration', () => CONFIGURATION],
  ['archive-stores', () => ARCHIVE_STORES],
  ['output', () => OUTPUT],
]);

export const HELP_TOPICS: readonly string[] = [...TOPICS.keys()];

/** Text of `ordersync help <topic>`; undefined when the topic is not one of ours. */
export function helpTopic(topic: string): string | undefined {
  return TOPICS.get(topic)?.();
}

function exitCodes(): string {
  const lines = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${wrapped(meaning)}`);
  return ['Exit codes', '', ...lines, ''].join('\n');
}

/** The second column of an 80 column page, broken at blanks. */
function wrapped(text: string): string {
  return text
    .replace(/(.{1,73})(?: |$)/g, '$1\n')
    .trimEnd()
    .replaceAll('\n', `\n${' '.repeat(7)}`);
}
