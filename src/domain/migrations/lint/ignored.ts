import type { MigrationScript } from '../file/migration.ts';
import type { Statement } from '../file/split.ts';

/** A suppression in the head holds for the file, one further down for the statement that it stands before or in. */
export function isIgnored(
  script: MigrationScript,
  statements: readonly Statement[],
  index: number,
  rule: string,
): boolean {
  const from = statements[index - 1]?.end ?? 0;
  const to = statements[index]?.end ?? 0;
  return script.directives.lintIgnores.some(
    (ignore) => ignore.rule === rule && (ignore.wholeFile || (ignore.offset >= from && ignore.offset < to)),
  );
}
