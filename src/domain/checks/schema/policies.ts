import { quoteIdentifier } from '../../../db/identifiers.ts';
import type { Check, Fix, Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import { expectedObjects } from './compare.ts';
import type { PolicyText } from './queries.ts';
import { readPolicyTexts } from './queries.ts';

/** What policies say, and not only that they are there. */
export const POLICY_TEXT_CHECK: Check = {
  id: 'sec.policy-expressions',
  title: 'policies neither fail without a user nor are evaluated row by row',
  box: '보안: Row Level Security 설정 완료',
  profiles: ['pre-deploy'],
  expected: 'no policy calls current_setting() with one argument, or anything of the session outside a sub-select',
  why: 'with one argument it raises an error where the setting is missing; outside a sub-select it runs for each row',
  requires: [{ kind: 'table', name: 'public.orders' }],
  look: async (look) => {
    const { session, limitMs } = look;
    const policies = await inSection(session, limitMs, async () => readPolicyTexts(session));
    const faults = await Promise.all(policies.map(async (policy) => judge(look, policy)));
    const found = faults.filter((sighting) => sighting !== undefined);
    return found.length > 0 ? found : [ok(`${policies.length} policies looked at`)];
  },
};

const RAISES = /current_setting\('[^']*'::text\)/;
const OF_THE_SESSION = /(?:current_setting|app_current_user_id)\(/;
const IN_SUB_SELECT = /SELECT[^;]*(?:current_setting|app_current_user_id)\(/i;

async function judge(look: Look, { name, table, text }: PolicyText): Promise<Sighting | undefined> {
  if (RAISES.test(text)) {
    const evidence = `${name} on ${table} raises an error in a session without the setting`;
    return { severity: 'critical', evidence, fix: await replacing(look, name, table) };
  }
  if (!OF_THE_SESSION.test(text) || IN_SUB_SELECT.test(text)) return undefined;
  return {
    severity: 'warning',
    evidence: `${name} on ${table} is evaluated for each row`,
    fix: await replacing(look, name, table),
  };
}

/** The policy as the migrations make it; one that they do not make has to go. */
async function replacing(look: Look, name: string, table: string): Promise<Fix> {
  const expected = (await expectedObjects(look)).find((object) => object.kind === 'policy' && object.name === name);
  const drop = `drop policy ${quoteIdentifier(name)} on public.${quoteIdentifier(table)}`;
  return { kind: 'sql', text: expected === undefined ? drop : `${drop};\n${expected.statement}` };
}
