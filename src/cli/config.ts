import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrdersyncError } from '../errors.ts';
import { packageFile } from '../package-file.ts';
import type { ArchiveMember, Environment, KeysMember, ProjectFile, Waiver } from './config-file.ts';
import type { Io } from './io.ts';

export const CONFIG_FILE = 'ordersync.config.json';

/** A value and where it came from, for `config show --origin`. */
export interface Sourced<T> {
  readonly value: T;
  readonly origin: string;
}

export interface Configuration {
  /** Connection settings of the chosen environment, as the files give them; flags and process environment come on top. */
  readonly connection: Readonly<Record<string, string | undefined>>;
  readonly connectionOrigin: string;
  readonly environment: { readonly name: string | undefined; readonly origin: string; readonly protected: boolean };
  readonly migrationsDir: Sourced<string>;
  /** Of the chosen environment, with the folder that its paths are relative to. */
  readonly keys: (Sourced<KeysMember> & { readonly folder: string }) | undefined;
  /** Of the chosen environment, with the folder that its paths are relative to. */
  readonly archive: (Sourced<ArchiveMember> & { readonly folder: string }) | undefined;
  /** Of the project file, then of the user's own. */
  readonly waivers: readonly Waiver[];
  readonly files: readonly string[];
}

export interface ConfigRequest {
  readonly env?: string | undefined;
  readonly config?: string | undefined;
  readonly migrations?: string | undefined;
}

/** flag > environment variable > project file > user file > default; each file is validated once, here. */
export async function loadConfiguration(io: Io, request: ConfigRequest): Promise<Configuration> {
  const files = await readConfigFiles(io, request.config);
  const chosen = chooseEnvironment(io, request, files);
  const found = files.find(({ file }) => environmentOf(file, chosen.value) !== undefined);
  if (chosen.value !== undefined && found === undefined) throw unknownEnvironment(chosen, files);
  const environment: Environment = (found && environmentOf(found.file, chosen.value)) ?? {};
  const { protected: guarded = false, migrations, keys, archive, ...connection } = environment;
  const origin = found === undefined ? 'none' : `${found.path}, environment ${chosen.value}`;
  return {
    connection,
    connectionOrigin: origin,
    environment: { name: chosen.value, origin: chosen.origin, protected: guarded },
    migrationsDir: migrationsDirectory(
      io,
      request,
      files,
      migrations === undefined ? undefined : { migrations, path: found?.path },
    ),
    keys: keys === undefined || found === undefined ? undefined : { value: keys, origin, folder: dirname(found.path) },
    archive:
      archive === undefined || found === undefined
        ? undefined
        : { value: archive, origin, folder: dirname(found.path) },
    waivers: files.flatMap(({ file }) => file.check?.waivers ?? []),
    files: files.map(({ path }) => path),
  };
}

interface FoundFile {
  readonly path: string;
  readonly file: ProjectFile;
}

/** The project file (named, or found in this folder or one above), then the user's own. */
async function readConfigFiles(io: Io, named: string | undefined): Promise<FoundFile[]> {
  const explicit = named ?? io.env['ORDERSYNC_CONFIG'];
  const project = explicit === undefined ? await findUpward(io.cwd) : await readRequired(resolve(io.cwd, explicit));
  const user = await readOptional(userConfigPath(io));
  return [project, user].filter((found) => found !== undefined);
}

function userConfigPath(io: Io): string {
  return join(io.env['XDG_CONFIG_HOME'] ?? join(io.env['HOME'] ?? homedir(), '.config'), 'ordersync', 'config.json');
}

async function findUpward(folder: string): Promise<FoundFile | undefined> {
  const found = await readOptional(join(folder, CONFIG_FILE));
  const parent = dirname(folder);
  return found ?? (parent === folder ? undefined : findUpward(parent));
}

async function readRequired(path: string): Promise<FoundFile> {
  const found = await readOptional(path);
  if (found === undefined) {
    throw new OrdersyncError('config', `there is no configuration file at ${path}`, {
      hint: 'ordersync config init writes one',
    });
  }
  return found;
}

async function readOptional(path: string): Promise<FoundFile | undefined> {
  let text: string;
  try {
    // Not readFile(): for one small file it starts the four threads of libuv's pool.
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new OrdersyncError('config', `cannot read ${path}: ${code ?? 'unknown error'}`, { cause: error });
  }
  const { parseProjectFile } = await import('./config-file.ts');
  return { path, file: parseProjectFile(path, text) };
}

function chooseEnvironment(io: Io, request: ConfigRequest, files: readonly FoundFile[]): Sourced<string | undefined> {
  if (request.env !== undefined) return { value: request.env, origin: 'flag --env' };
  if (io.env['ORDERSYNC_ENV']) return { value: io.env['ORDERSYNC_ENV'], origin: 'environment ORDERSYNC_ENV' };
  const withDefault = files.find(({ file }) => file.defaultEnvironment !== undefined);
  if (withDefault === undefined) return { value: undefined, origin: 'none' };
  return { value: withDefault.file.defaultEnvironment, origin: `${withDefault.path}, defaultEnvironment` };
}

/** `--env constructor` must not find what every object inherits. */
function environmentOf({ environments = {} }: ProjectFile, name: string | undefined): Environment | undefined {
  return name !== undefined && Object.hasOwn(environments, name) ? environments[name] : undefined;
}

function unknownEnvironment(chosen: Sourced<string | undefined>, files: readonly FoundFile[]): OrdersyncError {
  const known = files.flatMap(({ file }) => Object.keys(file.environments ?? {}));
  const hint =
    known.length === 0
      ? `no ${CONFIG_FILE} defines environments; ordersync config init writes one`
      : `known: ${known.join(', ')}`;
  return new OrdersyncError('config', `environment "${chosen.value}" (${chosen.origin}) is not defined`, { hint });
}

function migrationsDirectory(
  io: Io,
  request: ConfigRequest,
  files: readonly FoundFile[],
  environment: { readonly migrations: string; readonly path: string | undefined } | undefined,
): Sourced<string> {
  if (request.migrations !== undefined)
    return { value: resolve(io.cwd, request.migrations), origin: 'flag --migrations' };
  const variable = io.env['ORDERSYNC_MIGRATIONS'];
  if (variable) return { value: resolve(io.cwd, variable), origin: 'environment ORDERSYNC_MIGRATIONS' };
  const general = files.find(({ file }) => file.migrations !== undefined);
  const chosen = environment ?? (general && { migrations: general.file.migrations ?? '', path: general.path });
  if (chosen?.path !== undefined)
    return { value: resolve(dirname(chosen.path), chosen.migrations), origin: chosen.path };
  return { value: fileURLToPath(packageFile('migrations')), origin: 'default: the OrderSync schema of this package' };
}
