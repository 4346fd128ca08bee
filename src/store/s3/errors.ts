import type { ErrorCode, OrdersyncError } from '../../errors.ts';
import type { StoreFault } from '../store-error.ts';
import { alreadyThere, notFound, storeError } from '../store-error.ts';
import type { S3Failure } from './classify.ts';

/** One call as messages name it. */
export interface S3Call {
  readonly operation:
    | 'PutObject'
    | 'GetObject'
    | 'HeadObject'
    | 'DeleteObject'
    | 'ListObjectsV2'
    | 'CreateMultipartUpload'
    | 'UploadPart'
    | 'CompleteMultipartUpload'
    | 'AbortMultipartUpload'
    | 'ListMultipartUploads';
  /** `s3://bucket/prefix` */
  readonly location: string;
  readonly bucket: string;
  /** Below the prefix; undefined for what is about many. */
  readonly key?: string;
}

interface Wording {
  readonly code: ErrorCode;
  readonly message: (call: S3Call, failure: Pick<S3Failure, 'name' | 'bucketRegion'>) => string;
  readonly hint: string;
}

/** Faults that only a directory has, or that have an error of their own. */
type OwnFault = 'not_found' | 'already_exists' | 'unusable_key' | 'no_directory' | 'failed';

const WORDING: Readonly<Record<Exclude<StoreFault, OwnFault>, Wording>> = {
  throttled: {
    code: 'connection',
    message: ({ operation, bucket }) => `S3 throttles ${operation} in the bucket ${bucket}`,
    hint: 'run again later: what was finished stays, and the rest goes on from there',
  },
  timeout: {
    code: 'connection',
    message: ({ operation, bucket }) => `S3 did not answer ${operation} in the bucket ${bucket} in time`,
    hint: 'check the network path to the endpoint, then run again',
  },
  unreachable: {
    code: 'connection',
    message: ({ operation, bucket }, { name }) => `cannot reach S3 for ${operation} in the bucket ${bucket} (${name})`,
    hint: 'check region, endpoint (--endpoint, ORDERSYNC_S3_ENDPOINT), proxy and firewall',
  },
  service_failure: {
    code: 'connection',
    message: ({ operation, bucket }, { name }) => `S3 failed at ${operation} in the bucket ${bucket} (${name})`,
    hint: "the fault is the service's: run again; what was finished stays",
  },
  no_credentials: {
    code: 'permission',
    message: () => 'no AWS credentials were found',
    hint: 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached',
  },
  bad_credentials: {
    code: 'permission',
    message: (_, { name }) => `S3 does not accept the credentials (${name})`,
    hint: "they are expired, revoked or of another service; check also that this machine's clock is right",
  },
  no_region: {
    code: 'config',
    message: () => 'no AWS region is configured',
    hint: 'set AWS_REGION, or a region in the profile; services other than AWS mostly take us-east-1',
  },
  wrong_region: {
    code: 'config',
    message: ({ bucket }, { bucketRegion }) =>
      `the bucket ${bucket} is in ${bucketRegion === undefined ? 'another region' : `the region ${bucketRegion}`}`,
    hint: 'set AWS_REGION to the region of the bucket, or "region" beside "to" in ordersync.config.json',
  },
  access_denied: {
    code: 'permission',
    message: ({ operation, location, key }) => `not allowed to call ${operation} on ${location}${key ? `/${key}` : ''}`,
    hint: 'grant it in the policy of the role or of the bucket: ordersync help archive-stores lists what is needed',
  },
  no_bucket: {
    code: 'config',
    message: ({ bucket }) => `there is no bucket ${bucket}`,
    hint: 'check its name, account and endpoint; ordersync never makes a bucket',
  },
  no_space: {
    code: 'connection',
    message: ({ operation, bucket }, { name }) => `no space is left for ${operation} in the bucket ${bucket} (${name})`,
    hint: 'make room there, or raise the quota, and run again',
  },
  truncated: {
    code: 'unhealthy',
    message: ({ location, key }) => `${key} in ${location} is shorter than it should be`,
    hint: 'the object was replaced or is being changed: ordersync archive verify looks at all of it',
  },
  frozen: {
    code: 'precondition',
    message: ({ location, key }) => `${key} in ${location} was moved to a storage class that is not read at once`,
    hint: 'aws s3api restore-object thaws it for some days; then run again',
  },
  changed_on_the_way: {
    code: 'connection',
    message: ({ operation, key }, { name }) => `${key} arrived changed at ${operation} (${name})`,
    hint: 'something between here and the store changes bytes: check proxies and network cards',
  },
  unsupported: {
    code: 'not_enabled',
    message: ({ operation, bucket }, { name }) => `the store of the bucket ${bucket} cannot do ${operation} (${name})`,
    hint: 'use a store with multipart uploads, SHA-256 checksums and If-None-Match, such as S3, MinIO, Ceph or R2',
  },
  refused: {
    code: 'precondition',
    message: ({ operation, location, key }, { name }) =>
      `S3 refused ${operation} on ${location}${key ? `/${key}` : ''} (${name})`,
    hint: 'the words of the service say why; options such as the object lock need a bucket that has it',
  },
  wrong_answer: {
    code: 'unhealthy',
    message: ({ operation }) => `what answers ${operation} does not answer like S3`,
    hint: 'check the endpoint (--endpoint, ORDERSYNC_S3_ENDPOINT, AWS_ENDPOINT_URL_S3)',
  },
};

/** The error for a failure that is final: permanent, or transient for longer than the time given. */
export function s3Error(call: S3Call, failure: Omit<S3Failure, 'transient'>, attempts: number): OrdersyncError {
  const { location, key } = call;
  if (failure.fault === 'not_found' && key !== undefined) return notFound(location, key);
  if (failure.fault === 'already_exists' && key !== undefined) return alreadyThere(location, key);
  const fault = Object.hasOwn(WORDING, failure.fault) ? (failure.fault as keyof typeof WORDING) : 'wrong_answer'; // just asked
  const { code, message, hint } = WORDING[fault];
  const tried = attempts > 1 ? `, tried ${attempts} times` : '';
  // The SDK's own error is not kept as cause: it carries request and response.
  return storeError(code, fault, message(call, failure) + tried, {
    hint,
    ...(failure.detail === undefined ? {} : { body: [failure.detail] }),
    facts: {
      operation: call.operation,
      location,
      ...(key === undefined ? {} : { key }),
      s3_error: failure.name,
      attempts,
      ...(failure.requestId === undefined ? {} : { request_id: failure.requestId }),
    },
  });
}

/** For what is found here and not told by the service. */
export function plainS3Error(call: S3Call, fault: StoreFault, name: string): OrdersyncError {
  return s3Error(call, { fault, name, requestId: undefined, detail: undefined, bucketRegion: undefined }, 1);
}
