import { quoteIdentifier } from '../../db/identifiers.ts';
import type { Session } from '../../db/session.ts';
import type { Fix, Requirement, Sighting } from './check.ts';
import type { RequirementFault, RequirementState } from './requirement-queries.ts';
import { readRequirements } from './requirement-queries.ts';

/** What is not met of everything that any check requires; by `kind name`. */
export type Unmet = ReadonlyMap<string, RequirementState>;

export async function readUnmet(session: Session, requirements: readonly Requirement[]): Promise<Unmet> {
  const distinct = new Map(requirements.map((requirement) => [keyOf(requirement), requirement]));
  const states = await readRequirements(session.sql, [...distinct.values()]);
  return new Map(states.filter(({ faults }) => faults.length > 0).map((state) => [keyOf(state), state]));
}

/** One `unknown` for each requirement that is not met, with what would meet it. */
export function unmetSightings(requirements: readonly Requirement[], unmet: Unmet, user: string): Sighting[] {
  return requirements.flatMap((requirement): Sighting[] => {
    const state = unmet.get(keyOf(requirement));
    return (state?.faults ?? []).map((fault) => ({
      severity: 'unknown',
      ...explained(requirement, fault, quoteIdentifier(user)),
    }));
  });
}

export function keyOf({ kind, name }: Requirement): string {
  return `${kind} ${name}`;
}

function explained(
  { kind, name }: Requirement,
  fault: RequirementFault,
  role: string,
): Pick<Sighting, 'evidence' | 'fix'> {
  if (kind === 'role') return { evidence: `this role has no rights of ${name}`, fix: sql(`grant ${name} to ${role}`) };
  if (fault === 'missing') {
    return { evidence: `there is no ${name}`, fix: { kind: 'command', text: 'ordersync migrate up' } };
  }
  if (fault === 'filtered') {
    return { evidence: `row security hides rows of ${name} from this role`, fix: sql(`alter role ${role} bypassrls`) };
  }
  switch (kind) {
    case 'member':
      return { evidence: `this role may not act as ${name}`, fix: sql(`grant ${name} to ${role}`) };
    case 'function':
      return { evidence: `this role may not call ${name}`, fix: sql(`grant execute on function ${name} to ${role}`) };
    case 'partitions':
      // A grant on one partition would be a way past the policies of the table, and new months would lack it.
      return {
        evidence: `this role may not read each partition of ${name}`,
        fix: sql(`grant pg_read_all_data to ${role}`),
      };
    default:
      return { evidence: `this role may not read ${name}`, fix: sql(`grant select on ${name} to ${role}`) };
  }
}

function sql(text: string): Fix {
  return { kind: 'sql', text };
}
