import type { Sql } from '../../db/session.ts';

export interface Metric {
  /** At most 50 characters. */
  readonly type: string;
  readonly value: number;
  readonly source: string;
  readonly subject: string;
  /** ISO 8601: where the window begins that the metric is about. */
  readonly window: string;
  readonly threat: 'MEDIUM' | 'CRITICAL';
  readonly description: string;
}

/** Until the end of the transaction, so that two runs at once do not both find nothing recorded. */
export async function lockRecording(sql: Sql): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('ordersync security record', 0))`;
}

/** A metric that stands already for its window keeps the higher value. Returns whether it is new. */
export async function recordMetric(sql: Sql, metric: Metric): Promise<boolean> {
  const labels = { source: metric.source, subject: metric.subject, window: metric.window };
  const raised = await sql`
    update public.security_metrics
       set value = greatest(value, ${metric.value}::numeric), description = ${metric.description}
     where metric_type = ${metric.type}
       and labels @> ${JSON.stringify(labels)}::text::jsonb`;
  if (raised.count > 0) return false;
  await sql`
    insert into public.security_metrics (metric_type, value, labels, threat_level, is_anomaly, description)
    values (${metric.type}, ${metric.value}, ${JSON.stringify(labels)}::text::jsonb, ${metric.threat}, true, ${metric.description})`;
  return true;
}
