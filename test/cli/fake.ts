import { afterEach } from 'vitest';
import type { AnyCommand } from '../../src/cli/command.ts';
import type { NounEntry } from '../../src/commands/index.ts';
import { NOUNS } from '../../src/commands/index.ts';

/**
 * Registers a command of the test's own as `ordersync fake <name>`, until the test ends: what the command line does around
 * a command is seen best with one that does nothing else. @returns the function that registers
 */
export function useFakes(): (command: Partial<AnyCommand>) => void {
  const registered = NOUNS as NounEntry[]; // readonly for the program, not for its tests
  const remove = (): void => {
    const index = registered.findIndex(({ name }) => name === 'fake');
    if (index >= 0) registered.splice(index, 1);
  };
  afterEach(remove);
  return (parts) => {
    const command: AnyCommand = {
      name: 'go',
      summary: 'stands in for a command',
      examples: ['ordersync fake go'],
      run: async () => [],
      present: (rows: readonly { a: string }[]) => ({ command: 'fake go', columns: [{ name: 'a' }], rows }),
      ...parts,
    };
    remove();
    registered.push({
      name: 'fake',
      summary: 'stands in for a noun',
      audience: 'tests',
      load: async () => ({ verbs: { [command.name]: async () => command } }),
    });
  };
}
