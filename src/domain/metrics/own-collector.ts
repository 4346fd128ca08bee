import type { Clock } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { inTransaction } from '../../db/transaction.ts';
import { probe } from '../reports/probe.ts';
import { readOnlyMode } from '../reports/session-settings.ts';
import type { Sample } from './family.ts';

export interface LookOutcome {
  readonly samples: readonly Sample[];
  /** Why it could not look at everything; undefined when it could. */
  readonly problem: string | undefined;
}

/** Reads figures that no report has. What the server refuses is thrown. */
export type Look = (
  needs: { readonly session: Session; readonly clock: Pick<Clock, 'now' | 'monotonicMs'> },
  statementTimeoutMs: number,
) => Promise<LookOutcome>;

/** Which of these tables this role may read, every row of them, and why not the others; asked without raising an error. */
export async function readableTables(
  session: Session,
  names: readonly string[],
  statementTimeoutMs: number,
): Promise<{ readonly readable: ReadonlySet<string>; readonly problem: string | undefined }> {
  const asked = names.map((name) => ({ kind: 'table', name: `public.${name}` }) as const);
  const probed = await inTransaction(session, () => probe(session, asked), readOnlyMode(statementTimeoutMs));
  const lacks = asked.flatMap((requirement) => probed.lackOf(requirement) ?? []);
  const readable = names.filter((_, index) => asked[index] && probed.lackOf(asked[index]) === undefined);
  const [first] = lacks;
  const others = lacks.length - 1;
  return {
    readable: new Set(readable),
    problem: first && `${first.reason}; ${first.fix}${others > 0 ? ` (and ${others} more)` : ''}`,
  };
}
