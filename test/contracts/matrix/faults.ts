import type { Place } from './place.ts';

/**
 * Plants what each kind of report has something to say of, so that a role that cannot see it would be wrong to be content.
 * The statements are the superuser's.
 */
export async function plantFaults({ sql }: Place): Promise<void> {
  for (const statement of FAULTS) await sql.unsafe(statement);
  // Its build fails on the duplicate and leaves an invalid index behind.
  await sql.unsafe('create unique index concurrently planted_broken on planted (note)').catch(() => undefined);
}

const FAULTS = [
  'create table planted_parent (id integer primary key)',
  'create table planted (id smallint primary key, note text, forgotten integer references planted_parent)',
  `insert into planted select n, 'the same' from generate_series(1, 2000) as n`,
  'create sequence planted_nearly as smallint owned by planted.id',
  `select setval('planted_nearly', 32767)`,
  'alter table planted set (autovacuum_enabled = off)',
  `update planted set note = 'the same'`,
  'alter table menus disable trigger user',
  'create policy planted_leak on user_sessions for select to application_role using (true)',
  'grant delete on audit_logs to passer_by',
  `update users set phone_encrypted = '010-7777-1234' where id = (select id from users where phone_encrypted is not null order by id limit 1)`,
  `select pg_create_physical_replication_slot('planted_' || oid, true) from pg_database where datname = current_database()`,
  `alter role passer_by password 'passer_by'`,
];
