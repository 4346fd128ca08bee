import type { Check, Sighting } from './check.ts';
import { ok } from './check.ts';
import { readOrderListIndexes } from './order-list-queries.ts';
import { readExpectedObjects } from './schema/expected.ts';
import { inSection } from './section.ts';

const SERVING = ['idx_orders_restaurant_status', 'idx_orders_active'];

export const ORDER_LIST_CHECK: Check = {
  id: 'perf.order-list-plan',
  title: "the list of a restaurant's orders is read by its index",
  box: '성능: 주요 쿼리 인덱스 생성 확인',
  profiles: ['pre-deploy'],
  expected: `the planner can read it by ${SERVING.join(' or ')}`,
  why: 'it is the most frequent query of all, and reads every order of every month without the index',
  requires: [{ kind: 'rows', name: 'public.orders' }],
  look: async ({ session, limitMs }) => {
    const used = await inSection(session, limitMs, async () => readOrderListIndexes(session));
    const serving = SERVING.filter((name) => used.includes(name));
    return [serving.length > 0 ? ok(`by ${serving.join(' and ')}`) : await missing(used)];
  },
};

async function missing(used: readonly string[]): Promise<Sighting> {
  const [wanted] = (await readExpectedObjects()).filter(({ name }) => name === SERVING[0]);
  return {
    severity: 'warning',
    evidence: used.length === 0 ? 'no index serves it' : `the planner takes ${used.join(', ')} instead`,
    fix: wanted === undefined ? undefined : { kind: 'sql', text: wanted.statement },
  };
}
