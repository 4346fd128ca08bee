import type { Context, Key } from './keys.ts';
import { ACCOUNT } from './keys.ts';
import type { Permission } from './operations.ts';
import type { Principal } from './signature.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Who there is, and what they may do. The owner may do everything; others what grants give them. */
export interface Access {
  readonly owner: Credentials;
  readonly principals: ReadonlyMap<string, Principal>;
  /** A principal without rights. */
  add(name: string): Credentials;
  /** With a context subset, the grant holds only for contexts that have these members (EncryptionContextSubset). */
  grant(to: Credentials, key: Key, permissions: readonly Permission[], contextSubset?: Context): void;
  allows(principal: Principal, permission: Permission, key: Key, context: Context): boolean;
}

interface Grant {
  readonly to: string;
  readonly key: Key;
  readonly permissions: readonly Permission[];
  readonly contextSubset: Context;
}

export function createAccess(): Access {
  const owner = principalOf('owner', true);
  const principals = new Map([[owner.accessKeyId, owner]]);
  const grants: Grant[] = [];
  return {
    owner,
    principals,
    add: (name) => {
      const principal = principalOf(name, false);
      principals.set(principal.accessKeyId, principal);
      return principal;
    },
    grant: (to, key, permissions, contextSubset = {}) =>
      void grants.push({ to: to.accessKeyId, key, permissions, contextSubset }),
    allows: (principal, permission, key, context) => {
      const gives = (grant: Grant) =>
        grant.to === principal.accessKeyId &&
        grant.key === key &&
        grant.permissions.includes(permission) &&
        Object.entries(grant.contextSubset).every(([name, value]) => context[name] === value);
      return principal.owner || grants.some(gives);
    },
  };
}

function principalOf(name: string, owner: boolean): Principal {
  return {
    accessKeyId: `AKIA${name.toUpperCase()}`,
    secretAccessKey: `${name}-secret`,
    arn: `arn:aws:iam::${ACCOUNT}:user/${name}`,
    owner,
  };
}
