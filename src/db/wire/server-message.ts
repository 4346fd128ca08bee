/** Fields of a server's ErrorResponse that decide what is said about it. */
export interface FatalMessage {
  readonly sqlstate: string;
  readonly message: string;
}

const ERROR_RESPONSE = 0x45; // E
const AUTHENTICATION = 0x52; // R
const NOTICE = 0x4e; // N
const SEVERITY_FIRST = 0x53; // S, the field every server sends first

/**
 * The FATAL error a server says good-bye with, out of the last bytes it sent: an ErrorResponse that ends exactly where
 * they end. postgres.js has no query to give it to and drops it. Source: "Error and Notice Message Fields".
 */
export function findFatal(tail: Buffer): FatalMessage | undefined {
  for (let start = tail.length - 6; start >= 0; start -= 1) {
    const fits = tail[start] === ERROR_RESPONSE && tail.readUInt32BE(start + 1) === tail.length - start - 1;
    if (fits && tail[start + 5] === SEVERITY_FIRST) return readFatal(tail.toString('utf8', start + 5));
  }
  return undefined;
}

function readFatal(body: string): FatalMessage | undefined {
  const fields = new Map(body.split('\0').map((field) => [field.slice(0, 1), field.slice(1)]));
  // V is the severity that is never translated (9.6 and later).
  const severity = fields.get('V') ?? fields.get('S');
  if (severity !== 'FATAL' && severity !== 'PANIC') return undefined;
  return { sqlstate: fields.get('C') ?? '', message: fields.get('M') ?? '' };
}

export type Greeting = 'postgres' | 'unknown' | { readonly unsupported: string };

/** Authentication requests postgres.js answers: 0 ok, 3 clear text, 5 MD5, 10 SASL. Source: "Message Formats". */
const UNSUPPORTED_AUTHENTICATION: Readonly<Record<number, string>> = {
  2: 'Kerberos V5',
  6: 'SCM credential',
  7: 'GSSAPI',
  9: 'SSPI',
};

/**
 * What the first bytes after the startup message say. postgres.js waits for ever for a web server's "HTTP/1.1", because
 * H is CopyOutResponse to it, and for ever after an authentication request that it does not know.
 */
export function readGreeting(chunk: Buffer): Greeting {
  const [letter] = chunk;
  if (letter === ERROR_RESPONSE || letter === NOTICE) return 'postgres';
  // A message is longer than its length field; 8 KB would be a very long list of SASL mechanisms.
  if (letter !== AUTHENTICATION || (chunk.length >= 5 && chunk.readUInt32BE(1) > 8192)) return 'unknown';
  if (chunk.length < 9) return 'postgres';
  const method = chunk.readUInt32BE(5);
  const unsupported = UNSUPPORTED_AUTHENTICATION[method];
  if (unsupported !== undefined) return { unsupported };
  const mechanisms = chunk.toString('latin1', 9).split('\0');
  if (method === 10 && !mechanisms.includes('SCRAM-SHA-256')) return { unsupported: mechanisms[0] ?? 'unknown SASL' };
  return 'postgres';
}
