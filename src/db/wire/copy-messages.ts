/** Fields of an ErrorResponse that are told: never DETAIL or WHERE, which may hold values of rows. */
export interface ServerRefusal {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

const COPY_DATA = 0x64; // d
const ERROR_RESPONSE = 0x45; // E
const READY_FOR_QUERY = 0x5a; // Z
const HEAD_BYTES = 5;

/** Takes CopyData messages out of what a server sends. Source: protocol 3.0, "COPY Operations" and "Message Formats". */
export class CopyMessages {
  /** The statement is over: the server is ready for another, or has refused this one. */
  ended = false;
  readonly #refuse: (refusal: ServerRefusal) => Error;
  /** Bytes of the CopyData message in hand that are still to come. */
  #left = 0;
  /** A piece of another message, or of a head, until the rest of it comes. */
  #rest: Buffer | undefined;

  constructor(refuse: (refusal: ServerRefusal) => Error) {
    this.#refuse = refuse;
  }

  /** Moves the data of a chunk together in its own memory. @throws what `refuse` makes of the server's error */
  strip(chunk: Buffer): Buffer {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let from = 0;
    let to = 0;
    while (from < bytes.length) {
      if (this.#left > 0) {
        const length = Math.min(this.#left, bytes.length - from);
        bytes.copyWithin(to, from, from + length);
        this.#left -= length;
        from += length;
        to += length;
        continue;
      }
      const head = this.#readHead(bytes, from);
      if (head === undefined) break;
      from += head;
    }
    return bytes.subarray(0, to);
  }

  /** @returns how many bytes to pass over; undefined when the rest of the message has to come first */
  #readHead(bytes: Buffer, from: number): number | undefined {
    const available = bytes.length - from;
    const length = available < HEAD_BYTES ? Infinity : bytes.readUInt32BE(from + 1) + 1;
    if (available >= HEAD_BYTES && bytes[from] === COPY_DATA) {
      this.#left = length - HEAD_BYTES;
      return HEAD_BYTES;
    }
    if (available < length) {
      this.#rest = Buffer.from(bytes.subarray(from)); // a copy: the data before it is the reader's to overwrite
      return undefined;
    }
    this.#hear(bytes[from], bytes.subarray(from + HEAD_BYTES, from + length));
    return length;
  }

  #hear(type: number | undefined, body: Buffer): void {
    if (type === READY_FOR_QUERY) this.ended = true;
    if (type !== ERROR_RESPONSE) return;
    this.ended = true;
    const fields = new Map(
      body
        .toString('utf8')
        .split('\0')
        .map((field) => [field.slice(0, 1), field.slice(1)]),
    );
    throw this.#refuse({
      severity: fields.get('V') ?? fields.get('S') ?? 'ERROR',
      code: fields.get('C') ?? '',
      message: fields.get('M') ?? '',
    });
  }
}

/** The message Query, which sends a text by the simple protocol. */
export function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const message = Buffer.alloc(HEAD_BYTES + body.length);
  message.write('Q', 'latin1');
  message.writeInt32BE(body.length + 4, 1);
  body.copy(message, HEAD_BYTES);
  return message;
}
