import type { ErrorCode } from '../errors.ts';
import { OrdersyncError } from '../errors.ts';

/** What can be wrong with a store; `facts.reason` of every error of one. */
export type StoreFault =
  | 'not_found'
  | 'already_exists'
  | 'unusable_key'
  | 'truncated' // fewer bytes than the object has, or was asked for
  | 'no_space'
  | 'no_directory'
  | 'access_denied'
  | 'unsupported'
  | 'failed'
  | 'no_bucket'
  | 'wrong_region'
  | 'throttled'
  | 'timeout'
  | 'unreachable'
  | 'service_failure'
  | 'no_credentials'
  | 'bad_credentials'
  | 'no_region'
  | 'frozen' // moved to a storage class that must be thawed before it is read
  | 'refused' // a request that the service does not accept, for a reason of its own
  | 'changed_on_the_way' // a checksum did not hold
  | 'wrong_answer';

export interface StoreErrorDetails {
  readonly hint: string;
  readonly body?: readonly string[];
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export function storeError(
  code: ErrorCode,
  fault: StoreFault,
  message: string,
  { facts, ...details }: StoreErrorDetails,
): OrdersyncError {
  return new OrdersyncError(code, message, { ...details, facts: { ...facts, reason: fault } });
}

/** The fault that an error of a store names; undefined for any other error. */
export function storeFaultOf(error: unknown): StoreFault | undefined {
  if (!(error instanceof OrdersyncError)) return undefined;
  return error.details.facts?.['reason'] as StoreFault | undefined; // every error of a store comes from storeError
}

/** Whether the store does not let anybody, or this caller, do what was asked: by rights, by retention, by a lock, or never. */
export function isRefusal(error: unknown): error is OrdersyncError {
  const fault = storeFaultOf(error);
  return fault === 'access_denied' || fault === 'refused' || fault === 'unsupported';
}

export function notFound(location: string, key: string): OrdersyncError {
  return storeError('unhealthy', 'not_found', `there is no ${key} in ${location}`, {
    hint: 'check which store it is; an archive that was here has been removed or moved',
    facts: { location, key },
  });
}

export function alreadyThere(location: string, key: string): OrdersyncError {
  return storeError('precondition', 'already_exists', `there is already a ${key} in ${location}`, {
    hint: 'what is stored is never replaced; another run may have been faster',
    facts: { location, key },
  });
}

export function truncated(
  location: string,
  key: string,
  { expected, found }: { readonly expected: number; readonly found: number },
): OrdersyncError {
  return storeError('unhealthy', 'truncated', `${key} in ${location} ended after ${found} of ${expected} bytes`, {
    hint: 'the object was cut or is being changed: ordersync archive verify looks at all of it',
    facts: { location, key, expected, found },
  });
}
