/** Where the manifests of a store lie; their names sort as their sequence numbers do. */
export const MANIFESTS = 'manifests/';
export const HEAD_KEY = 'head.json';

/** `manifests/000000042.json` */
export function manifestKey(sequence: number): string {
  return `${MANIFESTS}${String(sequence).padStart(9, '0')}.json`;
}

/** The sequence number that a key names; undefined for a key that is no manifest's. */
export function sequenceOf(key: string): number | undefined {
  const digits = /^manifests\/(\d{9,})\.json$/u.exec(key)?.[1];
  if (digits === undefined) return undefined;
  const sequence = Number(digits);
  return manifestKey(sequence) === key && sequence > 0 ? sequence : undefined;
}

/** `keys/3f0c….pem` */
export function publicKeyKey(keyId: string): string {
  return `keys/${keyId}.pem`;
}
