import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bucket } from './bucket.ts';
import { createBucket } from './bucket.ts';
import type { Fault, FaultScript } from './faults.ts';
import { createFaultScript, refusalOf } from './faults.ts';
import type { Http, Members, OperationName } from './model.ts';
import { answerFaults, matchOperation, parseRequest, renderAnswer } from './model.ts';
import type { Call } from './call.ts';
import { OPERATIONS } from './operations.ts';
import { Refusal } from './refusal.ts';
import type { Principal } from './signature.ts';
import { verifySignature } from './signature.ts';

/** One request as the server saw it. */
export interface S3CallRecord {
  readonly operation: string;
  readonly key: string;
  readonly bytes: number;
  /** "ok", the code of the error, or the scripted fault. */
  readonly outcome: string;
}

export interface FakeS3 extends Pick<FaultScript, 'fail' | 'recover'> {
  readonly url: string;
  readonly region: string;
  readonly owner: Principal;
  readonly calls: readonly S3CallRecord[];
  /** A bucket; of another region than the server's, one that is only redirected to. */
  bucket(name: string, options?: { readonly objectLock?: boolean; readonly region?: string }): Bucket;
  /** Somebody who may do everything but these. */
  add(name: string, denied: readonly (OperationName | 'ListBucket')[]): Principal;
  count(operation: OperationName): number;
  pageSize: number;
  conditional: Call['conditional'];
  clockOffset: number;
  close(): Promise<void>;
}

interface State extends Pick<FakeS3, 'pageSize' | 'conditional' | 'clockOffset' | 'region'> {
  readonly buckets: Map<string, Bucket>;
  readonly principals: Map<string, Principal>;
  readonly denied: Map<string, readonly string[]>;
  readonly calls: S3CallRecord[];
  readonly faults: FaultScript;
}

/** An S3 over HTTP on a free loopback port, addressed by path: protocol, signatures, checksums, rights, faults on demand. */
export async function startS3({ region = 'ap-northeast-2' }: { readonly region?: string } = {}): Promise<FakeS3> {
  const owner = principalOf('owner');
  const state: State = {
    region,
    pageSize: 1000,
    conditional: 'yes',
    clockOffset: 0,
    buckets: new Map(),
    principals: new Map([[owner.accessKeyId, owner]]),
    denied: new Map(),
    calls: [],
    faults: createFaultScript(),
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    owner,
    bucket: (name: string, options: { objectLock?: boolean; region?: string } = {}) => {
      const bucket = createBucket(name, options.region ?? region, options.objectLock ?? false);
      state.buckets.set(name, bucket);
      return bucket;
    },
    add: (name: string, denied: readonly string[]) => {
      const principal = principalOf(name);
      state.principals.set(principal.accessKeyId, principal);
      state.denied.set(principal.accessKeyId, denied);
      return principal;
    },
    count: (operation: OperationName) =>
      state.calls.filter((call) => call.operation === operation && call.outcome === 'ok').length,
    fail: (...script: Parameters<FaultScript['fail']>) => state.faults.fail(...script),
    recover: () => state.faults.recover(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function principalOf(name: string): Principal {
  return { accessKeyId: `AKIA${name.toUpperCase()}`, secretAccessKey: `${name}-secret` };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const { bucketName, http } = httpOf(request);
  const operation = matchOperation(http);
  const fault = state.faults.next(operation);
  const refused = fault && refusalOf(fault);
  const skipped =
    refused !== undefined || fault === 'hang' || fault === 'reset' || fault === 'nonsense' || fault === 'proxy-page';
  const answer = skipped ? refused : perform(state, { operation, bucketName, http, request, body });
  const outcome = fault ?? (answer instanceof Refusal ? answer.code : 'ok');
  state.calls.push({ operation: operation ?? 'none', key: http.key, bytes: body.length, outcome });
  send(state, response, { operation, fault, answer });
}

function httpOf(request: IncomingMessage): { bucketName: string; http: Http } {
  const url = new URL(request.url ?? '/', 'http://host');
  const [, bucketName = '', ...key] = decodeURIComponent(url.pathname).split('/');
  const headers = request.headers as Record<string, string | undefined>;
  return { bucketName, http: { method: request.method ?? '', key: key.join('/'), query: url.searchParams, headers } };
}

interface Request {
  readonly operation: OperationName | undefined;
  readonly bucketName: string;
  readonly http: Http;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

function perform(state: State, { operation, bucketName, http, request, body }: Request): Members | Refusal {
  try {
    const now = Date.now() + state.clockOffset;
    const principal = verifySignature(request, body, { region: state.region, now, principals: state.principals });
    if (operation === undefined)
      throw new Refusal('MethodNotAllowed', 'The specified method is not allowed against this resource.');
    const bucket = state.buckets.get(bucketName);
    if (bucket === undefined)
      throw new Refusal('NoSuchBucket', 'The specified bucket does not exist', {
        elements: { BucketName: bucketName },
      });
    if (bucket.region !== state.region) throw redirect(bucket);
    const denied = state.denied.get(principal.accessKeyId) ?? [];
    if (denied.includes(operation)) {
      throw new Refusal(
        'AccessDenied',
        `User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:${operation} on resource: "arn:aws:s3:::${bucketName}" because no identity-based policy allows the s3:${operation} action`,
      );
    }
    const members = parseRequest(operation, bucketName, http);
    const { pageSize, conditional } = state;
    const answer = OPERATIONS[operation]({
      bucket,
      request: members,
      body,
      now,
      pageSize,
      conditional,
      mayList: !denied.includes('ListBucket'),
    });
    const wrong = answerFaults(operation, answer);
    if (wrong.length > 0) throw new Error(`the fake S3 answered ${operation} outside the model: ${wrong.join('; ')}`);
    return answer;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function redirect({ name, region }: Bucket): Refusal {
  return new Refusal(
    'PermanentRedirect',
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
    {
      elements: { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name },
      headers: { 'x-amz-bucket-region': region },
    },
  );
}

interface Answer {
  readonly operation: OperationName | undefined;
  readonly fault: Fault | undefined;
  readonly answer: Members | Refusal | undefined;
}

function send(state: State, response: ServerResponse, { operation, fault, answer }: Answer): void {
  if (fault === 'hang' || fault === 'hang-after') return;
  const id = randomBytes(8).toString('hex').toUpperCase();
  const common = { 'x-amz-request-id': id, date: new Date(Date.now() + state.clockOffset).toUTCString() };
  if (fault === 'reset' || fault === 'lost-answer') response.destroy();
  else if (fault === 'proxy-page')
    response.writeHead(502, { 'content-type': 'text/html' }).end('<html><body>Bad Gateway</body></html>');
  else if (answer instanceof Refusal) {
    const status = fault === 'internal-in-200' ? 200 : answer.status;
    response.writeHead(status, { ...common, ...answer.headers, 'content-type': 'application/xml' });
    response.end(operation === 'HeadObject' ? '' : answer.body(id));
  } else if (answer === undefined || operation === undefined) response.writeHead(200, { 'content-length': '0' }).end(); // nonsense
  else sendAnswer(response, common, { operation, fault, answer });
}

function sendAnswer(
  response: ServerResponse,
  common: Readonly<Record<string, string>>,
  { operation, fault, answer }: { operation: OperationName; fault: Fault | undefined; answer: Members },
): void {
  const { status, headers, body } = renderAnswer(operation, answer);
  const type = Buffer.isBuffer(answer['Body']) ? 'binary/octet-stream' : 'application/xml';
  const length = status === 204 ? {} : { 'content-length': body.length };
  response.writeHead(status, { ...common, 'content-type': type, ...length, ...headers });
  if (fault === 'truncate') response.write(body.subarray(0, body.length >> 1), () => response.destroy());
  else response.end(operation === 'HeadObject' ? undefined : body);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
