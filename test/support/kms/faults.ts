import type { ServerResponse } from 'node:http';
import type { OperationName } from './model.ts';
import { Refusal } from './refusal.ts';

export type Fault =
  | 'throttle'
  | 'internal'
  | 'unavailable-key'
  | 'dependency-timeout'
  | 'hang' // accept the request and never answer
  | 'reset' // close the connection without an answer
  | 'nonsense' // answer 200 with an empty object
  | 'proxy-page'; // a gateway's own 502, in HTML

/** Faults that are about to happen, in order. */
export interface FaultScript {
  /** The next `times` requests (of that operation) fail so; default once, any operation. */
  fail(fault: Fault, options?: { readonly times?: number; readonly operation?: OperationName }): void;
  /** Takes the next fault for a request, if there is one. */
  next(operation: string): Fault | undefined;
}

export function createFaultScript(): FaultScript {
  const pending: { readonly fault: Fault; readonly operation: OperationName | undefined }[] = [];
  return {
    fail: (fault, { times = 1, operation } = {}) => {
      for (let count = 0; count < times; count += 1) pending.push({ fault, operation });
    },
    next: (name) => {
      const index = pending.findIndex(({ operation }) => operation === undefined || operation === name);
      return index < 0 ? undefined : pending.splice(index, 1)[0]?.fault;
    },
  };
}

/** The refusals among the faults; the others concern the connection and are acted out here. */
export function actOut(fault: Fault, response: ServerResponse): Refusal | 'done' {
  switch (fault) {
    case 'throttle':
      return new Refusal(
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      );
    case 'internal':
      return new Refusal('KMSInternalException', '', { status: 500 });
    case 'unavailable-key':
      return new Refusal('KeyUnavailableException', '', { status: 500 });
    case 'dependency-timeout':
      return new Refusal('DependencyTimeoutException', '', { status: 500 });
    case 'hang':
      return 'done';
    case 'reset':
      response.destroy();
      return 'done';
    case 'nonsense':
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}');
      return 'done';
    default:
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html><body>Bad Gateway</body></html>');
      return 'done';
  }
}
