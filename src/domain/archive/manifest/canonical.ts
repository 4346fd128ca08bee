import { createHash } from 'node:crypto';

/**
 * The one way to write a value as JSON (RFC 8785): members in the order of their names by UTF-16 code units, numbers and
 * strings as ECMAScript writes them, no white space. What has no such form is a bug and throws.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value);
  throw new TypeError(`a ${typeof value} has no canonical JSON`);
}

/** Lower-case hex of sha256 over the canonical JSON. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
}

function canonicalObject(value: object): string {
  const members = Object.entries(value)
    // Not localeCompare: < on strings compares UTF-16 code units, as the RFC wants.
    .sort(([one], [two]) => (one < two ? -1 : 1))
    .map(([name, member]) => `${canonicalString(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON`);
  return JSON.stringify(value);
}

function canonicalString(value: string): string {
  // A half of a surrogate pair has no UTF-8, and so no bytes that a digest could be taken of.
  if (/\p{Surrogate}/u.test(value)) throw new TypeError('a string with half a surrogate pair has no canonical JSON');
  return JSON.stringify(value);
}
