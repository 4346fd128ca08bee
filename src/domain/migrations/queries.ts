import type postgres from 'postgres';
import type { Sql } from '../../db/session.ts';

/**
 * The SQL of the migration ledger and its journal. Both live in schema public under fixed names, always written with
 * their schema, so that neither a role's search_path nor a migration that changes it can lead to a second ledger.
 */
export interface RelationFacts {
  readonly name: string;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Column names, sorted, joined by commas. */
  readonly columns: string;
}

/** Asks the catalogue instead of to_regclass(), which fails where the role has no USAGE on the schema. */
export function readRelations(sql: Sql): Promise<RelationFacts[]> {
  return sql<RelationFacts[]>`
    select relation.relname as name,
           has_schema_privilege(namespace.oid, 'usage') and has_table_privilege(relation.oid, 'select') as readable,
           has_table_privilege(relation.oid, 'insert')
             and has_table_privilege(relation.oid, 'delete')
             and has_table_privilege(relation.oid, 'update') as writable,
           (select string_agg(attribute.attname, ',' order by attribute.attname)
              from pg_catalog.pg_attribute attribute
             where attribute.attrelid = relation.oid
               and attribute.attnum > 0
               and not attribute.attisdropped) as columns
      from pg_catalog.pg_class relation
      join pg_catalog.pg_namespace namespace on namespace.oid = relation.relnamespace
     where namespace.nspname = 'public'
       and relation.relname in ('schema_migrations', 'schema_migration_journal')
     order by relation.relname`;
}

/** Undefined when there is no schema of that name. */
export async function mayCreateInPublic(sql: Sql): Promise<boolean | undefined> {
  const [row] = await sql<{ allowed: boolean }[]>`
    select has_schema_privilege(oid, 'create') as allowed from pg_catalog.pg_namespace where nspname = 'public'`;
  return row?.allowed;
}

export interface LedgerRow {
  readonly version: string;
  readonly description: string;
  readonly appliedAt: string;
  /** Milliseconds; null for rows that were recorded without running. */
  readonly executionTimeMs: number | null;
  /** Null for a row written by hand: applied, but nothing to compare the file with. */
  readonly checksum: string | null;
}

export function readLedgerRows(sql: Sql): Promise<LedgerRow[]> {
  return sql<LedgerRow[]>`
    select version,
           description,
           to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "appliedAt",
           execution_time_ms::double precision as "executionTimeMs",
           checksum
      from public.schema_migrations`;
}

/** The five columns of the specification and nothing more. */
export function createLedger(sql: Sql): Promise<unknown> {
  return sql`
    create table public.schema_migrations (
      version varchar(20) primary key,
      description text not null,
      applied_at timestamptz not null default now(),
      execution_time_ms bigint,
      checksum varchar(64)
    )`;
}

/**
 * History, and the resume state of files that run outside a transaction; it never decides what is applied. Step 0 is
 * the whole file, step n its nth statement. A row without ended_at is work that nobody finished recording.
 */
export function createJournal(sql: Sql): Promise<unknown> {
  return sql`
    create table public.schema_migration_journal (
      id bigint generated always as identity primary key,
      run_id uuid not null,
      version varchar(20) not null,
      direction text not null check (direction in ('up', 'down', 'baseline', 'repair')),
      step integer not null check (step >= 0),
      statement_sha256 varchar(64),
      outcome text not null check (outcome in ('started', 'done', 'failed', 'interrupted', 'cleared')),
      sqlstate varchar(5),
      actor text not null default session_user,
      client_host text not null,
      tool_version text not null,
      started_at timestamptz not null default clock_timestamp(),
      ended_at timestamptz
    )`;
}

export interface StepRow {
  readonly version: string;
  readonly direction: 'up' | 'down';
  readonly step: number;
  readonly sha256: string;
  readonly outcome: 'started' | 'done' | 'failed' | 'interrupted';
  readonly sqlstate: string | null;
}

/** The newest row of each step since its file was last completed or cleared: where a half-run file stands. */
export function readOpenSteps(sql: Sql): Promise<StepRow[]> {
  return sql<StepRow[]>`
    select distinct on (journal.version, journal.direction, journal.step)
           journal.version,
           journal.direction,
           journal.step,
           journal.statement_sha256 as sha256,
           journal.outcome,
           journal.sqlstate
      from public.schema_migration_journal journal
     where journal.step > 0
       and journal.id > coalesce(
             (select max(closing.id)
                from public.schema_migration_journal closing
               where closing.version = journal.version
                 and closing.step = 0
                 and closing.outcome in ('done', 'cleared')), 0)
     order by journal.version, journal.direction, journal.step, journal.id desc`;
}

/** Who runs this, for the journal. */
export interface Runner {
  readonly runId: string;
  readonly host: string;
  readonly toolVersion: string;
}

export interface CompletedFile {
  readonly version: string;
  readonly description: string;
  readonly checksum: string | null;
}

/**
 * Ledger row and journal row by one statement. The time is the server's own; in a run that holds several files in one
 * transaction each file's start is in ordersync.migration_started.
 */
export function recordUp(
  sql: Sql,
  file: CompletedFile,
  runner: Runner,
): postgres.PendingQuery<{ executionTimeMs: number }[]> {
  return sql<{ executionTimeMs: number }[]>`
    with started as (
      select coalesce(
               to_timestamp(nullif(current_setting('ordersync.migration_started', true), '')::double precision),
               transaction_timestamp()) as at
    ), ledger as (
      insert into public.schema_migrations (version, description, execution_time_ms, checksum)
      select ${file.version}, ${file.description},
             round(extract(epoch from clock_timestamp() - started.at) * 1000), ${file.checksum}
        from started
      returning execution_time_ms
    ), journal as (
      insert into public.schema_migration_journal
        (run_id, version, direction, step, outcome, client_host, tool_version, started_at, ended_at)
      select ${runner.runId}::uuid, ${file.version}, 'up', 0, 'done', ${runner.host}, ${runner.toolVersion},
             started.at, clock_timestamp()
        from started
    )
    select ledger.execution_time_ms::double precision as "executionTimeMs" from ledger`;
}

/** Removes the ledger row under whatever spelling of the version it has; the caller compares the count with one. */
export function recordDown(
  sql: Sql,
  version: string,
  runner: Runner,
): postgres.PendingQuery<{ executionTimeMs: number }[]> {
  return sql<{ executionTimeMs: number }[]>`
    with started as (
      select coalesce(
               to_timestamp(nullif(current_setting('ordersync.migration_started', true), '')::double precision),
               transaction_timestamp()) as at
    ), ledger as (
      delete from public.schema_migrations where version = ${version} returning version
    ), journal as (
      insert into public.schema_migration_journal
        (run_id, version, direction, step, outcome, client_host, tool_version, started_at, ended_at)
      select ${runner.runId}::uuid, ledger.version, 'down', 0, 'done', ${runner.host}, ${runner.toolVersion},
             started.at, clock_timestamp()
        from started, ledger
    )
    select (extract(epoch from clock_timestamp() - started.at) * 1000)::double precision as "executionTimeMs"
      from started, ledger`;
}

/** A row for a migration that is in the database without having been run here. */
export function insertLedgerRow(sql: Sql, { version, description, checksum }: CompletedFile): Promise<unknown> {
  return sql`
    insert into public.schema_migrations (version, description, checksum)
    values (${version}, ${description}, ${checksum})`;
}

export function updateChecksum(
  sql: Sql,
  {
    version,
    description,
    newChecksum,
  }: { readonly version: string; readonly description: string; readonly newChecksum: string | null },
): Promise<unknown> {
  return sql`
    update public.schema_migrations
       set checksum = ${newChecksum}, description = ${description}
     where version = ${version}`;
}

export function deleteLedgerRow(sql: Sql, version: string): Promise<unknown> {
  return sql`delete from public.schema_migrations where version = ${version}`;
}
