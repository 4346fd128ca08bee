import type { Check } from '../check.ts';
import { missingObjects, sleepingTriggers, unexpectedPolicies } from './compare.ts';
import { POLICY_TEXT_CHECK } from './policies.ts';

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
    look: async (look) => [...(await missingObjects(look, 'policy', 'critical')), ...(await unexpectedPolicies(look))],
  },
  {
    id: 'sec.triggers',
    title: 'the triggers of the schema are there, and fire',
    box: '보안: 감사 로그 트리거 설정',
    profiles: ['pre-deploy', 'daily'],
    expected: 'the triggers that the migrations make, enabled; those that guard the audit log also for replicas',
    why: 'without them changes of users and payments leave no trace, and the audit log can be changed',
    requires: [{ kind: 'table', name: 'public.audit_logs' }],
    look: async (look) => [...(await missingObjects(look, 'trigger', 'critical')), ...(await sleepingTriggers(look))],
  },
  {
    id: 'perf.indexes',
    title: 'the indexes of the schema are there',
    box: '성능: 주요 쿼리 인덱스 생성 확인',
    profiles: ['pre-deploy', 'daily'],
    expected: 'the indexes that the migrations make',
    why: 'without its index a query of the application reads whole tables',
    requires: [{ kind: 'table', name: 'public.orders' }],
    look: async (look) => missingObjects(look, 'index', 'warning'),
  },
  POLICY_TEXT_CHECK,
];
