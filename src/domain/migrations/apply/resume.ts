import { OrdersyncError } from '../../../errors.ts';
import { excerpt } from '../file/position.ts';
import { statementHash } from '../journal.ts';
import type { StepRow } from '../queries.ts';
import type { ReadyFile } from './run.ts';
import { statementKindOf } from './statement-kind.ts';

/** Where a file outside a transaction goes on. */
export interface Resume {
  /** 1-based statements that took effect in an earlier run. */
  readonly done: ReadonlySet<number>;
  /** The statement that an earlier run began and never saw the end of: it may or may not have taken effect. */
  readonly cutOff: number | undefined;
}

/**
 * Compares what already ran with the file: a statement that took effect must be as it was, the one that failed may
 * have been mended.
 * @throws OrdersyncError checksum_mismatch naming the first edited statement; usage for an index without a name
 */
export function resumeOf(file: ReadyFile, steps: readonly StepRow[]): Resume {
  requireIndexNames(file);
  const mine = steps.filter((step) => step.version === file.version && step.direction === file.direction);
  const done = mine.filter((step) => step.outcome === 'done');
  for (const step of done) requireUnchanged(file, step);
  const cutOff = mine.find((step) => step.outcome === 'started' && step.sha256 === hashOf(file, step.step));
  return { done: new Set(done.map((step) => step.step)), cutOff: cutOff?.step };
}

/** A generated name differs at each attempt, so that what a failed one left behind could not be told from others'. */
function requireIndexNames({ script }: ReadyFile): void {
  for (const statement of script.statements) {
    const kind = statementKindOf(statement.text);
    if (kind.kind !== 'create index concurrently' || kind.index !== undefined) continue;
    throw new OrdersyncError(
      'usage',
      `${script.file}:${statement.line}:${statement.column}: create index concurrently without a name`,
      {
        hint: 'give the index a name, so that an interrupted build can be found and repaired',
        body: excerpt(script.file, script.text, statement.start),
      },
    );
  }
}

function requireUnchanged(file: ReadyFile, step: StepRow): void {
  if (step.sha256 === hashOf(file, step.step)) return;
  const statement = file.script.statements[step.step - 1];
  throw new OrdersyncError(
    'checksum_mismatch',
    `statement ${step.step} of ${file.script.file} was edited after it took effect`,
    {
      hint: `restore it and run again; to run the whole file anew: ordersync migrate repair ${file.version}`,
      body: statement === undefined ? [] : excerpt(file.script.file, file.script.text, statement.start),
      facts: { file: file.script.file, statement: step.step },
    },
  );
}

function hashOf({ script }: ReadyFile, step: number): string | undefined {
  const text = script.statements[step - 1]?.text;
  return text === undefined ? undefined : statementHash(text);
}
