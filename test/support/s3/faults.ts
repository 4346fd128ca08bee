import type { OperationName } from './model.ts';
import { Refusal } from './refusal.ts';

export type Fault =
  | 'throttle'
  | 'internal'
  | 'unavailable'
  | 'internal-in-200' // CompleteMultipartUpload begins to answer before it knows
  | 'expired-token'
  | 'bad-digest'
  | 'hang' // accept the request and never answer
  | 'hang-after' // do it, and never answer
  | 'reset' // close the connection without doing anything
  | 'lost-answer' // do it, then close the connection
  | 'truncate' // close the connection in the middle of the body
  | 'nonsense' // answer 200 with an empty document
  | 'proxy-page'; // a gateway's own 502, in HTML

interface Script {
  readonly fault: Fault;
  readonly operation: OperationName | undefined;
}

/** Faults that are about to happen, in order. */
export interface FaultScript {
  /** The next `times` requests (of that operation) fail so; default once, any operation. */
  fail(fault: Fault, options?: { readonly times?: number; readonly operation?: OperationName }): void;
  /** What was to fail yet does not. */
  recover(): void;
  next(operation: OperationName | undefined): Fault | undefined;
}

export function createFaultScript(): FaultScript {
  const pending: Script[] = [];
  return {
    fail: (fault, { times = 1, operation } = {}) => {
      for (let count = 0; count < times; count += 1) pending.push({ fault, operation });
    },
    recover: () => void pending.splice(0),
    next: (name) => {
      const index = pending.findIndex(({ operation }) => operation === undefined || operation === name);
      return index < 0 ? undefined : pending.splice(index, 1)[0]?.fault;
    },
  };
}

/** The refusal that a fault is, for those that are one. */
export function refusalOf(fault: Fault): Refusal | undefined {
  switch (fault) {
    case 'throttle':
      return new Refusal('SlowDown', 'Please reduce your request rate.');
    case 'internal':
    case 'internal-in-200':
      return new Refusal('InternalError', 'We encountered an internal error. Please try again.');
    case 'unavailable':
      return new Refusal('ServiceUnavailable', 'Reduce your request rate.');
    case 'expired-token':
      return new Refusal('ExpiredToken', 'The provided token has expired.');
    case 'bad-digest':
      return new Refusal('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
    default:
      return undefined;
  }
}
