import type { Work } from '../../context.ts';

/** The result of work whose events nobody waits for. */
export async function finished<Result>(work: Work<Result>): Promise<Result> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}
