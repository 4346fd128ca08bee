import type { StoreFault } from '../store-error.ts';

/** What went wrong with one call, without anything of the call's content. */
export interface S3Failure {
  readonly fault: StoreFault;
  /** Whether the same call may succeed in a moment. */
  readonly transient: boolean;
  /** The service's or the system's own name for it: NoSuchBucket, ECONNREFUSED. */
  readonly name: string;
  readonly requestId: string | undefined;
  /** The service's own words, where they say what is to be done; others may quote the request. */
  readonly detail: string | undefined;
  /** Where the bucket is, when the service says so. */
  readonly bucketRegion: string | undefined;
}

type Verdict = readonly [StoreFault, 'transient' | 'permanent'];

/** S3 API Reference, "Error responses", and what compatible services add; names without their suffix Exception. */
const BY_NAME: ReadonlyMap<string, Verdict> = new Map(
  Object.entries({
    SlowDown: ['throttled', 'transient'],
    Throttling: ['throttled', 'transient'],
    TooManyRequests: ['throttled', 'transient'],
    RequestLimitExceeded: ['throttled', 'transient'],
    BandwidthLimitExceeded: ['throttled', 'transient'],
    RequestTimeout: ['timeout', 'transient'],
    TimeoutError: ['timeout', 'transient'],
    ETIMEDOUT: ['timeout', 'transient'],
    ECONNREFUSED: ['unreachable', 'transient'],
    ECONNRESET: ['unreachable', 'transient'],
    EPIPE: ['unreachable', 'transient'],
    EAI_AGAIN: ['unreachable', 'transient'],
    EHOSTUNREACH: ['unreachable', 'transient'],
    ENETUNREACH: ['unreachable', 'transient'],
    ENOTFOUND: ['unreachable', 'permanent'],
    InternalError: ['service_failure', 'transient'],
    ServiceUnavailable: ['service_failure', 'transient'],
    OperationAborted: ['service_failure', 'transient'],
    ConditionalRequestConflict: ['service_failure', 'transient'],
    NoSuchBucket: ['no_bucket', 'permanent'],
    InvalidBucketName: ['no_bucket', 'permanent'],
    NoSuchKey: ['not_found', 'permanent'],
    NoSuchUpload: ['not_found', 'permanent'],
    NotFound: ['not_found', 'permanent'],
    PreconditionFailed: ['already_exists', 'permanent'],
    PermanentRedirect: ['wrong_region', 'permanent'],
    TemporaryRedirect: ['wrong_region', 'permanent'],
    AuthorizationHeaderMalformed: ['wrong_region', 'permanent'],
    IllegalLocationConstraint: ['wrong_region', 'permanent'],
    AccessDenied: ['access_denied', 'permanent'],
    AllAccessDisabled: ['access_denied', 'permanent'],
    AccountProblem: ['access_denied', 'permanent'],
    Forbidden: ['access_denied', 'permanent'],
    InvalidAccessKeyId: ['bad_credentials', 'permanent'],
    SignatureDoesNotMatch: ['bad_credentials', 'permanent'],
    ExpiredToken: ['bad_credentials', 'permanent'],
    InvalidToken: ['bad_credentials', 'permanent'],
    TokenRefreshRequired: ['bad_credentials', 'permanent'],
    InvalidSecurity: ['bad_credentials', 'permanent'],
    RequestTimeTooSkewed: ['bad_credentials', 'permanent'],
    CredentialsProviderError: ['no_credentials', 'permanent'],
    TokenProviderError: ['no_credentials', 'permanent'],
    BadDigest: ['changed_on_the_way', 'transient'],
    XAmzContentSHA256Mismatch: ['changed_on_the_way', 'transient'],
    XAmzContentChecksumMismatch: ['changed_on_the_way', 'transient'],
    IncompleteBody: ['changed_on_the_way', 'transient'],
    InvalidRange: ['truncated', 'permanent'],
    InvalidObjectState: ['frozen', 'permanent'],
    NotImplemented: ['unsupported', 'permanent'],
    MethodNotAllowed: ['unsupported', 'permanent'],
    InsufficientCapacity: ['no_space', 'permanent'],
    QuotaExceeded: ['no_space', 'permanent'],
    XMinioStorageFull: ['no_space', 'permanent'],
  } satisfies Record<string, Verdict>),
);

/** Answers to HEAD have a status and no body; other services have names of their own. */
const BY_STATUS: ReadonlyMap<number, Verdict> = new Map<number, Verdict>([
  [301, ['wrong_region', 'permanent']],
  [307, ['wrong_region', 'permanent']],
  [403, ['access_denied', 'permanent']],
  [404, ['not_found', 'permanent']],
  [412, ['already_exists', 'permanent']],
  [416, ['truncated', 'permanent']],
  [429, ['throttled', 'transient']],
  [501, ['unsupported', 'permanent']],
  [503, ['throttled', 'transient']],
  [507, ['no_space', 'permanent']],
]);

/** The parts of an SDK or system error that are looked at. */
interface ErrorShape {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly Region?: string;
  readonly $response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly clockSkewCorrected?: boolean;
  };
}

/** Undefined for what is no failure of the call: a bug here, which must stay one. */
export function classify(error: unknown): S3Failure | undefined {
  const shape = Object(error) as ErrorShape;
  const { name = '', code = '', $metadata: metadata } = shape;
  const [known, verdict] = verdictOf([code, name]) ?? fromStatus(name, metadata?.httpStatusCode) ?? [];
  if (known === undefined || verdict === undefined) return undefined;
  const [fault, duration] = verdict;
  // A signature refused for its date: the SDK has just learnt the service's clock, and signs the next call by it.
  const skewed = fault === 'bad_credentials' && metadata?.clockSkewCorrected === true;
  return {
    fault,
    transient: duration === 'transient' || skewed,
    name: known,
    requestId: metadata?.requestId,
    detail: TELLING.has(fault) ? detailOf(shape) : undefined,
    bucketRegion: regionOf(shape),
  };
}

function regionOf({ $response: response, Region }: ErrorShape): string | undefined {
  return response?.headers?.['x-amz-bucket-region'] ?? Region;
}

/** Faults whose messages name principal, action, resource or option, and no part of a request. */
const TELLING: ReadonlySet<StoreFault> = new Set(['access_denied', 'refused', 'unsupported']);

function detailOf({ name, message }: ErrorShape): string | undefined {
  return message === undefined || message === name || message === 'UnknownError' ? undefined : message.slice(0, 500);
}

function verdictOf(names: readonly string[]): readonly [string, Verdict] | undefined {
  for (const name of names) {
    const verdict = BY_NAME.get(name.replace(/Exception$/u, ''));
    if (verdict !== undefined) return [name, verdict];
    // OpenSSL's and Node's names for a certificate that does not hold.
    if (/^(?:CERT_|ERR_TLS_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_)/u.test(name))
      return [name, ['unreachable', 'permanent']];
  }
  return undefined;
}

/** An error of the service by a name this program does not know. */
function fromStatus(name: string, status: number | undefined): readonly [string, Verdict] | undefined {
  if (status === undefined) return undefined;
  const shown = /^[A-Z]\w+$/u.test(name) && name !== 'Unknown' && name !== 'UnknownError' ? name : `HTTP ${status}`;
  const verdict = BY_STATUS.get(status);
  if (verdict !== undefined) return [shown, verdict];
  if (status >= 500) return [shown, ['service_failure', 'transient']];
  return [shown, status >= 400 ? ['refused', 'permanent'] : ['wrong_answer', 'permanent']];
}
