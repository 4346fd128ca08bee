import type { NounEntry } from '../commands/index.ts';
import type { AnyCommand } from './command.ts';
import { loadVerbs } from './command.ts';

export interface CommandPath {
  /** Words of the command: "migrate up", or "seed" for a noun that is a command itself. */
  readonly path: string;
  readonly command: AnyCommand;
}

/** Every command of a registered noun, loaded. */
export async function commandsOf({ name, load }: NounEntry): Promise<readonly CommandPath[]> {
  const loaded = await load();
  if ('run' in loaded) return [{ path: name, command: loaded }];
  return (await loadVerbs(loaded)).map((command) => ({ path: `${name} ${command.name}`, command }));
}
