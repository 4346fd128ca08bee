import type { KMSClient } from '@aws-sdk/client-kms';
import type { Clock } from '../../context.ts';
import { classify } from './classify.ts';
import type { KmsCall } from './errors.ts';
import { kmsError } from './errors.ts';

export type Sdk = typeof import('@aws-sdk/client-kms');

/** What is left undefined the SDK resolves: environment, profile files, instance metadata, AWS_ENDPOINT_URL_KMS. */
export interface KmsConnection {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Region and credentials of this profile. An endpoint of its own the SDK reads for the profile in AWS_PROFILE only. */
  readonly profile?: string | undefined;
  /** For one operation with all its repetitions. Default 30 000. */
  readonly timeoutMs?: number;
  /** For one attempt. Default 5 000. */
  readonly attemptTimeoutMs?: number;
}

export interface KmsNeeds {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1): the jitter of the pauses. */
  readonly random: () => number;
}

export interface KmsCaller {
  /** Runs one operation, repeating it while its failures are transient and time is left. */
  call<Answer>(
    call: KmsCall,
    attempt: (client: KMSClient, sdk: Sdk, abort: { abortSignal: AbortSignal }) => Promise<Answer>,
  ): Promise<Answer>;
  close(): void;
}

const TIMEOUT_MS = 30_000;
const ATTEMPT_TIMEOUT_MS = 5_000;
/** AWS's own recommendation is to begin near 100 ms and double; beyond 5 s a pause outlasts any throttle. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

export function createKmsCaller(needs: KmsNeeds, connection: KmsConnection): KmsCaller {
  let opened: Promise<{ sdk: Sdk; client: KMSClient }> | undefined;
  return {
    call: (call, attempt) =>
      repeat(needs, connection.timeoutMs ?? TIMEOUT_MS, call, async () => {
        opened ??= connect(connection);
        const { sdk, client } = await opened;
        await requireRegion(call, client);
        return attempt(client, sdk, { abortSignal: needs.signal });
      }),
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
}: KmsConnection): Promise<{ sdk: Sdk; client: KMSClient }> {
  // Loading the SDK costs five times what the rest of the program does: only who needs KMS pays.
  const sdk = await import('@aws-sdk/client-kms');
  const client = new sdk.KMSClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    // Repetition is this file's: the SDK's own knows neither the operation's time nor the interrupt.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: attemptTimeoutMs,
      requestTimeout: attemptTimeoutMs,
      socketTimeout: attemptTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
  return { sdk, client };
}

/** The SDK's error for a missing region has neither name nor code; asked apart, it is the only one there is. */
async function requireRegion(call: KmsCall, client: KMSClient): Promise<void> {
  try {
    await client.config.region();
  } catch {
    throw kmsError(call, { fault: 'no_region', name: 'region', requestId: undefined, detail: undefined }, 1);
  }
}

async function repeat<Answer>(
  needs: KmsNeeds,
  timeoutMs: number,
  call: KmsCall,
  attempt: () => Promise<Answer>,
): Promise<Answer> {
  const deadline = needs.clock.monotonicMs() + timeoutMs;
  for (let attempts = 1; ; attempts += 1) {
    needs.signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      needs.signal.throwIfAborted();
      const failure = classify(error);
      if (failure === undefined) throw error;
      const pauseMs = pauseAfter(attempts, needs.random);
      const late = needs.clock.monotonicMs() + pauseMs >= deadline;
      if (!failure.transient || late) throw kmsError(call, failure, attempts);
      await needs.clock.sleep(pauseMs, needs.signal);
    }
  }
}

/** Doubling, half of it random: clients that were throttled together do not come back together. */
function pauseAfter(attempts: number, random: () => number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  return full / 2 + (full / 2) * random();
}
