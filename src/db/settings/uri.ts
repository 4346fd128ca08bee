import type { Parameters } from './connection-string.ts';
import { assertKeyword } from './parameters.ts';
import { settingError } from './setting-error.ts';

const ENCODE =
  'inside a URL write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25, or give the password by PGPASSWORD or ~/.pgpass';

/**
 * Reads what follows `postgres://`: [user[:password]@][host[:port],…][/dbname][?keyword=value&…], each part
 * percent-decoded. Not by `new URL()`: it knows one host only, no socket folders, and its errors carry the text.
 */
export function parseUri(rest: string, origin: string): Parameters {
  const found: Parameters = new Map();
  const afterUser = readUser(rest, found, origin);
  const [, hosts = '', path, query] = /^([^/?]*)(?:\/([^?]*))?(?:\?([\s\S]*))?$/.exec(afterUser) ?? [];
  // A second @ before the parameters: the password was not encoded, and a piece of it would be taken for a host.
  if (`${hosts}/${path ?? ''}`.includes('@')) {
    throw settingError(origin, 'the connection URL has an "@", "/" or ":" that is not percent-encoded', ENCODE);
  }
  readHosts(hosts, found, origin);
  if (path) found.set('dbname', decode(path, origin));
  if (query) readQuery(query, found, origin);
  return found;
}

/** As libpq: a user is there when an @ comes before the first slash. */
function readUser(rest: string, found: Parameters, origin: string): string {
  const at = /^([^@/]*)@/.exec(rest);
  if (at?.[1] === undefined) return rest;
  const [, user = '', password] = /^([^:]*)(?::([\s\S]*))?$/.exec(at[1]) ?? [];
  if (user !== '') found.set('user', decode(user, origin));
  if (password) found.set('password', decode(password, origin));
  return rest.slice(at[0].length);
}

function readHosts(text: string, found: Parameters, origin: string): void {
  if (text === '') return;
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const part of text.split(',')) {
    const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d*))?$/.exec(part);
    if (match === null) throw settingError(origin, 'a host or port in the connection URL is not well formed', ENCODE);
    hosts.push(decode(match[1] ?? match[2] ?? '', origin));
    ports.push(match[3] ?? '');
  }
  if (hosts.some((host) => host !== '')) found.set('host', hosts.join(','));
  if (ports.some((port) => port !== '')) found.set('port', ports.join(','));
}

function readQuery(query: string, found: Parameters, origin: string): void {
  for (const pair of query.split('&')) {
    const [, name = '', value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(pair) ?? [];
    if (value === undefined) throw settingError(origin, 'a parameter of the connection URL has no "="', ENCODE);
    const keyword = decode(name, origin);
    // JDBC's word, which libpq understands in URLs too.
    if (keyword === 'ssl' && value === 'true') {
      found.set('sslmode', 'require');
      continue;
    }
    assertKeyword(keyword, origin);
    found.set(keyword, decode(value, origin));
  }
}

function decode(text: string, origin: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw settingError(
      origin,
      'the connection URL has a "%" that is not followed by two hexadecimal digits of UTF-8',
      ENCODE,
    );
  }
  if (decoded.includes('\0')) throw settingError(origin, 'the connection URL contains %00', 'remove it');
  return decoded;
}
