import type { KmsFault } from '../keystore.ts';

/** What went wrong with one call, without anything of the call's content. */
export interface KmsFailure {
  readonly fault: KmsFault;
  /** Whether the same call may succeed in a moment. */
  readonly transient: boolean;
  /** The service's or the system's own name for it: DisabledException, ECONNREFUSED. */
  readonly name: string;
  readonly requestId: string | undefined;
  /** Only from AccessDeniedException, whose text names principal, action and key; others may quote the request. */
  readonly detail: string | undefined;
}

type Verdict = readonly [KmsFault, 'transient' | 'permanent'];

/** KMS API Reference, "Common Errors" and the Errors section of each operation; names without their suffix Exception. */
const BY_NAME: ReadonlyMap<string, Verdict> = new Map(
  Object.entries({
    Throttling: ['throttled', 'transient'],
    TooManyRequests: ['throttled', 'transient'],
    RequestLimitExceeded: ['throttled', 'transient'],
    DependencyTimeout: ['timeout', 'transient'],
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
    KMSInternal: ['service_failure', 'transient'],
    InternalFailure: ['service_failure', 'transient'],
    ServiceUnavailable: ['service_failure', 'transient'],
    KeyUnavailable: ['key_unavailable', 'transient'],
    KMSInvalidState: ['key_unavailable', 'permanent'],
    Disabled: ['key_disabled', 'permanent'],
    NotFound: ['key_not_found', 'permanent'],
    InvalidArn: ['key_not_found', 'permanent'],
    AccessDenied: ['access_denied', 'permanent'],
    NotAuthorized: ['access_denied', 'permanent'],
    IncorrectKey: ['wrong_key_or_context', 'permanent'],
    InvalidCiphertext: ['wrong_key_or_context', 'permanent'],
    InvalidKeyUsage: ['key_unsuitable', 'permanent'],
    UnsupportedOperation: ['key_unsuitable', 'permanent'],
    Validation: ['key_unsuitable', 'permanent'],
    CredentialsProviderError: ['no_credentials', 'permanent'],
    TokenProviderError: ['no_credentials', 'permanent'],
    UnrecognizedClient: ['bad_credentials', 'permanent'],
    InvalidClientTokenId: ['bad_credentials', 'permanent'],
    InvalidSignature: ['bad_credentials', 'permanent'],
    SignatureDoesNotMatch: ['bad_credentials', 'permanent'],
    IncompleteSignature: ['bad_credentials', 'permanent'],
    MissingAuthenticationToken: ['bad_credentials', 'permanent'],
    ExpiredToken: ['bad_credentials', 'permanent'],
    RequestExpired: ['bad_credentials', 'permanent'],
    OptInRequired: ['bad_credentials', 'permanent'],
  } satisfies Record<string, Verdict>),
);

/** The parts of an SDK or system error that are looked at. */
interface ErrorShape {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly clockSkewCorrected?: boolean;
  };
}

/** Undefined for what is no failure of the call: a bug here, which must stay one. */
export function classify(error: unknown): KmsFailure | undefined {
  const { name = '', code = '', message, $metadata: metadata } = Object(error) as ErrorShape;
  const [known, verdict] =
    verdictOf([code, name.replace(/Exception$/u, '')]) ?? fromStatus(name, metadata?.httpStatusCode) ?? [];
  if (known === undefined || verdict === undefined) return undefined;
  const [fault, duration] = verdict;
  return {
    fault,
    // A signature refused for its date: the SDK has just learnt the service's clock, and signs the next call by it.
    transient: duration === 'transient' || (fault === 'bad_credentials' && metadata?.clockSkewCorrected === true),
    name: known === code ? code : name,
    requestId: metadata?.requestId,
    detail: fault === 'access_denied' ? message : undefined,
  };
}

function verdictOf(names: readonly string[]): readonly [string, Verdict] | undefined {
  for (const name of names) {
    const verdict = BY_NAME.get(name);
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
  if (status === 429) return [name, ['throttled', 'transient']];
  return [name, ['service_failure', status >= 500 ? 'transient' : 'permanent']];
}
