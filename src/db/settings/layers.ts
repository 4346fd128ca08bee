import { looksLikeConnectionString, parseConnectionString } from './connection-string.ts';
import type { SettingsFiles } from './files.ts';
import { assertKeyword, VARIABLES } from './parameters.ts';
import type { ConnectionInput } from './input.ts';
import { readService } from './service-file.ts';
import type { Value, Values } from './values.ts';

/** Settings that come from one place. */
export type Layer = Values;

/** Every place that says something, the strongest first; the order is documented at resolveConnection. */
export function layersOf(input: ConnectionInput, files: SettingsFiles): Layer[] {
  const flags = flagLayer(input);
  const string = stringLayer(input);
  const environment = environmentLayer(input);
  const project =
    string === undefined && input.project !== undefined ? projectLayer(input.project) : new Map<string, Value>();
  const above = string ?? new Map<string, Value>();
  const find = (keyword: string): Value | undefined =>
    above.get(keyword) ?? environment.get(keyword) ?? project.get(keyword);
  const named = find('service');
  if (!named?.value) return [flags, above, environment, project];
  const service = serviceLayer(named, find('servicefile')?.value, input, files);
  const fromProject = named === project.get('service');
  return fromProject ? [flags, above, environment, project, service] : [flags, above, service, environment, project];
}

function flagLayer({ flags }: ConnectionInput): Layer {
  const { host, port, username } = flags;
  const dbname = namesDatabase(flags.dbname) ? flags.dbname : undefined;
  return layer([
    ['host', host, 'flag --host'],
    ['port', port, 'flag --port'],
    ['dbname', dbname, 'flag --dbname'],
    ['user', username, 'flag --username'],
  ]);
}

/** psql's -d takes a connection string too. */
function namesDatabase(dbname: string | undefined): boolean {
  return dbname !== undefined && !looksLikeConnectionString(dbname);
}

function stringLayer({ flags, env }: ConnectionInput): Layer | undefined {
  const candidates = [
    [flags.url, 'flag --url'],
    [namesDatabase(flags.dbname) ? undefined : flags.dbname, 'flag --dbname'],
    [env['ORDERSYNC_DATABASE_URL'], 'environment ORDERSYNC_DATABASE_URL'],
    [env['DATABASE_URL'], 'environment DATABASE_URL'],
  ] as const;
  const [text, origin] = candidates.find(([given]) => given) ?? [];
  if (!text || origin === undefined) return undefined;
  return layer([...parseConnectionString(text, origin)].map(([keyword, value]) => [keyword, value, origin]));
}

function environmentLayer({ env }: ConnectionInput): Layer {
  return layer(VARIABLES.map(([variable, keyword]) => [keyword, env[variable], `environment ${variable}`]));
}

function projectLayer({ settings, origin }: NonNullable<ConnectionInput['project']>): Layer {
  const { url, ...own } = settings;
  for (const keyword of Object.keys(own)) assertKeyword(keyword, origin);
  const parsed = url ? parseConnectionString(url, origin) : new Map<string, string>();
  return layer([
    ...Object.entries(own).map(([keyword, value]) => [keyword, value, origin] as const),
    ...[...parsed]
      .filter(([keyword]) => own[keyword] === undefined)
      .map(([keyword, value]) => [keyword, value, origin] as const),
  ]);
}

function serviceLayer(named: Value, file: string | undefined, input: ConnectionInput, files: SettingsFiles): Layer {
  const systemFolder = input.env['PGSYSCONFDIR'];
  const { path, values } = readService({ name: named.value, origin: named.origin, file, systemFolder }, files);
  return layer([...values].map(([keyword, value]) => [keyword, value, `service file ${path} [${named.value}]`]));
}

function layer(entries: readonly (readonly [keyword: string, value: string | undefined, origin: string])[]): Layer {
  return new Map(
    entries.flatMap(([keyword, value, origin]) => (value === undefined ? [] : [[keyword, { value, origin }]])),
  );
}
