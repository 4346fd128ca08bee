import { setTimeout as sleep } from 'node:timers/promises';

/** Generous, because a loaded machine is slow; it only ends a hang. */
const PATIENCE_MS = 60_000;

/** Polls until the condition holds. @throws Error with `what` when it never does. */
export async function waitFor(
  condition: () => Promise<boolean> | boolean,
  what: string | (() => string),
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${typeof what === 'string' ? what : what()}`);
    await sleep(20);
  }
}
