import { readFile } from 'node:fs/promises';
import { OrdersyncError } from '../../errors.ts';
import { packageFile } from '../../package-file.ts';

/** Where the runbooks are, seen from the root of this package. */
const RUNBOOKS = 'docs/prometheus.md';

/** The rules as they are shipped, with links that lead to `runbooks`. @throws OrdersyncError `usage` */
export async function readAlertRules(runbooks: string = RUNBOOKS): Promise<string> {
  if (/[\s'"#{}]/.test(runbooks)) {
    throw new OrdersyncError('usage', `"${runbooks}" is not an address`, {
      hint: 'such as https://wiki.example/ordersync/prometheus, without a fragment',
    });
  }
  const text = await readFile(packageFile('ops/prometheus/ordersync.rules.yml'), 'utf8');
  return text.replaceAll(`runbook_url: '${RUNBOOKS}#`, () => `runbook_url: '${runbooks}#`);
}
