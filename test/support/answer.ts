export type Row = Readonly<Record<string, unknown>>;

/** `ordersync help output`: the one document of `--format json`. */
export interface Answer {
  readonly schemaVersion: number;
  readonly command: string;
  readonly server: Row | null;
  readonly collectedAt: string;
  readonly warnings: readonly string[];
  readonly verdicts?: readonly Verdict[];
  readonly data: readonly Row[];
}

export interface Verdict {
  readonly section: string;
  readonly verdict: string;
  readonly reason: string | null;
  readonly fix: string | null;
}
