import { test } from 'vitest';
import { useSchema } from './support/schema.ts';
import { fillMonths } from './support/archive/fill.ts';
import { monthsAgo } from './support/archive/months.ts';
const db = useSchema();
test('fill', async () => {
  const sql = db.current.as('owner');
  await fillMonths(sql, { months: [monthsAgo(9), monthsAgo(8), monthsAgo(7)], rows: 40 });
  for (const t of ['audit_logs','notification_logs','orders','order_items','order_status_history','payments','payment_events','payment_refunds','payment_order_keys'])
    console.log(t, (await sql`select tableoid::regclass::text as t, count(*)::int as n from ${sql(t)} group by 1 order by 1`).map(r => `${r['t']}=${r['n']}`).join(' '));
  console.log(await sql`select system_identifier from pg_control_system()`);
});
