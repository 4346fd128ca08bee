import { readFile } from 'node:fs/promises';
import { packageFile } from '../../../package-file.ts';

/** A line of sql/config/postgresql.conf: what the specification asks of the server. */
export interface WantedSetting {
  readonly name: string;
  readonly value: string;
  /** Its comment; empty when it has none. */
  readonly comment: string;
}

export async function readWantedSettings(): Promise<WantedSetting[]> {
  return parseSettings(await readFile(packageFile('sql/config/postgresql.conf'), 'utf8'));
}

export function parseSettings(text: string): WantedSetting[] {
  return text.split('\n').flatMap((line) => {
    const [, name, quoted, plain, comment] = /^([a-z_]+) = (?:'([^']*)'|(\S+))\s*(?:# (.*))?$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, value: quoted ?? plain ?? '', comment: comment ?? '' }];
  });
}
