import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoreRequest } from '../context.ts';
import { OrdersyncError } from '../errors.ts';
import type { Configuration, Sourced } from './config.ts';
import type { ArchiveMember } from './config-file.ts';
import type { Io } from './io.ts';
import type { KeySetting } from './key-settings.ts';

/** Where archives go; paths are absolute. */
export type StoreSettings = { readonly sources: readonly KeySetting[] } & (
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; empty for the whole bucket. */
      readonly prefix: string;
      readonly region: string | undefined;
      readonly endpoint: string | undefined;
      readonly profile: string | undefined;
    }
);

/** Bucket names by the rules of S3: 3 to 63 of lower-case letters, digits, dots and hyphens. */
const S3_URL = /^s3:\/\/(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<prefix>[\w.=/-]*))?$/u;

/** Flag, environment variable, then the environment of the project file. Undefined when none says where archives go. */
export function resolveStoreSettings(
  io: Pick<Io, 'env' | 'cwd'>,
  { archive, environment }: Configuration,
  request: Pick<StoreRequest, 'to' | 'option' | 'endpoint'> = {},
): StoreSettings | undefined {
  // As with the connection: what --env names is not overruled by variables.
  const env = archive !== undefined && environment.origin === 'flag --env' ? {} : io.env;
  const find = (
    flag: Sourced<string> | undefined,
    variable: string,
    member: keyof ArchiveMember,
  ): Sourced<string> | undefined => {
    const value = env[variable];
    if (flag !== undefined) return flag;
    if (value) return { value, origin: `environment ${variable}` };
    const found = archive?.value[member];
    return found === undefined ? undefined : { value: found, origin: archive?.origin ?? '' };
  };
  const to = find(flagOf(request.option ?? '--to', request.to), 'ORDERSYNC_ARCHIVE', 'to');
  if (to === undefined) return undefined;
  const endpoint = find(flagOf('--endpoint', request.endpoint), 'ORDERSYNC_S3_ENDPOINT', 'endpoint');
  if (to.value.startsWith('s3:')) return s3Settings(to, endpoint, archive);
  if (request.endpoint !== undefined) {
    throw new OrdersyncError('usage', '--endpoint has no use for a directory', { hint: 'name s3://bucket/prefix' });
  }
  const path = pathOf(to, to.origin === archive?.origin ? archive.folder : io.cwd);
  return { kind: 'directory', path, sources: [{ setting: 'archive', value: path, origin: to.origin }] };
}

function flagOf(name: string, value: string | undefined): Sourced<string> | undefined {
  return value === undefined ? undefined : { value, origin: `flag ${name}` };
}

function s3Settings(
  to: Sourced<string>,
  endpoint: Sourced<string> | undefined,
  archive: Configuration['archive'],
): StoreSettings {
  const { bucket, prefix = '' } = S3_URL.exec(to.value)?.groups ?? {};
  if (bucket === undefined) throw notAPlace(to, 'of S3 it is s3://bucket or s3://bucket/prefix');
  requireUrl(endpoint);
  const { region, profile } = archive?.value ?? {};
  const settings = {
    archive: to,
    's3 endpoint': endpoint,
    ...fromFile({ 's3 region': region, 's3 profile': profile }),
  };
  return {
    kind: 's3',
    bucket,
    prefix: prefix.replaceAll(/\/+/gu, '/').replaceAll(/^\/|\/$/gu, ''),
    region,
    endpoint: endpoint?.value,
    profile,
    sources: Object.entries(settings).flatMap(([setting, sourced]) =>
      sourced === undefined ? [] : [{ setting, ...sourced }],
    ),
  };

  function fromFile(values: Readonly<Record<string, string | undefined>>): Record<string, Sourced<string> | undefined> {
    return Object.fromEntries(
      Object.entries(values).map(([setting, value]) => [
        setting,
        value === undefined ? undefined : { value, origin: archive?.origin ?? '' },
      ]),
    );
  }
}

/** A user name in it would be sent to nobody, and shown to everybody. */
function requireUrl(endpoint: Sourced<string> | undefined): void {
  if (endpoint === undefined) return;
  const url = URL.canParse(endpoint.value) ? new URL(endpoint.value) : undefined;
  const known = url !== undefined && /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
  if (known) return;
  throw new OrdersyncError('config', `the endpoint of S3 (${endpoint.origin}) is not an http or https URL`, {
    hint: 'such as https://s3.example:9000; credentials come from the AWS variables or a profile',
  });
}

function pathOf(to: Sourced<string>, folder: string): string {
  if (!/^[a-z][a-z\d+.-]*:/iu.test(to.value)) return resolve(folder, to.value);
  if (!to.value.startsWith('file:///'))
    throw notAPlace(to, 'it is a directory, file:///directory or s3://bucket/prefix');
  try {
    return fileURLToPath(to.value);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof URIError)) throw error;
    throw notAPlace(to, 'it is a directory, file:///directory or s3://bucket/prefix');
  }
}

/** The value itself is not repeated: who writes credentials into a URL writes them here too. */
function notAPlace({ origin }: Sourced<string>, hint: string): OrdersyncError {
  return new OrdersyncError('config', `what ${origin} says is no place for archives`, {
    hint: `${hint}; credentials come from the AWS variables or a profile`,
  });
}
