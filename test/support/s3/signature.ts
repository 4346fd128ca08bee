import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** Who may sign. */
export interface Principal {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Server {
  readonly region: string;
  readonly now: number;
  readonly principals: ReadonlyMap<string, Principal>;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/u;
const MAXIMUM_SKEW_MS = 15 * 60 * 1000;

/** Verifies AWS Signature Version 4 as S3 wants it: the path encoded once, the body's digest in a header. */
export function verifySignature(request: IncomingMessage, body: Buffer, server: Server): Principal {
  const header = request.headers.authorization;
  if (header === undefined) throw new Refusal('AccessDenied', 'Access Denied');
  const [, accessKeyId = '', day = '', region = '', service, signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(header) ?? [];
  if (signature === '') throw new Refusal('AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  const principal = server.principals.get(accessKeyId);
  if (principal === undefined) {
    throw new Refusal('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
      elements: { AWSAccessKeyId: accessKeyId },
    });
  }
  if (region !== server.region) {
    const message = `The authorization header is malformed; the region '${region}' is wrong; expecting '${server.region}'`;
    throw new Refusal('AuthorizationHeaderMalformed', message, { elements: { Region: server.region } });
  }
  if (service !== 's3') throw new Refusal('AuthorizationHeaderMalformed', `the service '${service}' is wrong`);
  const date = String(request.headers['x-amz-date']);
  requireTime(date, day, server.now);
  const names = signedHeaders.split(';');
  if (!['host', 'x-amz-date', 'x-amz-content-sha256'].every((name) => names.includes(name))) throw mismatch();
  const payload = requirePayload(request, body);
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, names, payload))].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (key, part) => hmac(key, part),
    `AWS4${principal.secretAccessKey}`,
  );
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))) throw mismatch();
  return principal;
}

function requireTime(date: string, day: string, now: number): void {
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(time) || !date.startsWith(day)) throw mismatch();
  if (Math.abs(time - now) <= MAXIMUM_SKEW_MS) return;
  throw new Refusal(
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      elements: { RequestTime: date, ServerTime: new Date(now).toISOString() },
    },
  );
}

/** Bodies in frames (aws-chunked) are refused: services that do not know them store the frames as content. */
function requirePayload(request: IncomingMessage, body: Buffer): string {
  const claimed = String(request.headers['x-amz-content-sha256']);
  if (claimed.startsWith('STREAMING-') || String(request.headers['content-encoding']).includes('aws-chunked')) {
    throw new Refusal('NotImplemented', 'A header you provided implies functionality that is not implemented.');
  }
  if (claimed !== 'UNSIGNED-PAYLOAD' && claimed !== sha256(body)) {
    throw new Refusal(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  return claimed;
}

function canonicalRequest(request: IncomingMessage, names: readonly string[], payload: string): string {
  const url = new URL(request.url ?? '/', 'http://host');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&');
  const path = decodeURIComponent(url.pathname).split('/').map(encode).join('/');
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim().replaceAll(/\s+/gu, ' ')}\n`);
  return [request.method, path, query, headers.join(''), names.join(';'), payload].join('\n');
}

/** RFC 3986: everything but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(input: string | Buffer): string {
  return createHash('sha256').update(input).digest('hex');
}

function hmac(key: string | Buffer, input: string): Buffer {
  return createHmac('sha256', key).update(input, 'utf8').digest();
}

function mismatch(): Refusal {
  return new Refusal(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  );
}
