import type { ErrorCode } from '../../errors.ts';
import { OrdersyncError } from '../../errors.ts';
import type { KmsFault } from '../keystore.ts';
import type { KmsFailure } from './classify.ts';

/** One call as messages name it. */
export interface KmsCall {
  readonly operation: 'GenerateDataKey' | 'Encrypt' | 'Decrypt' | 'ReEncrypt' | 'DescribeKey';
  /** Key id, ARN or alias, as asked for. */
  readonly key: string;
  /** Of ReEncrypt: the key that wraps anew. A refusal does not say which of the two it is about. */
  readonly destination?: string;
}

interface Wording {
  readonly code: ErrorCode;
  readonly message: (call: KmsCall, name: string) => string;
  readonly hint: string;
}

const WORDING: Readonly<Record<KmsFault, Wording>> = {
  throttled: {
    code: 'connection',
    message: ({ operation }) => `AWS KMS throttles ${operation}`,
    hint: 'the quota is shared by everything in the region: run again later, or give it more time with --kms-timeout',
  },
  timeout: {
    code: 'connection',
    message: ({ operation }) => `AWS KMS did not answer ${operation} in time`,
    hint: 'check the network path to the endpoint, or give it more time with --kms-timeout',
  },
  unreachable: {
    code: 'connection',
    message: ({ operation }, name) => `cannot reach AWS KMS for ${operation} (${name})`,
    hint: 'check region, endpoint (AWS_ENDPOINT_URL_KMS), proxy and firewall',
  },
  service_failure: {
    code: 'connection',
    message: ({ operation }, name) => `AWS KMS failed at ${operation} (${name})`,
    hint: "the fault is the service's: run again, and see health.aws.amazon.com",
  },
  no_credentials: {
    code: 'permission',
    message: () => 'no AWS credentials were found',
    hint: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached',
  },
  bad_credentials: {
    code: 'permission',
    message: (_, name) => `AWS KMS does not accept the credentials (${name})`,
    hint: "they are expired, revoked or of another partition; check also that this machine's clock is right",
  },
  no_region: {
    code: 'config',
    message: () => 'no AWS region is configured',
    hint: 'set AWS_REGION, or a region in the profile',
  },
  access_denied: {
    code: 'permission',
    message: (call) => `not allowed to call kms:${call.operation} on ${keysOf(call)}`,
    hint: "grant it in the key policy or the role's policy; conditions on the encryption context count too",
  },
  key_not_found: {
    code: 'config',
    message: (call) => `there is no KMS key ${keysOf(call)}`,
    hint: 'check region and account: a key or alias of another region is not found either',
  },
  key_disabled: {
    code: 'not_enabled',
    message: (call) => `the KMS key ${keysOf(call)} is disabled`,
    hint: 'aws kms enable-key, or name another key',
  },
  key_pending_deletion: {
    code: 'not_enabled',
    message: (call) => `the KMS key ${keysOf(call)} is waiting to be deleted`,
    hint: 'aws kms cancel-key-deletion, then enable-key, before the waiting period ends: everything it wrapped is lost after that',
  },
  key_unavailable: {
    code: 'not_enabled',
    message: (call, name) => `the KMS key ${keysOf(call)} cannot be used at present (${name})`,
    hint: 'its key material is not imported, or its custom key store is not connected: aws kms describe-key shows the state',
  },
  key_unsuitable: {
    code: 'config',
    message: (call, name) => `the KMS key ${keysOf(call)} cannot do ${call.operation} (${name})`,
    hint: 'it must be a symmetric encryption key: usage ENCRYPT_DECRYPT, spec SYMMETRIC_DEFAULT',
  },
  wrong_key_or_context: {
    code: 'decrypt_failed',
    message: ({ key }) => `the wrapped key does not belong to the KMS key ${key} and its encryption context`,
    hint: 'the row in encryption_data_keys or blind_index_keys was changed; restore it from a backup',
  },
  wrong_answer: {
    code: 'unhealthy',
    message: ({ operation }) => `what answers ${operation} does not answer like AWS KMS`,
    hint: 'check the endpoint (AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL)',
  },
};

/** The error for a failure that is final: permanent, or transient for longer than the time given. */
export function kmsError(call: KmsCall, failure: Omit<KmsFailure, 'transient'>, attempts: number): OrdersyncError {
  const { code, message, hint } = WORDING[failure.fault];
  const tried = attempts > 1 ? `, tried ${attempts} times` : '';
  // The SDK's own error is not kept as cause: it carries request and response.
  return new OrdersyncError(code, message(call, failure.name) + tried, {
    hint,
    ...(failure.detail === undefined ? {} : { body: [failure.detail] }),
    facts: {
      reason: failure.fault,
      operation: call.operation,
      key: call.key,
      kms_error: failure.name,
      attempts,
      ...(failure.requestId === undefined ? {} : { request_id: failure.requestId }),
    },
  });
}

function keysOf({ key, destination }: KmsCall): string {
  return destination === undefined ? key : `${key} or ${destination}`;
}
