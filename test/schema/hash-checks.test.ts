import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { useSchema } from '../support/schema.ts';

const database = useSchema();
const HASH = createHash('sha256').update('someone@example.com').digest('hex');
const NO_HASHES = [
  '',
  HASH.slice(1),
  `${HASH}0`,
  HASH.toUpperCase(),
  `${HASH.slice(1)}g`,
  `${HASH.slice(1)} `,
  `${HASH.slice(1)}\n`,
  `${HASH}\n`,
  '가'.repeat(64),
  Buffer.from(HASH, 'hex').toString('base64'),
  `\\x${HASH.slice(2)}`,
];
const CHECKED = [
  'audit_logs.ip_hash',
  'login_attempts.email_hash',
  'login_attempts.ip_hash',
  'payments.external_id_hash',
  'user_sessions.ip_hash',
  'users.email_hash',
  'users.email_hash_prev',
];

test('a blind index is 64 lower-case hex digits or null, and the server has confirmed it of every row', async () => {
  const sql = database.current.as('owner');
  const checks = await sql<{ column: string; name: string; validated: boolean; expression: string }[]>`
    select format('%s.%s', c.conrelid::regclass, a.attname) as "column", a.attname as name, c.convalidated as validated,
      pg_get_expr(c.conbin, c.conrelid) as expression
    from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and array[a.attnum] = c.conkey
    where c.contype = 'c' and c.connamespace = 'public'::regnamespace and c.coninhcount = 0
      and a.attname ~ '_hash(_prev)?$'
    order by 1`;
  expect(checks.map(({ column }) => column)).toEqual(CHECKED);
  for (const { name, validated, expression } of checks) {
    expect(validated).toBe(true);
    const judged = await sql.unsafe<{ value: string | null; allowed: boolean | null }[]>(
      `select ${name} as value, ${expression} as allowed from unnest($1::text[]) as given (${name})`,
      [[HASH, null, ...NO_HASHES]],
    );
    // Null satisfies a CHECK.
    expect(judged.filter(({ allowed }) => allowed !== false).map(({ value }) => value)).toEqual([HASH, null]);
  }
});
