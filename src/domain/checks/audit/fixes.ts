import type { Fix, Look } from '../check.ts';
import { expectedObjects, missingObjects, sleepingTriggers } from '../schema/compare.ts';
import type { ExpectedObject } from '../schema/expected.ts';
import { readFunction, replacing } from '../schema/expected.ts';

export interface Machinery {
  readonly function: string;
  readonly triggers: RegExp;
}

export const WRITING: Machinery = { function: 'auto_audit_log', triggers: /^trigger_audit_(?:users|payments)/ };
export const GUARDING: Machinery = { function: 'audit_logs_guard', triggers: /^audit_logs_(?:archive_)?guard_/ };

/** What brings these triggers back: those that are lost or asleep, and where none is, all of them with their function. */
export async function restoringFixes(look: Look, { function: name, triggers }: Machinery): Promise<Fix[]> {
  const lost = [...(await missingObjects(look, 'trigger', 'critical')), ...(await sleepingTriggers(look))];
  const fixes = lost.flatMap(({ fix, evidence }) =>
    fix !== undefined && evidence.split(' ').some((word) => triggers.test(word)) ? [fix] : [],
  );
  if (fixes.length > 0) return fixes;
  const made = (await expectedObjects(look)).filter(
    (object) => object.kind === 'trigger' && triggers.test(object.name),
  );
  const statements = [replacing(await readFunction(name)), ...made.flatMap(statementsOf)];
  return [{ kind: 'sql', text: statements.join(';\n') }];
}

/** The guards fire in sessions with session_replication_role = replica too. */
function statementsOf({ name, table, statement }: ExpectedObject): string[] {
  const made = replacing(statement);
  return GUARDING.triggers.test(name) ? [made, `alter table public.${table} enable always trigger ${name}`] : [made];
}
