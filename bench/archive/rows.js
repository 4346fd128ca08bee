// A month of audit rows: some are encrypted one by one, and the server makes the others of them, with ids and times of their
// own. Ciphertext repeats then, but megabytes apart, where no compression of pages sees it.
import { randomUUID } from 'node:crypto';
import { AUDIT_LOGS, makeTemplate } from '../rotate/rows.js';
import { withDatabase } from '../rotate/site.js';

const MONTH = '2025-01';
const ENCRYPTED_ROWS = 50_000;
const ACTIONS = ['LOGIN', 'CREATE_ORDER', 'UPDATE_USER', 'UPDATE_PAYMENT'];

/** As the rotation's, with what else stands in an audit row. */
function kindOf(rows) {
  let made = 0;
  const at = () => new Date(Date.UTC(2025, 0, 1) + (made++ * 31 * 86_400_000) / rows).toISOString();
  return {
    ...AUDIT_LOGS,
    others: {
      ...AUDIT_LOGS.others,
      action: () => ACTIONS[made % ACTIONS.length],
      resource_id: () => randomUUID(),
      user_id: () => randomUUID(),
      changes: () => (made % 4 === 0 ? `{"role": {"new": "STAFF", "old": null}, "n": ${made}}` : '\\N'),
      duration_ms: () => String(made % 977),
      created_at: at,
    },
  };
}

/**
 * Makes the template database `name` with so many rows of one month, in the order of their time as an application leaves
 * them. @returns the name of their partition
 */
export async function makeMonth(site, name, rows) {
  const first = Math.min(rows, ENCRYPTED_ROWS);
  await withDatabase(
    site,
    'origin',
    (sql) => sql`select ensure_month_partitions('audit_logs', '2025-01-01', '2025-01-31')`,
  );
  await makeTemplate(site, name, { kind: kindOf(rows), rows: first });
  return withDatabase(site, name, async (sql) => {
    await sql`set session_replication_role = replica`;
    await multiply(sql, first, rows);
    await sql.unsafe('vacuum (freeze, analyze) audit_logs');
    const [{ partition, count }] = await sql`
      select min(tableoid)::regclass::text as partition, count(*)::int as count from audit_logs where created_at < '2025-02-01'`;
    if (count !== rows) throw new Error(`${count} rows instead of ${rows}`);
    return { partition, rows, month: MONTH };
  });
}

/** Every further part of the month is the first one again, later. */
async function multiply(sql, first, rows) {
  for (let made = first; made < rows; made += first) {
    await sql`
      insert into audit_logs (
        id, trace_id, action, resource_type, resource_id, user_id, ip_address_encrypted, ip_key_id,
        user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
        changes, success, duration_ms, created_at
      )
      select gen_random_uuid(), replace(gen_random_uuid()::text, '-', ''), action, resource_type,
             gen_random_uuid()::text, gen_random_uuid(), ip_address_encrypted, ip_key_id,
             user_agent_encrypted, ua_key_id, old_value_encrypted, old_value_key_id, new_value_encrypted, new_value_key_id,
             changes, success, duration_ms, created_at + ${made}::float8 / ${rows} * interval '31 days'
        from (
          select *, row_number() over (order by created_at) as place
            from audit_logs
           where created_at < timestamptz '2025-01-01Z' + ${first}::float8 / ${rows} * interval '31 days'
        ) known
       where place <= ${rows - made}
       order by created_at`;
  }
}
