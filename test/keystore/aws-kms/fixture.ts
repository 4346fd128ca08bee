import { afterEach, beforeEach } from 'vitest';
import { exitCodeOf } from '../../../src/cli/exit.ts';
import { OrdersyncError } from '../../../src/errors.ts';
import { createKmsKeyStore } from '../../../src/keystore/aws-kms/store.ts';
import type { KmsKeyStoreOptions } from '../../../src/keystore/aws-kms/store.ts';
import type { KeyStore, KmsFault } from '../../../src/keystore/keystore.ts';
import type { Credentials } from '../../support/kms/access.ts';
import type { Key } from '../../support/kms/keys.ts';
import type { FakeKms } from '../../support/kms/server.ts';
import { startKms } from '../../support/kms/server.ts';

const VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_ENDPOINT_URL_KMS',
  'AWS_ENDPOINT_URL',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
] as const;
type Environment = Partial<Record<(typeof VARIABLES)[number], string>>;

/** Sets the variables the SDK reads, and clears all others of them. Returns what puts the old ones back. */
export function setAwsEnvironment(environment: Environment): () => void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  const quiet: Environment = {
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  for (const name of VARIABLES) setVariable(name, { ...quiet, ...environment }[name]);
  return () => {
    for (const [name, value] of before) setVariable(name, value);
  };
}

export function environmentOf(kms: FakeKms, credentials: Credentials = kms.access.owner): Environment {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: kms.region,
    AWS_ENDPOINT_URL_KMS: kms.url,
  };
}

/** A clock whose time passes only by sleeping, and at once. */
function createJumpingClock() {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    monotonicMs: () => now,
    sleep: (ms: number) => {
      pauses.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

export interface TestStore {
  readonly store: KeyStore;
  readonly pauses: readonly number[];
}

export function openStore(options: KmsKeyStoreOptions, signal: AbortSignal = new AbortController().signal): TestStore {
  const clock = createJumpingClock();
  return { store: createKmsKeyStore({ clock, signal, random: () => 0.5 }, options), pauses: clock.pauses };
}

/** A KMS with one key, the environment that leads to it, and a store on that key: new for every test of the file. */
export function useKms(): { readonly kms: FakeKms; readonly key: Key; readonly open: TestStore } {
  const env = {} as { kms: FakeKms; key: Key; open: TestStore };
  let restore: () => void;
  beforeEach(async () => {
    env.kms = await startKms();
    env.key = env.kms.keys.create({ alias: 'alias/pii' });
    restore = setAwsEnvironment(environmentOf(env.kms));
    // What hangs is asked with a patience of its own; an answer that a busy machine delays is not to be asked for twice.
    env.open = openStore({ key: env.key.arn, attemptTimeoutMs: 60_000, timeoutMs: 20_000 });
  });
  afterEach(async () => {
    env.open.store.close();
    restore();
    await env.kms.close();
  });
  return env;
}

/** How an attempt failed, as far as the outside sees it. */
export interface Failure {
  readonly reason: KmsFault;
  readonly exit: number;
  readonly message: string;
}

export async function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  const error = await attempt.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(error instanceof OrdersyncError)) throw error;
  if (!error.details.hint) throw new Error(`no hint: ${error.message}`);
  return { reason: error.details.facts?.['reason'] as KmsFault, exit: exitCodeOf(error), message: error.message };
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
