import { isoTime } from '../calendar.ts';
import { contactOf } from '../contact.ts';
import type { Demo } from '../demo.ts';
import { PLANTED, PLANTED_CUSTOMER, plantedTime } from '../planted.ts';
import type { Random } from '../random.ts';
import { between, chance, hex, nextWord } from '../random.ts';
import type { SeedRow, SeedTable } from '../table.ts';
import { blind } from '../table.ts';
import { FIRST_OWNER, FIRST_STAFF } from '../volumes.ts';
import { firstCustomer, userCreatedAt, userId } from '../world.ts';
import type { World } from '../world.ts';

export const users: SeedTable = {
  name: 'users',
  columns: [
    'id',
    'email_encrypted',
    'phone_encrypted',
    'name_encrypted',
    'email_hash',
    'password_hash_encrypted',
    'salt',
    'role',
    'permissions',
    'status',
    'last_login_at',
    'password_changed_at',
    'failed_login_count',
    'locked_until',
    'two_factor_enabled',
    'two_factor_secret_encrypted',
    'created_at',
    'updated_at',
    'version',
  ],
  needs: [],
  unitsOf: ({ volumes }) => volumes.users,
  rowsOf: (world, user) => [userRow(world, user)],
};

type Role = 'CUSTOMER' | 'RESTAURANT_OWNER' | 'STAFF' | 'ADMIN';

const PERMISSIONS: Readonly<Record<Role, readonly string[]>> = {
  CUSTOMER: [],
  RESTAURANT_OWNER: ['restaurant:write', 'menu:write'],
  STAFF: ['order:read', 'payment:read', 'refund:write'],
  ADMIN: ['order:read', 'payment:read', 'refund:write', 'user:write', 'key:rotate'],
};

export function roleOf(world: World, user: number): Role {
  if (user < FIRST_STAFF || user === firstCustomer(world) + PLANTED_CUSTOMER.promoted) return 'ADMIN';
  if (user < FIRST_OWNER) return 'STAFF';
  return user < firstCustomer(world) ? 'RESTAURANT_OWNER' : 'CUSTOMER';
}

export function permissionsOf(role: Role): string {
  return JSON.stringify(PERMISSIONS[role]);
}

function userRow(world: Demo, user: number): SeedRow {
  const random = world.random('user', user);
  const createdAt = userCreatedAt(world, user);
  const role = roleOf(world, user);
  const contact = contactOf(world, user);
  const twoFactor = role === 'ADMIN' || role === 'STAFF' || chance(random, 0.1);
  const lastLogin = world.lastVisits[user] ?? 0;
  return {
    id: userId(world, user),
    email_encrypted: contact.email,
    phone_encrypted: chance(random, 0.95) ? contact.phone : null,
    name_encrypted: contact.name,
    email_hash: blind('email', contact.email),
    password_hash_encrypted: passwordHash(random),
    salt: hex(random, 4),
    role,
    permissions: permissionsOf(role),
    status: role === 'CUSTOMER' && user >= dormantFrom(world) && chance(random, 0.03) ? 'SUSPENDED' : 'ACTIVE',
    last_login_at: lastLogin === 0 ? null : isoTime(lastLogin),
    password_changed_at: isoTime(createdAt),
    ...lockOf(world, user),
    two_factor_enabled: twoFactor,
    two_factor_secret_encrypted: twoFactor ? base32(random) : null,
    created_at: isoTime(createdAt),
    updated_at: isoTime(Math.max(createdAt, lastLogin)),
    version: lastLogin === 0 ? 1 : between(random, 2, 9),
  };
}

/** The planted users are all active. */
function dormantFrom(world: World): number {
  return firstCustomer(world) + PLANTED_CUSTOMER.stuffing + PLANTED.stuffing.customers;
}

function lockOf(world: World, user: number): SeedRow {
  const { failures, lockedAt, lockMinutes } = PLANTED.bruteForce;
  const planted = user - firstCustomer(world);
  if (planted === PLANTED_CUSTOMER.bruteForce) {
    const locked = plantedTime(world.span.until, PLANTED.bruteForce, [lockedAt - 1, failures]);
    return { failed_login_count: lockedAt, locked_until: isoTime(locked + lockMinutes * 60_000) };
  }
  // The credential stuffing's own failure; a log-in would have set the count back.
  const stuffed =
    planted >= PLANTED_CUSTOMER.stuffing && planted < PLANTED_CUSTOMER.stuffing + PLANTED.stuffing.customers;
  return { failed_login_count: stuffed ? 1 : 0, locked_until: null };
}

/** What Argon2id with the settings of RFC 9106's second recommendation looks like. */
function passwordHash(random: Random): string {
  return `$argon2id$v=19$m=65536,t=3,p=4$${base64(random, 22)}$${base64(random, 43)}`;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base64(random: Random, characters: number): string {
  let text = '';
  for (let position = 0; position < characters; position += 1) text += BASE64[nextWord(random) >>> 26];
  return text;
}

function base32(random: Random): string {
  let text = '';
  for (let position = 0; position < 32; position += 1) text += BASE32[nextWord(random) >>> 27];
  return text;
}
