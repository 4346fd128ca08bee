import { OrdersyncError } from '../../errors.ts';
import type { Check, CheckResult } from './check.ts';
import { worstOf } from './check.ts';

/** A finding that somebody has decided to live with, for a while; from ordersync.config.json. */
export interface Waiver {
  readonly id: string;
  readonly reason: string;
  /** YYYY-MM-DD, the last day on which it holds (UTC). */
  readonly expires: string;
}

/** A waived finding is `skipped` and says why; a waiver that has run out is a warning itself. */
export function applyWaivers(results: readonly CheckResult[], waivers: readonly Waiver[], now: Date): CheckResult[] {
  const today = now.toISOString().slice(0, 10);
  return results.map((result) => {
    const waiver = waivers.find(({ id }) => id === result.check.id);
    if (waiver === undefined || result.severity === 'ok') return result;
    return waiver.expires < today ? expired(result, waiver) : waived(result, waiver);
  });
}

function waived(result: CheckResult, { reason, expires }: Waiver): CheckResult {
  const observed = `waived until ${expires}: ${reason} (${result.severity}: ${result.observed})`;
  return { ...result, severity: 'skipped', observed };
}

function expired(result: CheckResult, { reason, expires }: Waiver): CheckResult {
  const evidence = `its waiver ran out on ${expires}: ${reason}`;
  return {
    ...result,
    severity: worstOf([result.severity, 'warning']),
    observed: `${result.observed}; ${evidence}`,
    evidence: [...result.evidence, evidence],
  };
}

/** @throws OrdersyncError `config` for a waiver of a check that there is not: it would seem to hold and does not */
export function requireKnown(waivers: readonly Waiver[], checks: readonly Check[]): void {
  const known = new Set(checks.map(({ id }) => id));
  const stray = waivers.find(({ id }) => !known.has(id));
  if (stray === undefined) return;
  throw new OrdersyncError('config', `ordersync.config.json waives "${stray.id}", which is no check`, {
    hint: 'ordersync check --list names them',
  });
}
