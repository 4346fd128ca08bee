import { NONCE_BYTES } from './nonce.ts';

/** Version 1. The prefix is four base64url characters itself, so that everything after it stays aligned to bytes. */
export const PREFIX = 'os1_';
export const KID_BYTES = 6;
export const HEADER_BYTES = KID_BYTES + NONCE_BYTES;
export const TAG_BYTES = 16;
const MINIMUM_BYTES = HEADER_BYTES + TAG_BYTES;
const KID_CHARACTERS = 8;
const ANY_VERSION = /^os[0-9]+_/u;

/** Why a text is not a value of this format. */
export type FormatFault =
  | 'empty' // no characters at all
  | 'not_ours' // does not begin like a ciphertext of this program: plaintext, or another tool's
  | 'unknown_version' // os2_ and so on: written by a newer program
  | 'malformed' // not canonical base64url without padding
  | 'truncated'; // too short to hold header and tag

export interface Ciphertext {
  /** 8 characters of base64url. */
  readonly kid: string;
  readonly nonce: Buffer;
  /** As long as the plaintext. */
  readonly body: Buffer;
  readonly tag: Buffer;
}

/** Takes a stored text apart (docs/ciphertext.md, section 2), or says why it cannot. Authenticates nothing. */
export function parseCiphertext(text: string): Ciphertext | FormatFault {
  if (!text.startsWith(PREFIX)) return faultOfPrefix(text);
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, 'base64url');
  // Buffer skips what is not base64 and ignores stray bits; only an encoding that comes out the same is accepted, or
  // one value would have several spellings and a changed text could still decrypt.
  if (bytes.toString('base64url') !== encoded) return 'malformed';
  if (bytes.length < MINIMUM_BYTES) return 'truncated';
  return {
    kid: encoded.slice(0, KID_CHARACTERS),
    nonce: bytes.subarray(KID_BYTES, HEADER_BYTES),
    body: bytes.subarray(HEADER_BYTES, -TAG_BYTES),
    tag: bytes.subarray(-TAG_BYTES),
  };
}

/** The kid a text claims, without looking further; undefined when it has none. In SQL: substr(value, 5, 8). */
export function kidOf(text: string): string | undefined {
  const kid = text.slice(PREFIX.length, PREFIX.length + KID_CHARACTERS);
  return text.startsWith(PREFIX) && /^[\w-]{8}$/u.test(kid) ? kid : undefined;
}

function faultOfPrefix(text: string): FormatFault {
  if (text === '') return 'empty';
  return ANY_VERSION.test(text) ? 'unknown_version' : 'not_ours';
}
