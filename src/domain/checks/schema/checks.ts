import { quoteIdentifier } from '../../../db/identifiers.ts';
import type { Check, Look, Sighting } from '../check.ts';
import { ok } from '../check.ts';
import { inSection } from '../section.ts';
import type { ExpectedObject } from './expected.ts';
import { readExpectedObjects } from './expected.ts';
import type { LiveObject } from './queries.ts';
import { readLiveObjects } from './queries.ts';

/** The objects of the migrations that can be lost without anybody noticing. */
export const SCHEMA_CHECKS: readonly Check[] = [
  {
    id: 'sec.policies',
    title: 'the policies of the schema are there, and no others',
    box: '보안: Row Level Security 설정 완료',
    profiles: ['pre-deploy', 'daily'],
    expected: 'exactly the policies that the migrations make',
    why: 'a missing policy hides rows from their owner, one too many shows them to others',
    requires: [{ kind: 'table', name: 'public.orders' }],
    look: async (look) => [...(await missing(look, 'policy', 'critical')), ...(await unexpectedPolicies(look))],
  },
  {
    id: 'sec.triggers',
    title: 'the triggers of the schema are there, and fire',
    box: '보안: 감사 로그 트리거 설정',
    profiles: ['pre-deploy', 'daily'],
    expected: 'the triggers that the migrations make, enabled; those that guard the audit log also for replicas',
    why: 'without them changes of users and payments leave no trace, and the audit log can be changed',
    requires: [{ kind: 'table', name: 'public.audit_logs' }],
    look: async (look) => [...(await missing(look, 'trigger', 'critical')), ...(await sleepingTriggers(look))],
  },
  {
    id: 'perf.indexes',
    title: 'the indexes of the schema are there',
    box: '성능: 주요 쿼리 인덱스 생성 확인',
    profiles: ['pre-deploy', 'daily'],
    expected: 'the indexes that the migrations make',
    why: 'without its index a query of the application reads whole tables',
    requires: [{ kind: 'table', name: 'public.orders' }],
    look: async (look) => missing(look, 'index', 'warning'),
  },
];

function expectedObjects(look: Look): Promise<readonly ExpectedObject[]> {
  return look.once('expected objects', readExpectedObjects);
}

function liveObjects(look: Look): Promise<readonly LiveObject[]> {
  const { session, limitMs } = look;
  return look.once('live objects', async () => inSection(session, limitMs, async () => readLiveObjects(session)));
}

async function missing(
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

async function unexpectedPolicies(look: Look): Promise<Sighting[]> {
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

async function sleepingTriggers(look: Look): Promise<Sighting[]> {
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
