/** What a trace can find, by the word that a suppression names. */
export type TraceRuleId =
  | 'trace-failed'
  | 'trace-rewrite'
  | 'trace-index-rebuild'
  | 'trace-scan'
  | 'trace-access-exclusive'
  | 'trace-write-lock';

export interface TraceRule {
  readonly id: TraceRuleId;
  readonly why: string;
  /** The safe way, as comments of a migration file: which columns are meant only the author knows. */
  readonly fix: string;
}

/** The gravest first: of one table in one statement the first that holds is told. */
export const TRACE_RULES: readonly TraceRule[] = [
  {
    id: 'trace-failed',
    why: 'the statement fails after all applied files on an empty database; on the real one it would fail too',
    fix: '-- mend the statement',
  },
  {
    id: 'trace-rewrite',
    why: 'the table is copied row by row with all its indexes while nobody can use it, and needs its size again on disk',
    fix: '-- add a nullable column, fill it in batches, and switch to it in a later migration',
  },
  {
    id: 'trace-index-rebuild',
    why: 'indexes are built again from all rows of the table while it is locked',
    fix: '-- build a second index with create index concurrently in a no-transaction file, then drop the first',
  },
  {
    id: 'trace-scan',
    why: 'every row of the table is read, which takes the longer the larger it is, and the lock is held meanwhile',
    fix: '-- add constraints as not valid and validate them in a later file; build indexes concurrently; write in batches',
  },
  {
    id: 'trace-access-exclusive',
    why: 'while it waits for the lock, and from then to the end of the file, no other session can read the table',
    fix: '-- put it into a file of its own that does nothing slow, or use the form with a weaker lock where there is one',
  },
  {
    id: 'trace-write-lock',
    why: 'while it waits for the lock, and from then to the end of the file, no other session can write to the table',
    fix: '-- put it into a file of its own that does nothing slow',
  },
];

/** For the check of suppressions: these are known words too. */
export const TRACE_RULE_IDS: readonly string[] = TRACE_RULES.map(({ id }) => id);
