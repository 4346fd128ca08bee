import type { CatalogueObject } from './model.ts';

/** By code units, never by locale: the order is part of the fingerprint. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

export function byKindAndIdentity(left: CatalogueObject, right: CatalogueObject): number {
  return (
    compareText(left.kind, right.kind) ||
    compareText(left.identity, right.identity) ||
    compareText(left.definition, right.definition)
  );
}

/** How a part of a relation is called: `public.users.email`, `idx_users_status on public.users`. */
export function identityIn(relation: string, kind: string, name: string): string {
  return kind === 'column' ? `${relation}.${name}` : `${name} on ${relation}`;
}
