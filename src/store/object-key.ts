import { storeError } from './store-error.ts';

/** S3 allows 1024 bytes for a key, file systems 255 for a name; the rest is room for the prefix and a temporary's suffix. */
const LONGEST_KEY = 700;
const LONGEST_NAME = 180;

/** What a name ends with while its object is being written into a directory. */
export const TEMPORARY_SUFFIX = '.ordersync.tmp';

/**
 * Keys come from manifests too, which anybody may have written: one that leaves its store never reaches a file system.
 * @throws OrdersyncError `usage`, reason `unusable_key`
 */
export function requireObjectKey(key: string): void {
  if (isObjectKey(key)) return;
  throw storeError('usage', 'unusable_key', `${JSON.stringify(key.slice(0, 200))} cannot be the key of an object`, {
    hint: 'a key is a relative path without . and .., with names of letters, digits and . _ = -',
  });
}

export function isObjectKey(key: string): boolean {
  return Buffer.byteLength(key) <= LONGEST_KEY && key.split('/').every(isName);
}

/** Of a prefix the last name may be cut or empty. */
export function requirePrefix(prefix: string): void {
  if (prefix !== '') requireObjectKey(`${prefix}x`);
}

function isName(name: string): boolean {
  const plain = /^[\w.=-]+$/u.test(name) && Buffer.byteLength(name) <= LONGEST_NAME;
  return plain && !/^\.+$/u.test(name) && !name.endsWith(TEMPORARY_SUFFIX);
}
