import type { Parameters } from './connection-string.ts';
import type { SettingsFiles } from './files.ts';
import { assertKeyword } from './parameters.ts';
import { settingError } from './setting-error.ts';

export interface ServiceRequest {
  readonly name: string;
  /** Who named the service, for the error. */
  readonly origin: string;
  /** `servicefile` or PGSERVICEFILE: then no other file is read. */
  readonly file: string | undefined;
  /** PGSYSCONFDIR. */
  readonly systemFolder: string | undefined;
}

/** Debian's, Red Hat's and the released libpq's folder, because there is no pg_config to ask. */
const SYSTEM_FOLDERS = ['/etc/postgresql-common', '/etc/sysconfig/pgsql', '/etc'];

/** Finds `[name]` in the user's service file, then in the system's. Source: "The Connection Service File". */
export function readService(request: ServiceRequest, files: SettingsFiles): { path: string; values: Parameters } {
  const paths = candidates(request, files);
  for (const path of paths) {
    const file = files.read(path);
    if (file === undefined && request.file === path) {
      throw settingError(
        request.origin,
        `service file ${path} does not exist`,
        'PGSERVICEFILE or servicefile names it',
      );
    }
    const values = file && parseService(file.text, request.name, path);
    if (values !== undefined) return { path, values };
  }
  throw settingError(request.origin, `service "${request.name}" is not defined`, `looked in ${paths.join(', ')}`);
}

function candidates({ file, systemFolder }: ServiceRequest, files: SettingsFiles): string[] {
  if (file) return [file];
  const folders = systemFolder ? [systemFolder] : SYSTEM_FOLDERS;
  return [`${files.homeDirectory}/.pg_service.conf`, ...folders.map((folder) => `${folder}/pg_service.conf`)];
}

function parseService(text: string, name: string, path: string): Parameters | undefined {
  let values: Parameters | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const origin = `service file ${path}, line ${index + 1}`;
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (values !== undefined) return values;
      if (line === `[${name}]`) values = new Map();
    } else if (values !== undefined) {
      readLine(line, values, origin);
    }
  }
  return values;
}

function readLine(line: string, values: Parameters, origin: string): void {
  const [, keyword, value = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
  if (line.startsWith('ldap')) throw settingError(origin, 'LDAP look-up of services is not supported');
  if (keyword === undefined) throw settingError(origin, 'the line has no "="');
  if (keyword === 'service') throw settingError(origin, 'a service cannot name another service');
  assertKeyword(keyword, origin);
  // As in libpq, the first of a repeated keyword counts.
  if (!values.has(keyword)) values.set(keyword, value);
}
