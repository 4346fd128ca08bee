import type { Check } from './check.ts';
import { ENCRYPTION_CHECKS } from './encryption/checks.ts';
import { MONITORING_CHECKS } from './monitoring.ts';
import { ORDER_LIST_CHECK } from './order-list.ts';
import { partitionChecks } from './partitions.ts';
import { ROW_SECURITY_CHECK } from './row-security.ts';
import { SCHEMA_CHECKS } from './schema/checks.ts';
import { settingChecks } from './settings/checks.ts';
import { readSqlChecks } from './sql-checks.ts';

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
  ];
  return checks.toSorted((left, right) => areaOf(left) - areaOf(right) || (left.id < right.id ? -1 : 1));
}

/** In the order of the specification's checklist. */
function areaOf({ id }: Check): number {
  return AREAS.indexOf(id.split('.')[0] ?? '');
}
