import { OrdersyncError } from '../../errors.ts';
import type { Check, Profile } from './check.ts';

export interface Selection {
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly profile: Profile | undefined;
}

/**
 * The checks that the call asks for. A pattern is an id, or the beginning of ids and a star: `sec.*`.
 * @throws OrdersyncError `usage` for a pattern that no check has
 */
export function selectChecks(checks: readonly Check[], { only, skip, profile }: Selection): readonly Check[] {
  for (const pattern of [...only, ...skip]) requireMatch(checks, pattern);
  return checks.filter(
    ({ id, profiles }) =>
      (only.length === 0 || only.some((pattern) => matches(pattern, id))) &&
      !skip.some((pattern) => matches(pattern, id)) &&
      (profile === undefined || profiles.includes(profile)),
  );
}

function requireMatch(checks: readonly Check[], pattern: string): void {
  if (checks.some(({ id }) => matches(pattern, id))) return;
  throw new OrdersyncError('usage', `no check is called "${pattern}"`, {
    hint: 'ordersync check --list names them; sec.* means all that begin with sec.',
  });
}

function matches(pattern: string, id: string): boolean {
  return pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}
