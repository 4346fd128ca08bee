import { afterAll, beforeAll } from 'vitest';
import { bucketReader } from '../../chaos/archive/readers.ts';
import { environmentOf, setAwsEnvironment } from '../../store/s3/fixture.ts';
import { rewrapSite } from '../../support/archive/rewrap-site.ts';
import { useKeyring } from '../../support/key-store.ts';
import type { Bucket } from '../../support/s3/bucket.ts';
import type { FakeS3 } from '../../support/s3/server.ts';
import { startS3 } from '../../support/s3/server.ts';
import type { Ended } from '../../support/program.ts';
import { useSchema } from '../../support/schema.ts';
import { waitFor } from '../../support/wait.ts';

const PREFIX = 'shop/';

/** A site whose store is a bucket of an S3 of its own, for all tests of a describe block. */
export function useRewrapBucket(options: { readonly objectLock?: boolean } = {}) {
  const store = {} as { s3: FakeS3; bucket: Bucket };
  let forgetEnvironment: () => void;
  beforeAll(async () => {
    store.s3 = await startS3();
    store.bucket = store.s3.bucket('archive', options);
    // What runs in this process is led there too.
    forgetEnvironment = setAwsEnvironment(environmentOf(store.s3));
  });
  afterAll(async () => {
    forgetEnvironment();
    await store.s3.close();
  });
  const database = useSchema();
  const reader = () => bucketReader(store.bucket, PREFIX);
  const site = rewrapSite({
    database,
    keyring: useKeyring(),
    reader,
    storeEnv: () => ({
      ...(environmentOf(store.s3) as Record<string, string>), // no value of it is undefined
      ORDERSYNC_ARCHIVE: 's3://archive/shop',
      ORDERSYNC_S3_ENDPOINT: store.s3.url,
    }),
  });
  const objectOf = (key: string) => {
    const object = store.bucket.objects.get(`${PREFIX}${key}`);
    if (object === undefined) throw new Error(`there is no ${key}`);
    return object;
  };
  /** Ends as Ctrl-C ends it while S3 does not answer; `store.s3.fail('hang', …)` says where. */
  const interruptedWhileS3Hangs = async (words: string | readonly string[]): Promise<Ended> => {
    const { s3 } = store;
    const asked = s3.calls.length;
    const hangs = () => s3.calls.slice(asked).some(({ outcome }) => outcome === 'hang');
    let stopped = Promise.resolve();
    const ran = await site.bin(words, {}, (child) => {
      stopped = waitFor(hangs, 'a request without an answer').then(() => child.kill('SIGINT'));
    });
    await stopped;
    return ran;
  };
  return {
    ...site,
    database,
    store,
    interruptedWhileS3Hangs,
    /** Every object as it is now, by its key: equal when nothing was added, replaced or removed. */
    contents: () => new Map([...store.bucket.objects].map(([key, { bytes }]) => [key, Buffer.from(bytes)])),
    objectOf,
    listed: async () => reader().list(),
    filesOf: (manifest: number): readonly string[] => {
      const text = objectOf(`manifests/${String(manifest).padStart(9, '0')}.json`).bytes.toString();
      const signed = JSON.parse(text) as { manifest: { sources: { files: { key: string }[] }[] } };
      return signed.manifest.sources.flatMap(({ files }) => files.map(({ key }) => key));
    },
    /** @param at from 0 to 1: how far into the object */
    flipByte: (key: string, at: number) => {
      const object = objectOf(key);
      const bytes = Buffer.from(object.bytes);
      const index = Math.floor((bytes.length - 1) * at);
      bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
      object.bytes = bytes;
    },
    states: async () =>
      (await site.rows('archive verify')).map(({ manifest, state, place }) => [
        manifest,
        state,
        ...(place ? [place] : []),
      ]),
  };
}
