import { resolve } from 'node:path';
import { OrdersyncError } from '../errors.ts';
import type { Configuration, Sourced } from './config.ts';
import type { KeysMember } from './config-file.ts';
import type { Io } from './io.ts';

/** The configured key store; paths are absolute. */
export type KeySettings = { readonly sources: readonly KeySetting[] } & (
  | {
      readonly provider: 'aws-kms';
      /** Undefined when only the provider is named: enough to say what is missing. */
      readonly key: string | undefined;
      readonly region: string | undefined;
      readonly endpoint: string | undefined;
      readonly profile: string | undefined;
    }
  | { readonly provider: 'local'; readonly keyring: string | undefined; readonly keyFile: string | undefined }
);

export interface KeySetting {
  readonly setting: string;
  readonly value: string;
  readonly origin: string;
}

type Find = (variable: string, member: (keys: KeysMember) => string | undefined) => Sourced<string> | undefined;

/** Environment variable, then the environment of the project file. Undefined when neither says anything about keys. */
export function resolveKeySettings(io: Pick<Io, 'env' | 'cwd'>, configuration: Configuration): KeySettings | undefined {
  const { keys, environment } = configuration;
  // As with the connection: what --env names is not overruled by variables.
  const env = keys !== undefined && environment.origin === 'flag --env' ? {} : io.env;
  const find: Find = (variable, member) => {
    const value = env[variable];
    if (value) return { value, origin: `environment ${variable}` };
    const found = keys && member(keys.value);
    return found === undefined ? undefined : { value: found, origin: keys?.origin ?? '' };
  };
  const pathOf = (setting: Sourced<string> | undefined): Sourced<string> | undefined =>
    setting && { ...setting, value: resolve(setting.origin === keys?.origin ? keys.folder : io.cwd, setting.value) };
  const kmsKey = find('ORDERSYNC_KMS_KEY', (member) => (member.provider === 'aws-kms' ? member.kmsKey : undefined));
  const keyring = pathOf(
    find('ORDERSYNC_KEYRING', (member) => (member.provider === 'local' ? member.keyring : undefined)),
  );
  const provider = env['ORDERSYNC_KEY_PROVIDER']
    ? find('ORDERSYNC_KEY_PROVIDER', (member) => member.provider)
    : (implied(env) ?? find('ORDERSYNC_KEY_PROVIDER', (member) => member.provider));
  if (provider === undefined) return undefined;
  switch (provider.value) {
    case 'aws-kms':
      return kmsSettings(provider, kmsKey, keys?.value);
    case 'local': {
      const keyFile = pathOf(
        find('ORDERSYNC_KEYRING_KEY_FILE', (member) => (member.provider === 'local' ? member.keyFile : undefined)),
      );
      return {
        provider: 'local',
        keyring: keyring?.value,
        keyFile: keyFile?.value,
        sources: listed({ 'key provider': provider, keyring, 'key file': keyFile }),
      };
    }
    default:
      throw new OrdersyncError('config', `${provider.origin}: "${provider.value}" is not a key provider`, {
        hint: 'there are aws-kms and local',
      });
  }
}

function kmsSettings(
  provider: Sourced<string>,
  key: Sourced<string> | undefined,
  member: KeysMember | undefined,
): KeySettings {
  const { region, endpoint, profile } = member?.provider === 'aws-kms' ? member : {};
  const from = (value: string | undefined) => (value === undefined ? undefined : { value, origin: provider.origin });
  return {
    provider: 'aws-kms',
    key: key?.value,
    region,
    endpoint,
    profile,
    sources: listed({
      'key provider': provider,
      'kms key': key,
      'kms region': from(region),
      'kms endpoint': from(endpoint),
      'aws profile': from(profile),
    }),
  };
}

/** One of the two variables alone says which provider is meant, whatever the file says. */
function implied(env: Io['env']): Sourced<string> | undefined {
  const kms = env['ORDERSYNC_KMS_KEY'] ? { value: 'aws-kms', origin: 'environment ORDERSYNC_KMS_KEY' } : undefined;
  const local = env['ORDERSYNC_KEYRING'] ? { value: 'local', origin: 'environment ORDERSYNC_KEYRING' } : undefined;
  if (kms === undefined || local === undefined) return kms ?? local;
  throw new OrdersyncError('config', 'ORDERSYNC_KMS_KEY and ORDERSYNC_KEYRING are both set', {
    hint: 'set ORDERSYNC_KEY_PROVIDER to aws-kms or local',
  });
}

function listed(settings: Readonly<Record<string, Sourced<string> | undefined>>): KeySetting[] {
  return Object.entries(settings).flatMap(([setting, sourced]) =>
    sourced === undefined ? [] : [{ setting, ...sourced }],
  );
}
