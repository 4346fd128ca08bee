import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../context.ts';
import type { S3Failure } from './classify.ts';
import { classify } from './classify.ts';
import type { S3Call } from './errors.ts';
import { plainS3Error, s3Error } from './errors.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** What is left undefined the SDK resolves: environment, profile files, instance metadata, AWS_ENDPOINT_URL_S3. */
export interface S3Connection {
  readonly region?: string | undefined;
  /** Of another service than AWS; its buckets are addressed by path. */
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  /** For one operation with all its repetitions. Default 180 000: a throttle outlasts half a minute. */
  readonly timeoutMs?: number;
  /** How long one attempt may go on without a byte; five times that in all. Default 60 000. */
  readonly attemptTimeoutMs?: number;
}

export interface S3Needs {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep' | 'now'>;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1): the jitter of the pauses. */
  readonly random: () => number;
}

type Attempt<Answer> = (client: S3Client, sdk: Sdk, options: { readonly abortSignal: AbortSignal }) => Promise<Answer>;

export interface Repetition {
  /** Cleans up after an interrupt: goes on although the signal has aborted, and is patient for less long. */
  readonly cleaning?: boolean;
  /** Asked about each failure after the first attempt: the one before may have done the work and lost its answer. */
  readonly doneBefore?: (failure: S3Failure) => Promise<boolean>;
}

export interface S3Caller {
  /**
   * Runs one operation, repeating it while its failures are transient and time is left.
   * @returns undefined when `doneBefore` said that an earlier attempt had done it
   */
  call<Answer>(call: S3Call, attempt: Attempt<Answer>, repetition?: Repetition): Promise<Answer | undefined>;
  /** The same for what has no `doneBefore`. */
  ask<Answer>(call: S3Call, attempt: Attempt<Answer>): Promise<Answer>;
  close(): void;
}

const TIMEOUT_MS = 180_000;
const CLEANING_MS = 10_000;
const ATTEMPT_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export function createS3Caller(needs: S3Needs, connection: S3Connection): S3Caller {
  let opened: Promise<{ sdk: Sdk; client: S3Client }> | undefined;
  const call: S3Caller['call'] = async (call, attempt, repetition = {}) => {
    opened ??= connect(connection);
    const { sdk, client } = await opened;
    const abortSignal = repetition.cleaning === true ? new AbortController().signal : needs.signal;
    const timeoutMs = connection.timeoutMs ?? TIMEOUT_MS;
    const patience = repetition.cleaning === true ? Math.min(timeoutMs, CLEANING_MS) : timeoutMs;
    await requireRegion(call, client);
    const once = () => attempt(client, sdk, { abortSignal });
    return repeat({ ...needs, signal: abortSignal }, patience, { call, once, ...repetition });
  };
  return {
    call,
    ask: async (asked, attempt) => {
      const answer = await call(asked, async (...given) => ({ answer: await attempt(...given) }));
      if (answer === undefined) throw new TypeError('only doneBefore leaves an operation without an answer');
      return answer.answer;
    },
    close: () => {
      void opened?.then(({ client }) => client.destroy());
      opened = undefined;
    },
  };
}

async function connect({
  region,
  endpoint,
  profile,
  attemptTimeoutMs = ATTEMPT_TIMEOUT_MS,
}: S3Connection): Promise<{ sdk: Sdk; client: S3Client }> {
  // Loading the SDK costs more than the rest of the program does: only who needs S3 pays.
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(profile === undefined ? {} : { profile }),
    // Repetition is this file's: the SDK's own knows neither the operation's time nor the interrupt.
    maxAttempts: 1,
    // Checksums are given with each request; the SDK's own would put frames into bodies, which some services then store.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_TIMEOUT_MS, attemptTimeoutMs),
      // A part of 8 MiB takes its time on a slow line.
      requestTimeout: attemptTimeoutMs * 5,
      socketTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
  return { sdk, client };
}

/** The SDK's error for a missing region has neither name nor code; asked apart, it is the only one there is. */
async function requireRegion(call: S3Call, client: S3Client): Promise<void> {
  try {
    await client.config.region();
  } catch {
    throw plainS3Error(call, 'no_region', 'region');
  }
}

async function repeat<Answer>(
  { clock, signal, random }: S3Needs,
  patienceMs: number,
  { call, once, doneBefore }: Repetition & { readonly call: S3Call; readonly once: () => Promise<Answer> },
): Promise<Answer | undefined> {
  const deadline = clock.monotonicMs() + patienceMs;
  for (let attempts = 1; ; attempts += 1) {
    signal.throwIfAborted();
    try {
      return await once();
    } catch (error) {
      signal.throwIfAborted();
      const failure = classify(error);
      if (failure === undefined) throw error;
      if (attempts > 1 && (await doneBefore?.(failure)) === true) return undefined;
      const pauseMs = pauseAfter(attempts, random);
      const late = clock.monotonicMs() + pauseMs >= deadline;
      if (!failure.transient || late) throw s3Error(call, failure, attempts);
      await clock.sleep(pauseMs, signal);
    }
  }
}

/** Doubling, half of it random: clients that were throttled together do not come back together. */
export function pauseAfter(attempts: number, random: () => number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  return full / 2 + (full / 2) * random();
}
