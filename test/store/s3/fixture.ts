import { afterEach, beforeEach } from 'vitest';
import type { S3StoreOptions } from '../../../src/store/s3/store.ts';
import { createS3Store } from '../../../src/store/s3/store.ts';
import type { ObjectStore } from '../../../src/store/store.ts';
import type { Bucket } from '../../support/s3/bucket.ts';
import type { FakeS3 } from '../../support/s3/server.ts';
import { startS3 } from '../../support/s3/server.ts';
import type { Principal } from '../../support/s3/signature.ts';

const VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ENDPOINT_URL',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED',
] as const;
export type Environment = Partial<Record<(typeof VARIABLES)[number], string>>;

const QUIET: Environment = {
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

export function environmentOf(s3: FakeS3, { accessKeyId, secretAccessKey }: Principal = s3.owner): Environment {
  return { ...QUIET, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: s3.region };
}

/** Sets the variables the SDK reads, and clears all others of them. Returns what puts the old ones back. */
export function setAwsEnvironment(environment: Environment): () => void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  for (const name of VARIABLES) setVariable(name, { ...QUIET, ...environment }[name]);
  return () => {
    for (const [name, value] of before) setVariable(name, value);
  };
}

export interface OpenedStore {
  readonly store: ObjectStore;
  /** How long it paused before each repetition. */
  readonly pauses: readonly number[];
}

export interface TestS3 {
  readonly s3: FakeS3;
  readonly bucket: Bucket;
  readonly store: ObjectStore;
  readonly pauses: readonly number[];
  open(options?: Partial<S3StoreOptions>, signal?: AbortSignal): OpenedStore;
}

/** An S3 with one bucket, and a store below a prefix of it: new for every test of the file. Its pauses take no time. */
export function useS3(options: { readonly objectLock?: boolean } = {}): TestS3 {
  const env = {} as { -readonly [Name in keyof TestS3]: TestS3[Name] };
  const opened: ObjectStore[] = [];
  let restore: () => void;
  beforeEach(async () => {
    env.s3 = await startS3();
    env.bucket = env.s3.bucket('archive', options);
    restore = setAwsEnvironment(environmentOf(env.s3));
    env.open = (options = {}, signal = new AbortController().signal) => {
      const clock = createJumpingClock();
      const needs = { clock, signal, random: () => 0.5 };
      // What hangs is asked with a patience of its own; an answer that a busy machine delays is not to be asked for twice.
      const limits = { timeoutMs: 20_000, attemptTimeoutMs: 60_000 };
      const store = createS3Store(needs, {
        bucket: 'archive',
        prefix: 'shop/prod',
        endpoint: env.s3.url,
        ...limits,
        ...options,
      });
      opened.push(store);
      return { store, pauses: clock.pauses };
    };
    Object.assign(env, env.open());
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) store.close();
    restore();
    await env.s3.close();
  });
  return env;
}

/** A clock whose time passes only by sleeping, and at once. */
function createJumpingClock() {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    now: () => new Date(),
    monotonicMs: () => now,
    sleep: (ms: number) => {
      pauses.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
