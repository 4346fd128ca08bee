import type { SettingsFile, SettingsFiles } from '../../../src/db/settings/files.ts';
import type { ConnectionInput } from '../../../src/db/settings/input.ts';
import { resolveConnection } from '../../../src/db/settings/resolve.ts';
import type { ConnectionSettings } from '../../../src/db/settings/types.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export function machine(contents: Readonly<Record<string, string | Partial<SettingsFile>>> = {}): SettingsFiles {
  return {
    homeDirectory: '/home/min',
    userName: 'min',
    exists: (path) => path in contents,
    read: (path) => {
      const content = contents[path];
      if (content === undefined) return undefined;
      const file = typeof content === 'string' ? { text: content } : content;
      return { text: '', regular: true, mode: 0o600, ...file };
    },
  };
}

export function resolve(input: Partial<ConnectionInput>): ConnectionSettings {
  return resolveConnection({ flags: {}, env: {}, files: machine(), ...input });
}

export const fromUrl = (url: string, env: Env = {}): ConnectionSettings => resolve({ flags: { url }, env });

export function refusal(input: Partial<ConnectionInput>): {
  code?: string;
  message: string;
  details: { hint?: string };
} {
  try {
    resolve(input);
  } catch (error) {
    return error as ReturnType<typeof refusal>;
  }
  throw new Error('it was accepted');
}

export function originOf(settings: ConnectionSettings, keyword: string): string | undefined {
  return settings.sources.find((source) => source.keyword === keyword)?.origin;
}
