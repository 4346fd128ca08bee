import type { Finding } from './finding.ts';

/** So many are listed: who has more has one cause for them, and memory must not grow with the damage. */
const LISTED = 1000;

export interface FindingList {
  readonly listed: readonly Finding[];
  readonly counts: ReadonlyMap<Finding['fault'], number>;
  readonly total: number;
  add(...findings: readonly Finding[]): void;
}

export function createFindingList(): FindingList {
  const listed: Finding[] = [];
  const counts = new Map<Finding['fault'], number>();
  let total = 0;
  return {
    listed,
    counts,
    get total() {
      return total;
    },
    add: (...findings) => {
      for (const finding of findings) {
        total += 1;
        counts.set(finding.fault, (counts.get(finding.fault) ?? 0) + 1);
        if (listed.length < LISTED) listed.push(finding);
      }
    },
  };
}
