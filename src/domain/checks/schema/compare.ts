import { quoteIdentifier } from '../../../db/identifiers.ts';
import type { Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import type { ExpectedObject } from './expected.ts';
import { readExpectedObjects } from './expected.ts';
import type { LiveObject } from './queries.ts';
import { readLiveObjects } from './queries.ts';

/** What the migrations make, read once. */
export function expectedObjects(look: Look): Promise<readonly ExpectedObject[]> {
  return look.once('expected objects', readExpectedObjects);
}

function liveObjects(look: Look): Promise<readonly LiveObject[]> {
  const { session, limitMs } = look;
  return look.once('live objects', async () => inSection(session, limitMs, async () => readLiveObjects(session)));
}

/** Each object of this kind that is not there, with the statement that makes it. */
export async function missingObjects(
  look: Look,
  kind: ExpectedObject['kind'],
  severity: 'warning' | 'critical',
): Promise<Sighting[]> {
  const live = new Set((await liveObjects(look)).filter((object) => object.kind === kind).map(nameOf));
  const expected = (await expectedObjects(look)).filter((object) => object.kind === kind);
  const lost = expected.filter((object) => !live.has(nameOf(object)));
  if (lost.length === 0) return [ok(`${expected.length} looked at`)];
  return lost.map((object) => ({
    severity,
    evidence: `${object.table} lacks the ${kind} ${object.name}`,
    fix: { kind: 'sql', text: restoring(object) },
  }));
}

/** The guards of the audit log fire in sessions with session_replication_role = replica too. */
function restoring({ name, table, statement }: ExpectedObject): string {
  return isGuard(name) ? `${statement};\nalter table public.${table} enable always trigger ${name}` : statement;
}

/** Policies on tables of the schema that no migration makes. */
export async function unexpectedPolicies(look: Look): Promise<Sighting[]> {
  const expected = new Set((await expectedObjects(look)).map(nameOf));
  const tables = new Set(
    (await expectedObjects(look)).filter(({ kind }) => kind === 'policy').map(({ table }) => table),
  );
  return (await liveObjects(look))
    .filter((object) => object.kind === 'policy' && tables.has(object.table) && !expected.has(nameOf(object)))
    .map(({ name, table }) => ({
      severity: 'warning',
      evidence: `${table} has the policy ${name}, which no migration makes`,
      fix: { kind: 'sql', text: `drop policy ${quoteIdentifier(name)} on public.${quoteIdentifier(table)}` },
    }));
}

/** Triggers of the schema that do not fire in every session. */
export async function sleepingTriggers(look: Look): Promise<Sighting[]> {
  const expected = new Set((await expectedObjects(look)).map(nameOf));
  return (await liveObjects(look))
    .filter((object) => object.kind === 'trigger' && expected.has(nameOf(object)))
    .filter(({ name, enabled }) => (isGuard(name) ? enabled !== 'A' : enabled === 'D' || enabled === 'R'))
    .map(({ name, table }) => ({
      severity: 'critical',
      evidence: `the trigger ${name} of ${table} does not fire in every session`,
      fix: { kind: 'sql', text: `alter table public.${table} enable ${isGuard(name) ? 'always ' : ''}trigger ${name}` },
    }));
}

function isGuard(name: string): boolean {
  return name.includes('_guard_');
}

function nameOf({ kind, table, name }: Pick<ExpectedObject, 'kind' | 'table' | 'name'>): string {
  return `${kind} ${table}.${name}`;
}
