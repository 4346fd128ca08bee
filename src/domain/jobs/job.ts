/** A row of scheduled_jobs. */
export interface Job {
  readonly name: string;
  /** Cron expression, in the time zone. */
  readonly schedule: string;
  readonly timeZone: string;
  /** The same moments for a scheduler that counts in UTC. */
  readonly utcSchedule: string;
  /** The statement. */
  readonly command: string;
  readonly description: string;
  /** Milliseconds since 1970: from then on it is expected to run. */
  readonly addedAt: number;
}

/** What functions tell by report_job_work(); `returned` is the one number that any other statement returned. */
export const WORK_KINDS = ['deleted', 'moved', 'changed', 'created', 'refreshed', 'returned'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];
export type Counts = Readonly<Partial<Record<WorkKind, number>>>;

export function addCounts(one: Counts, other: Counts): Counts {
  const sums: Partial<Record<WorkKind, number>> = {};
  for (const kind of WORK_KINDS) {
    if (one[kind] === undefined && other[kind] === undefined) continue;
    sums[kind] = (one[kind] ?? 0) + (other[kind] ?? 0);
  }
  return sums;
}

/** "25000 deleted, 3 moved" */
export function describeCounts(counts: Counts): string {
  const words = WORK_KINDS.flatMap((kind) => (counts[kind] === undefined ? [] : [`${counts[kind]} ${kind}`]));
  return words.length === 0 ? 'no count' : words.join(', ');
}

/** As jsonb and report_job_work() give them. Kinds that this version does not know are left out. */
export function parseCounts(value: unknown): Counts {
  const counts: Partial<Record<WorkKind, number>> = {};
  const members = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  for (const kind of WORK_KINDS) {
    const count = members[kind];
    if (typeof count === 'number' && Number.isFinite(count)) counts[kind] = count;
  }
  return counts;
}

/** The advisory lock that keeps two schedulers from running one job at once. */
export function lockNameOf(job: string): string {
  return `job ${job}`;
}
