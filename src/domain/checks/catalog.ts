import { AUDIT_CHECKS } from './audit/checks.ts';
import { BLOAT_CHECK } from './bloat.ts';
import type { Check } from './check.ts';
import { ENCRYPTION_CHECKS } from './encryption/checks.ts';
import { FAILED_JOBS_CHECK } from './failed-jobs.ts';
import { MONITORING_CHECKS } from './monitoring.ts';
import { ORDER_LIST_CHECK } from './order-list.ts';
import { partitionChecks } from './partitions.ts';
import { PAYMENT_STATE_CHECK } from './payment-state.ts';
import { ROW_SECURITY_CHECK } from './row-security.ts';
import { SCHEMA_CHECKS } from './schema/checks.ts';
import { settingChecks } from './settings/checks.ts';
import { readSqlChecks } from './sql-checks.ts';
import { STATEMENT_SECRETS_CHECK } from './statement-secrets.ts';
import { TLS_CERTIFICATE_CHECK } from './tls-certificate.ts';

const AREAS = ['sec', 'perf', 'data', 'mon', 'conf', 'ops'];

/** Every check there is. Those that are one query are files of sql/check and are found there. */
export async function readChecks(): Promise<readonly Check[]> {
  const checks = [
    ...(await readSqlChecks()),
    ...(await settingChecks()),
    ...ENCRYPTION_CHECKS,
    ...SCHEMA_CHECKS,
    ...partitionChecks(),
    ...MONITORING_CHECKS,
    ROW_SECURITY_CHECK,
    ORDER_LIST_CHECK,
    ...AUDIT_CHECKS,
    STATEMENT_SECRETS_CHECK,
    TLS_CERTIFICATE_CHECK,
    BLOAT_CHECK,
    FAILED_JOBS_CHECK,
    PAYMENT_STATE_CHECK,
  ];
  return checks.toSorted((left, right) => areaOf(left) - areaOf(right) || (left.id < right.id ? -1 : 1));
}

/** In the order of the specification's checklist. */
function areaOf({ id }: Check): number {
  return AREAS.indexOf(id.split('.')[0] ?? '');
}
