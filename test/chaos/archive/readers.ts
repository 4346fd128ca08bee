import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Bucket } from '../../support/s3/bucket.ts';
import type { StoreReader } from './stored.ts';

/** A store that is a directory, as anybody finds it there: what begins with a dot or ends in .tmp is unfinished. */
export function directoryReader(root: string): StoreReader {
  return {
    list: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.tmp') && !entry.name.startsWith('.'))
        .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
        .sort();
    },
    read: async (key) => readFile(path.join(root, key)),
  };
}

/** A bucket of the S3 test server, below a prefix. */
export function bucketReader({ objects }: Pick<Bucket, 'objects'>, prefix: string): StoreReader {
  return {
    list: async () =>
      [...objects.keys()]
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length))
        .sort(),
    read: async (key) => {
      const object = objects.get(`${prefix}${key}`);
      if (object === undefined) throw new Error(`there is no ${key}`);
      return object.bytes;
    },
  };
}
