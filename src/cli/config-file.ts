import * as v from 'valibot';
import { OrdersyncError } from '../errors.ts';

const text = v.pipe(v.string(), v.nonEmpty());

/** Where an environment's keys are. What opens a keyring is a file or a passphrase; a passphrase never stands here. */
const keys = v.variant('provider', [
  v.strictObject({
    provider: v.literal('aws-kms'),
    kmsKey: text,
    region: v.optional(text),
    endpoint: v.optional(text),
    profile: v.optional(text),
  }),
  v.strictObject({ provider: v.literal('local'), keyring: text, keyFile: v.optional(text) }),
]);

/** Where an environment's archives go. Credentials never stand here: the AWS SDK finds them. */
const archive = v.strictObject({
  to: text,
  region: v.optional(text),
  endpoint: v.optional(text),
  profile: v.optional(text),
});

/**
 * One named environment. Connection members have libpq's names; a password does not belong in a file that is committed,
 * so `passfile`, `service` or the environment carries it.
 */
const environment = v.strictObject({
  url: v.optional(text),
  host: v.optional(text),
  port: v.optional(text),
  dbname: v.optional(text),
  user: v.optional(text),
  service: v.optional(text),
  passfile: v.optional(text),
  sslmode: v.optional(text),
  sslrootcert: v.optional(text),
  sslcert: v.optional(text),
  sslkey: v.optional(text),
  protected: v.optional(v.boolean()),
  migrations: v.optional(text),
  keys: v.optional(keys),
  archive: v.optional(archive),
});

/** A finding of `check` that somebody has decided to live with, for a while. */
const waiver = v.strictObject({ id: text, reason: text, expires: v.pipe(v.string(), v.isoDate()) });

const projectFile = v.strictObject({
  $schema: v.optional(v.string()),
  defaultEnvironment: v.optional(text),
  migrations: v.optional(text),
  environments: v.optional(v.record(text, environment)),
  check: v.optional(v.strictObject({ waivers: v.optional(v.array(waiver)) })),
});

export type Environment = v.InferOutput<typeof environment>;
export type KeysMember = v.InferOutput<typeof keys>;
export type ArchiveMember = v.InferOutput<typeof archive>;
export type Waiver = v.InferOutput<typeof waiver>;
export type ProjectFile = v.InferOutput<typeof projectFile>;

/** docs/ordersync.config.schema.json describes the same members; a test holds the two together. */
export const ENVIRONMENT_MEMBERS = Object.keys(environment.entries);
export const KEYS_MEMBERS = [...new Set(keys.options.flatMap(({ entries }) => Object.keys(entries)))];
export const ARCHIVE_MEMBERS = Object.keys(archive.entries);
export const PROJECT_FILE_MEMBERS = Object.keys(projectFile.entries);

export function parseProjectFile(path: string, content: string): ProjectFile {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Without it as the cause: the parser's message quotes the file, the file may hold a secret, and --debug prints causes.
    throw new OrdersyncError('config', `${path} is not valid JSON`, { hint: 'check its commas, quotes and brackets' });
  }
  const result = v.safeParse(projectFile, json);
  if (!result.success)
    throw new OrdersyncError('config', `${path} is not a valid configuration`, {
      body: result.issues.map(describeIssue),
    });
  return result.output;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'the file';
  // Received values are left out: they may be secrets.
  return issue.expected === 'never'
    ? `${where}: no such member`
    : `${where}: must be ${issue.expected ?? 'something else'}`;
}
