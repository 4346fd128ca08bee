import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Access } from './access.ts';
import { createAccess } from './access.ts';
import type { FaultScript } from './faults.ts';
import { actOut, createFaultScript } from './faults.ts';
import type { Context, KeyTable } from './keys.ts';
import { createKeyTable } from './keys.ts';
import type { Members, OperationName } from './model.ts';
import { answerFaults, isOperation, requireValidRequest } from './model.ts';
import { OPERATIONS } from './operations.ts';
import { Refusal } from './refusal.ts';
import { verifySignature } from './signature.ts';

/** One request as the server saw it: names and contexts, never blobs. */
export interface KmsCallRecord {
  readonly operation: string;
  readonly dryRun: boolean;
  readonly context: Context;
  /** "ok", the type of the error, or the scripted fault. */
  readonly outcome: string;
}

export interface FakeKms extends Pick<FaultScript, 'fail'> {
  readonly url: string;
  readonly region: string;
  readonly keys: KeyTable;
  readonly access: Access;
  readonly calls: readonly KmsCallRecord[];
  /** How often an operation was answered "ok". */
  count(operation: OperationName): number;
  /** Shifts the server's clock. */
  setClockOffset(milliseconds: number): void;
  close(): Promise<void>;
}

interface State {
  readonly region: string;
  readonly keys: KeyTable;
  readonly access: Access;
  readonly calls: KmsCallRecord[];
  readonly faults: FaultScript;
  clockOffset: number;
}

/** A KMS over HTTP on a free loopback port: wire protocol, signatures, keys, aliases, rights, states, faults on demand. */
export async function startKms({ region = 'ap-northeast-2' }: { readonly region?: string } = {}): Promise<FakeKms> {
  const [keys, access, faults] = [createKeyTable(region), createAccess(), createFaultScript()];
  const state: State = { region, keys, access, calls: [], faults, clockOffset: 0 };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region,
    keys,
    access,
    calls: state.calls,
    count: (operation) => state.calls.filter((call) => call.operation === operation && call.outcome === 'ok').length,
    fail: (fault, options) => faults.fail(fault, options),
    setClockOffset: (milliseconds) => {
      state.clockOffset = milliseconds;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const operation = /^TrentService\.(\w+)$/u.exec(String(request.headers['x-amz-target']))?.[1] ?? '';
  const fault = state.faults.next(operation);
  if (fault === undefined) {
    const { members, answer } = perform(state, operation, request, body);
    record(state, operation, members, answer instanceof Refusal ? answer.type : 'ok');
    send(state, response, answer);
    return;
  }
  record(state, operation, {}, fault);
  const refusal = actOut(fault, response);
  if (refusal !== 'done') send(state, response, refusal);
}

function perform(
  state: State,
  operation: string,
  request: IncomingMessage,
  body: Buffer,
): { members: Members; answer: Members | Refusal } {
  let members: Members = {};
  try {
    if (
      request.method !== 'POST' ||
      request.headers['content-type'] !== 'application/x-amz-json-1.1' ||
      !isOperation(operation)
    ) {
      throw new Refusal('UnknownOperationException');
    }
    const now = Date.now() + state.clockOffset;
    const principal = verifySignature(request, body, {
      region: state.region,
      now,
      principals: state.access.principals,
    });
    members = parseBody(body);
    requireValidRequest(operation, members);
    const answer = OPERATIONS[operation]({
      account: { keys: state.keys, allows: (...asked) => state.access.allows(...asked) },
      principal,
      request: members,
    });
    const wrong = answerFaults(operation, answer);
    if (wrong.length > 0) throw new Error(`the fake KMS answered ${operation} outside the model: ${wrong.join('; ')}`);
    return { members, answer };
  } catch (error) {
    if (error instanceof Refusal) return { members, answer: error };
    throw error;
  }
}

function record({ calls }: State, operation: string, members: Members, outcome: string): void {
  const context = (members['EncryptionContext'] ?? members['SourceEncryptionContext'] ?? {}) as Context;
  calls.push({ operation, dryRun: members['DryRun'] === true, context, outcome });
}

function send({ clockOffset }: State, response: ServerResponse, answer: Members | Refusal): void {
  const refused = answer instanceof Refusal;
  response.writeHead(refused ? answer.status : 200, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': randomUUID(),
    date: new Date(Date.now() + clockOffset).toUTCString(),
  });
  response.end(refused ? answer.body() : JSON.stringify(answer));
}

function parseBody(body: Buffer): Members {
  try {
    return JSON.parse(body.toString('utf8')) as Members;
  } catch {
    // Whatever is wrong with the JSON, the service has one word for it.
    throw new Refusal('SerializationException');
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
