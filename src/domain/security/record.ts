import type { Clock } from '../../context.ts';
import { describeServerError } from '../../db/server-error.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { SecurityFinding } from './finding.ts';
import type { Metric } from './record-queries.ts';
import { lockRecording, recordMetric } from './record-queries.ts';

export interface RecordRequest {
  /** `failed-logins`. */
  readonly verb: string;
  /** How much time a report looks back on; findings of one window are recorded once. */
  readonly windowMs: number;
}

/** The findings that are recorded: what is ok or unknown is no metric. */
export function recordable(findings: readonly SecurityFinding[]): SecurityFinding[] {
  return findings.filter(({ severity }) => severity === 'critical' || severity === 'warning');
}

/**
 * Writes findings into security_metrics, each once for its window: running the report again changes a value at most.
 * @returns how many are new
 */
export async function recordFindings(
  { clock, session }: { readonly clock: Clock; readonly session: Session },
  findings: readonly SecurityFinding[],
  { verb, windowMs }: RecordRequest,
): Promise<number> {
  const begins = Math.floor(clock.now().getTime() / windowMs) * windowMs;
  const window = new Date(begins).toISOString();
  try {
    return await inTransaction(session, async () => {
      await lockRecording(session.sql);
      let added = 0;
      for (const finding of recordable(findings)) {
        if (await recordMetric(session.sql, metricOf(finding, verb, window))) added += 1;
      }
      return added;
    });
  } catch (error) {
    throw describeServerError(error) ?? error;
  }
}

function metricOf(
  { severity, finding, subject, count, detail }: SecurityFinding,
  verb: string,
  window: string,
): Metric {
  return {
    type: `security.${finding}`.slice(0, 50),
    value: count ?? 1,
    source: `ordersync security ${verb}`,
    subject,
    window,
    threat: severity === 'critical' ? 'CRITICAL' : 'MEDIUM',
    description: detail,
  };
}
