/** Something the security team has to know, or, when it is ok, that it was looked at. */
export interface SecurityFinding {
  readonly severity: 'critical' | 'warning' | 'unknown' | 'ok';
  /** What it is called: the last word of `metric_type` where it is recorded. */
  readonly finding: string;
  /** A role, a table, a user's id, or the keyed hash of an address; never what is behind a hash. */
  readonly subject: string;
  readonly count: number | null;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly detail: string;
}

export interface SecurityReport {
  readonly findings: readonly SecurityFinding[];
  /** What the findings do not cover. */
  readonly warnings: readonly string[];
}

/** A finding without times. */
export function stateFinding(
  severity: SecurityFinding['severity'],
  finding: string,
  subject: string,
  detail: string,
): SecurityFinding {
  return { severity, finding, subject, detail, count: null, firstAt: null, lastAt: null };
}
