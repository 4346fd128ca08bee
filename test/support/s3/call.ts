import { createHash } from 'node:crypto';
import type { Bucket } from './bucket.ts';
import type { Members } from './model.ts';
import { Refusal } from './refusal.ts';

export interface Call {
  readonly bucket: Bucket;
  readonly request: Members;
  readonly body: Buffer;
  readonly now: number;
  /** Most objects or uploads on one page. */
  readonly pageSize: number;
  /** Whether the caller may list the bucket: without, a missing key is a forbidden one. */
  readonly mayList: boolean;
  /** A store that does not know If-None-Match: takes no notice of it, or refuses it. */
  readonly conditional: 'yes' | 'ignored' | 'refused';
}

export function keyOf(request: Members): string {
  return textOf(request, 'Key') ?? '';
}

/** A member that is text. */
export function textOf(request: Members, name: string): string | undefined {
  const value = request[name];
  return typeof value === 'string' ? value : undefined;
}

/** @returns the sha256 that was given, in base64 */
export function requireChecksums(request: Members, body: Buffer): string | undefined {
  const [ContentMD5, ChecksumSHA256] = [textOf(request, 'ContentMD5'), textOf(request, 'ChecksumSHA256')];
  const of = (algorithm: string) => createHash(algorithm).update(body).digest('base64');
  if (ContentMD5 !== undefined && ContentMD5 !== of('md5'))
    throw new Refusal('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  if (ChecksumSHA256 === undefined) return undefined;
  if (Buffer.from(ChecksumSHA256, 'base64').length !== 32)
    throw new Refusal('InvalidRequest', 'Value for x-amz-checksum-sha256 header is invalid.');
  if (ChecksumSHA256 !== of('sha256'))
    throw new Refusal('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  return ChecksumSHA256;
}

export function requireAbsent({ bucket, request, conditional }: Call): void {
  if (request['IfNoneMatch'] === undefined || conditional === 'ignored') return;
  if (request['IfNoneMatch'] !== '*' || conditional === 'refused') {
    throw new Refusal('NotImplemented', 'A header you provided implies functionality that is not implemented');
  }
  if (bucket.objects.has(keyOf(request))) {
    throw new Refusal('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      elements: { Condition: 'If-None-Match' },
    });
  }
}
