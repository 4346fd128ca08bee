import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** A program that is wrong in one way: its SQL is changed on its way to the server, its own code is not. */
export interface Mutant {
  /** The database's URL, through the change. */
  readonly url: string;
  /** How many statements were changed: a mutation that hits nothing proves nothing. */
  readonly changed: () => number;
  close(): Promise<void>;
}

/** Untyped messages of the start of a connection (protocol 3, "Message Formats"): 8 bytes or more, the code at byte 4. */
const STARTUP = 196_608;

/** Stands between the program and its server, and passes every statement through `mutate`. */
export async function startMutant(url: string, mutate: (text: string) => string): Promise<Mutant> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let changed = 0;
  const rewrite = (text: string): string => {
    const mutated = mutate(text);
    if (mutated !== text) changed += 1;
    return mutated;
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const reader = createReader(rewrite);
    client.on('data', (bytes) => upstream.write(reader(bytes)));
    upstream.on('data', (bytes) => client.write(bytes));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()); // a killed program, or a killed server
      one.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: Object.assign(new URL(url), { port: String((server.address() as AddressInfo).port) }).href,
    changed: () => changed,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Takes bytes as they come and gives back whole messages, their statements rewritten. */
function createReader(rewrite: (text: string) => string): (bytes: Buffer) => Buffer {
  let waiting = Buffer.alloc(0);
  let started = false;
  return (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    const out: Buffer[] = [];
    for (;;) {
      const head = started ? 1 : 0;
      if (waiting.length < head + 4) break;
      const length = head + waiting.readInt32BE(head);
      if (waiting.length < length) break;
      const message = waiting.subarray(0, length);
      waiting = waiting.subarray(length);
      out.push(started ? rewriteMessage(message, rewrite) : message);
      started ||= message.readInt32BE(4) === STARTUP;
    }
    return Buffer.concat(out);
  };
}

/** Parse is 'P', name, statement, types of the parameters; Query is 'Q' and the statement. */
function rewriteMessage(message: Buffer, rewrite: (text: string) => string): Buffer {
  const type = String.fromCharCode(message[0]!);
  if (type !== 'P' && type !== 'Q') return message;
  const from = type === 'Q' ? 5 : message.indexOf(0, 5) + 1;
  const to = message.indexOf(0, from);
  const statement = Buffer.from(rewrite(message.toString('utf8', from, to)), 'utf8');
  const rewritten = Buffer.concat([message.subarray(0, from), statement, message.subarray(to)]);
  rewritten.writeInt32BE(rewritten.length - 1, 1);
  return rewritten;
}
