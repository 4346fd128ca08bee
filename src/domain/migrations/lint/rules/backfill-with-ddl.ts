import { matchWords } from '../../file/tokens.ts';
import type { Rule } from '../finding.ts';
import { readName } from '../grammar.ts';

export const backfillWithDdl: Rule = {
  id: 'backfill-with-ddl',
  severity: 'medium',
  why: 'the lock that the schema change took is held for as long as the rows are written',
  check: (statement, scene) => {
    const { text, tokens } = statement;
    const at =
      matchWords(tokens, 0, 'update only?') ??
      matchWords(tokens, 0, 'delete from only?') ??
      matchWords(tokens, 0, 'insert into');
    const name = at === undefined ? undefined : readName(text, tokens, at)?.name;
    const bulk = matchWords(tokens, 0, 'insert') === undefined || tokens.some(({ value }) => value === 'select');
    if (name === undefined || !bulk || !scene.transaction || scene.known.created.has(name.key)) return [];
    const { locked } = scene;
    if (locked === undefined) return [];
    const fix = `-- in a migration of its own, in batches\n${text};`;
    return [{ at: 0, message: `rows of ${name.sql} are written while ${locked} is locked by the change above`, fix }];
  },
};
