import { resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { CallAgain } from '../context.ts';
import type { Source } from '../db/settings/types.ts';
import { packageFile } from '../package-file.ts';
import type { Configuration } from './config.ts';
import type { GlobalValues } from './globals.ts';
import type { Io } from './io.ts';
import { resolveSettings } from './session.ts';

/** What a connection string of the same meaning leaves out: secrets, and what the rest has been read from. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'password',
  'sslpassword',
  'service',
  'servicefile',
  'application_name',
  'fallback_application_name',
]);
const FILES: ReadonlySet<string> = new Set(['passfile', 'sslrootcert', 'sslcert', 'sslkey', 'sslcrl']);

/**
 * The command line that leads to the same database from any folder and with an empty environment: whatever decided a
 * setting, it stands in one --url, and a password never does.
 */
export async function callAgain(io: Io, configuration: Configuration, globals: GlobalValues): Promise<CallAgain> {
  const { environment, files } = configuration;
  const { sources, database } = await resolveSettings(io, {
    configuration: async () => configuration,
    globals,
    warn: () => undefined, // connecting says it once
  });
  const [file] = files;
  const named =
    environment.name === undefined || file === undefined ? [] : ['--config', file, '--env', environment.name];
  return {
    words: [process.execPath, fileURLToPath(packageFile('bin/ordersync.js')), ...named, '--url', urlOf(io, sources)],
    answers: environment.protected ? ['--confirm', database] : [],
    warnings: sources.filter(({ keyword, value }) => isSecret(keyword) && value !== '').map(secretWarning),
  };
}

function urlOf(io: Io, sources: readonly Source[]): string {
  return sources
    .filter(({ keyword, origin }) => !LEFT_OUT.has(keyword) && (ALWAYS.has(keyword) || !origin.startsWith('default')))
    .map(({ keyword, value }) => `${keyword}=${quoted(absolute(io, keyword, value))}`)
    .join(' ');
}

/** Defaults of the machine and of the user that call: another user may call next time. */
const ALWAYS: ReadonlySet<string> = new Set(['host', 'port', 'dbname', 'user']);

function absolute(io: Io, keyword: string, value: string): string {
  return FILES.has(keyword) && value !== 'system' ? resolve(io.cwd, value) : value;
}

function quoted(value: string): string {
  return /^[\w@+:,./-]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

function isSecret(keyword: string): boolean {
  return keyword === 'password' || keyword === 'sslpassword';
}

function secretWarning({ keyword, origin }: Source): string {
  return `the ${keyword} comes from ${origin}, where a scheduler may not find it: put it into the ~/.pgpass of the user who runs the jobs`;
}
