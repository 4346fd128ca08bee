import type { Row } from './fixture.ts';
import type { Site } from './site.ts';

export interface Fault {
  readonly id: string;
  readonly severity: 'warning' | 'critical';
  /** What has to be so before the first look. */
  readonly prepare?: (site: Site) => Promise<unknown>;
  /** Makes the check bad. What it returns is run at the end, when the printed fix has cleared the fault. */
  readonly plant: (site: Site) => Promise<void | (() => Promise<unknown>)>;
  /** What the evidence has to name. */
  readonly names: string | RegExp;
  /** Does what a fix in words says; a fix in SQL or as a command is executed as it was printed. */
  readonly repair?: (site: Site, row: Row) => Promise<unknown>;
  /** Words that a command needs where nobody can be asked. */
  readonly words?: string;
  /** Options that the check is called with. */
  readonly options?: (site: Site) => string;
  /** What it says before the fault; by default ok. */
  readonly before?: Row['severity'] | ((site: Site) => Row['severity']);
  /** What it says after the fix; by default ok. */
  readonly after?: Row['severity'];
}
