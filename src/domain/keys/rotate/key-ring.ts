import type { CipherKey, KeySet } from '../../../crypto/cipher-key.ts';
import type { RowWorkNeeds } from './types.ts';

/** The keys met so far. A kid is asked for once, whatever the answer was. */
export interface KeyRing {
  readonly keys: KeySet;
  /** Asks for those that were not asked for before. True when a key came of it. */
  learn(kids: Iterable<string | undefined>): Promise<boolean>;
}

export function createKeyRing({ keysFor }: Pick<RowWorkNeeds, 'keysFor'>): KeyRing {
  const keys = new Map<string, CipherKey>();
  const asked = new Map<string, Promise<boolean>>();
  const ask = async (kid: string): Promise<boolean> => {
    const found = (await keysFor([kid])).get(kid);
    if (found === undefined) return false;
    keys.set(kid, found);
    return true;
  };
  return {
    keys,
    learn: async (kids) => {
      const answers = [...new Set(kids)].flatMap((kid) => {
        if (kid === undefined || keys.has(kid)) return [];
        const known = asked.get(kid) ?? ask(kid);
        asked.set(kid, known);
        return [known];
      });
      return (await Promise.all(answers)).includes(true);
    },
  };
}
