import { Secret } from '../secret.ts';
import type { SettingsFiles } from './files.ts';

/** One line of a password file; * stands for anything. */
export interface PasswordEntry {
  readonly host: string;
  readonly port: string;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
}

export interface PasswordRequest {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Where libpq (on Debian, then as released) looks for the socket: for these the password file says `localhost`. */
export const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/**
 * Reads host:port:database:user:password lines. A file that others can read is not used, with libpq's warning.
 * Source: PostgreSQL documentation, section "The Password File".
 */
export function readPasswordFile(path: string, files: SettingsFiles, warn: (message: string) => void): PasswordEntry[] {
  const file = files.read(path);
  if (file === undefined) return [];
  if (!file.regular) {
    warn(`password file ${path} is not a plain file and is not used`);
    return [];
  }
  if ((file.mode & 0o077) !== 0) {
    warn(`password file ${path} can be read by others and is not used; chmod 600 ${path}`);
    return [];
  }
  return file.text.split(/\r?\n/).flatMap(parseLine);
}

/** The first entry that fits, as libpq: order in the file decides, not how exact an entry is. */
export function findPassword(entries: readonly PasswordEntry[], request: PasswordRequest): Secret | undefined {
  const host = SOCKET_FOLDERS.includes(request.host) ? 'localhost' : request.host;
  return entries.find(
    (entry) =>
      fits(entry.host, host) &&
      fits(entry.port, String(request.port)) &&
      fits(entry.database, request.database) &&
      fits(entry.user, request.user),
  )?.password;
}

function fits(pattern: string, value: string): boolean {
  return pattern === '*' || pattern === value;
}

function parseLine(line: string): PasswordEntry[] {
  if (line.startsWith('#')) return [];
  // \ protects the next character, also a colon.
  const fields = /^((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*):((?:\\.|[^:\\])*)/.exec(
    line,
  );
  if (fields === null) return [];
  const [host = '', port = '', database = '', user = '', password = ''] = fields
    .slice(1)
    .map((field) => field.replace(/\\(.)/g, '$1'));
  return [{ host, port, database, user, password: new Secret(password) }];
}
