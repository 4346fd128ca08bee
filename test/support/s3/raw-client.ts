import * as sdk from '@aws-sdk/client-s3';
import { afterEach, beforeEach } from 'vitest';
import type { Bucket } from './bucket.ts';
import type { FakeS3 } from './server.ts';
import { startS3 } from './server.ts';

/** The SDK itself, and nothing of the program's, against the server: new for every test of the file. */
export interface RawClient {
  readonly s3: FakeS3;
  readonly bucket: Bucket;
  readonly client: sdk.S3Client;
  /** Another client, which ends with the test. */
  other(config: sdk.S3ClientConfig): sdk.S3Client;
}

export function useRawClient(): RawClient {
  const env = {} as { -readonly [Name in keyof RawClient]: RawClient[Name] };
  const opened: sdk.S3Client[] = [];
  env.other = (config) => {
    const client = new sdk.S3Client({
      endpoint: env.s3.url,
      region: env.s3.region,
      forcePathStyle: true,
      credentials: env.s3.owner,
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      ...config,
    });
    opened.push(client);
    return client;
  };
  beforeEach(async () => {
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
    env.s3 = await startS3();
    env.bucket = env.s3.bucket('archive');
    env.client = env.other({});
  });
  afterEach(async () => {
    for (const client of opened.splice(0)) client.destroy();
    await env.s3.close();
  });
  return env;
}
