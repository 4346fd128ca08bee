import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** Who may sign. */
export interface Principal {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly arn: string;
  /** An owner may do everything; others only what a grant gives them. */
  readonly owner: boolean;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/u;
const MAXIMUM_SKEW_MS = 5 * 60 * 1000;

/** Verifies AWS Signature Version 4 of one request by the published algorithm. Returns who signed. */
export function verifySignature(
  request: IncomingMessage,
  body: Buffer,
  server: { readonly region: string; readonly now: number; readonly principals: ReadonlyMap<string, Principal> },
): Principal {
  const header = request.headers.authorization;
  if (header === undefined)
    throw new Refusal('MissingAuthenticationTokenException', 'Missing Authentication Token', { member: 'Message' });
  const [, accessKeyId = '', day = '', region, service, signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(header) ?? [];
  if (signature === '')
    throw new Refusal('IncompleteSignatureException', 'Authorization header requires its parameters', {
      member: 'Message',
    });
  const principal = server.principals.get(accessKeyId);
  if (principal === undefined)
    throw new Refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
  const date = String(request.headers['x-amz-date']);
  requireScope({ day, region, service, date }, server);
  const names = signedHeaders.split(';');
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => names.includes(name)))
    throw invalid('A required header is not signed');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonicalRequest(request, names, body))].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (key, part) => hmac(key, String(part)),
    `AWS4${principal.secretAccessKey}`,
  );
  if (!timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'))) {
    throw invalid('The request signature we calculated does not match the signature you provided.');
  }
  return principal;
}

function requireScope(
  signed: { day: string; region: string | undefined; service: string | undefined; date: string },
  server: { readonly region: string; readonly now: number },
): void {
  const iso = signed.date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/u, '$1-$2-$3T$4:$5:$6Z');
  const time = Date.parse(iso);
  if (Number.isNaN(time) || !signed.date.startsWith(signed.day))
    throw invalid('Date in Credential scope does not match X-Amz-Date');
  if (signed.region !== server.region)
    throw invalid(`Credential should be scoped to a valid region, not '${signed.region}'.`);
  if (signed.service !== 'kms') throw invalid("Credential should be scoped to correct service: 'kms'.");
  if (Math.abs(time - server.now) > MAXIMUM_SKEW_MS)
    throw invalid(`Signature expired: ${signed.date} is now earlier or later than the server's time`);
}

function canonicalRequest(request: IncomingMessage, names: readonly string[], body: Buffer): string {
  const url = new URL(request.url ?? '/', 'http://host');
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim().replaceAll(/\s+/gu, ' ')}\n`);
  return [request.method, url.pathname, url.search.slice(1), headers.join(''), names.join(';'), sha256(body)].join(
    '\n',
  );
}

function sha256(input: string | Buffer): string {
  return createHash('sha256').update(input).digest('hex');
}

function hmac(key: string | Buffer, input: string): Buffer {
  return createHmac('sha256', key).update(input, 'utf8').digest();
}

function invalid(message: string): Refusal {
  return new Refusal('InvalidSignatureException', message);
}
