import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { KEY_BYTES } from '../../../crypto/cipher-key.ts';
import type { DataKey } from '../../../crypto/secret.ts';
import { OrdersyncError } from '../../../errors.ts';
import { canonicalJson, digestOf } from './canonical.ts';
import type { Manifest, SignedManifest } from './manifest.ts';

/** The key that this database signs with now. The private half stays inside node:crypto. */
export interface Signer {
  /** Of the public key: what `signature.key` says. */
  readonly id: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** The public keys that are trusted, by their ids. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** What can be wrong with one signed manifest by itself. */
export type SignatureFault =
  | 'altered' // the digest is not the manifest's
  | 'unknown_key' // signed with a key that is not trusted here
  | 'forged'; // the signature is not that key's

/** Everything of a PKCS #8 Ed25519 key but its 32 bytes (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SIGNATURE_BYTES = 64;

/** The signing key whose seed is these 32 bytes; the caller keeps the data key, and destroys it. */
export function signerFrom(seed: DataKey): Signer {
  const der = Buffer.concat([PKCS8_HEAD, seed.expose().subarray(0, KEY_BYTES)]);
  try {
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(privateKey);
    return { id: signingKeyId(publicKey), publicKey, privateKey };
  } finally {
    der.fill(0);
  }
}

/** The first 32 hex digits of sha256 over the public key in DER: `openssl pkey -pubin -outform DER | sha256sum`. */
export function signingKeyId(publicKey: KeyObject): string {
  const der = publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(der).digest('hex').slice(0, 32);
}

/**
 * Reads a public key in PEM.
 * @param place what to call it: a file name
 * @throws OrdersyncError `usage` for anything but an Ed25519 public key
 */
export function parsePublicKey(pem: string, place: string): KeyObject {
  const refused = (): OrdersyncError =>
    new OrdersyncError('usage', `${place} is not an Ed25519 public key in PEM`, {
      hint: 'the archive has it as keys/<key id>.pem: BEGIN PUBLIC KEY …',
      facts: { place },
    });
  // createPublicKey takes a private key too, and a file that holds one must not be taken for harmless.
  if (!/^\s*-----BEGIN PUBLIC KEY-----/u.test(pem)) throw refused();
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    // OpenSSL's words for bad base64 and bad DER say nothing to anybody.
    throw refused();
  }
  if (key.asymmetricKeyType !== 'ed25519') throw refused();
  return key;
}

export function publicKeyPem(publicKey: KeyObject): string {
  return publicKey.export({ format: 'pem', type: 'spki' }).toString();
}

/** Ed25519 over the bytes of the canonical JSON of the manifest; its `format` keeps it apart from all else that is signed. */
export function signManifest({ id, privateKey }: Signer, manifest: Manifest): SignedManifest {
  const value = sign(null, Buffer.from(canonicalJson(manifest), 'utf8'), privateKey).toString('base64');
  return { manifest, digest: digestOf(manifest), signature: { algorithm: 'Ed25519', key: id, value } };
}

/** What is wrong with a manifest taken by itself; undefined for one that a trusted key signed as it is. */
export function verifySignature(
  { manifest, digest, signature }: SignedManifest,
  keys: PublicKeys,
): SignatureFault | undefined {
  if (digestOf(manifest) !== digest) return 'altered';
  const key = keys.get(signature.key);
  if (key === undefined) return 'unknown_key';
  const value = Buffer.from(signature.value, 'base64');
  const canonical = value.length === SIGNATURE_BYTES && value.toString('base64') === signature.value;
  return canonical && verify(null, Buffer.from(canonicalJson(manifest), 'utf8'), key, value) ? undefined : 'forged';
}
