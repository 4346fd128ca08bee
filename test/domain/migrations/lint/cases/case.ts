/** What every rule promises, in SQL. */
export interface RuleCase {
  readonly rule: string;
  /** Each fires the rule; the fix that comes with it does not. */
  readonly bad: readonly string[];
  /** None fires it. `-- applied` ends what earlier migrations did. */
  readonly safe: readonly string[];
}

/** The head of a file whose statements run one by one. */
export const OUTSIDE = '-- ordersync: no-transaction\n';
