import type { Session } from '../../../db/session.ts';
import { runText, simpleText, simpleTexts } from '../../../db/text.ts';
import { limitStatements } from '../../../db/transaction.ts';

/** A change that the application makes every day, tried on one row. */
export interface TriedChange {
  readonly table: 'users' | 'payments';
  readonly role: string;
  /** `none` without a row to try it on, otherwise how many rows it changed, or the SQLSTATE that it ended with. */
  readonly outcome: string;
  /** Audit rows of it, and what the last of them says. */
  readonly auditRows: number;
  readonly action: string | null;
  readonly namesActor: boolean;
  readonly namesChange: boolean;
}

/** An attempt to change the log. */
export interface TriedTampering {
  readonly table: 'audit_logs' | 'audit_logs_archive';
  readonly role: string;
  readonly operation: 'update' | 'delete';
  /** `refused`, `done`, or the SQLSTATE of another error. */
  readonly outcome: string;
}

export interface AuditProbe {
  readonly changes: readonly TriedChange[];
  readonly tampering: readonly TriedTampering[];
}

export const PROBING_ROLES = { users: 'application_role', payments: 'application_admin_role' } as const;

/**
 * Changes one user and one payment as the application does, looks for their audit rows, tries to change and to delete those,
 * and takes everything back. One message for all of it: while a row is locked nothing waits for the network, and
 * the server takes it back also when this program is gone. Each attempt is caught where it fails, so that a refusal,
 * which is the good answer, is no ERROR in the log of the server. Undefined where transactions are read-only.
 */
export async function probeAudit(session: Session, limitMs: number): Promise<AuditProbe | undefined> {
  try {
    const answers: unknown = await simpleTexts(session, statementsOf(limitMs));
    const rows = (answers as readonly (readonly { readonly audit_probe?: string }[])[]).flat();
    const found = rows.find(({ audit_probe: probed }) => probed !== undefined)?.audit_probe ?? '{}';
    const { changes, tampering } = JSON.parse(found) as Partial<AuditProbe>; // what the statements below build
    return changes === undefined || tampering === undefined ? undefined : { changes, tampering };
  } catch (error) {
    if (!session.lost) await simpleText(session, 'rollback');
    throw error;
  }
}

/** What the application may not do is told apart from a trigger that refuses it. */
export async function mayChange(
  session: Pick<Session, 'sql'>,
): Promise<Readonly<Record<'users' | 'payments', boolean>>> {
  const [row] = await runText<{ users: boolean; payments: boolean }>(
    session,
    `select has_column_privilege($1::text, 'public.current_user_profile', 'version', 'update') as users,
            has_column_privilege($2::text, 'public.payments', 'version', 'update') as payments`,
    [PROBING_ROLES.users, PROBING_ROLES.payments],
  );
  return row ?? { users: false, payments: false };
}

/** In one snapshot (repeatable read), so that nobody else's audit rows are taken for ours. */
function statementsOf(limitMs: number): readonly string[] {
  return [
    'begin isolation level repeatable read',
    limitStatements(limitMs),
    'set local lock_timeout = 200',
    'set local row_security = off',
    'set local search_path = pg_catalog, pg_temp',
    PROBE,
    "select current_setting('ordersync.audit_probe') as audit_probe",
    'rollback',
  ];
}

const PROBE = `do $probe$
declare
  usual_role constant text := current_setting('role');
  changes jsonb := '[]';
  tampering jsonb := '[]';
  target record;
  attempt record;
  row_id uuid;
  outcome text;
  touched bigint;
  audit record;
  audit_id uuid;
  audit_at timestamptz;
begin
  if current_setting('transaction_read_only')::boolean then
    perform set_config('ordersync.audit_probe', '{}', true);
    return;
  end if;

  for target in
    values
      ('users', '${PROBING_ROLES.users}', 'update public.current_user_profile set version = version + 1 where id = $1'),
      ('payments', '${PROBING_ROLES.payments}', 'update public.payments set version = version + 1 where id = $1')
  loop
    execute format('select id from public.%I order by id limit 1', target.column1) into row_id;
    outcome := 'none';
    if row_id is not null then
      perform set_config('app.current_user_id', case target.column1 when 'users' then row_id::text else '' end, true);
      begin
        perform set_config('row_security', 'on', true), set_config('role', target.column2, true);
        execute target.column3 using row_id;
        get diagnostics touched = row_count;
        outcome := touched::text;
        perform set_config('role', usual_role, true), set_config('row_security', 'off', true);
      exception
        when others then
          outcome := sqlstate;
      end;
    end if;
    select count(*) over () as found, id, created_at, action, user_id, audit_logs.changes into audit
      from public.audit_logs
     where created_at >= transaction_timestamp() and resource_id = row_id::text
     order by created_at desc, id
     limit 1;
    audit_id := coalesce(audit.id, audit_id);
    audit_at := coalesce(audit.created_at, audit_at);
    changes := changes || jsonb_build_object(
      'table', target.column1, 'role', target.column2, 'outcome', outcome, 'auditRows', coalesce(audit.found, 0),
      'action', audit.action,
      'namesActor', audit.user_id is not distinct from case target.column1 when 'users' then row_id end,
      'namesChange', coalesce(audit.changes -> 'version' ? 'new', false));
  end loop;

  -- The row of a moment ago, which nobody else has seen. Without one the statement still meets grants and triggers.
  for attempt in
    select who.role, log.name as log, change.operation, change.text
      from (values (current_user::text), ('${PROBING_ROLES.users}'), ('${PROBING_ROLES.payments}')) who (role)
     cross join (select relname as name from pg_class
                  where relnamespace = 'public'::regnamespace and relname in ('audit_logs', 'audit_logs_archive')) log
     cross join (values ('update', 'update public.%I set success = success where id = $1 and created_at = $2'),
                        ('delete', 'delete from public.%I where id = $1 and created_at = $2')) change (operation, text)
     order by who.role, log.name, change.operation desc
  loop
    begin
      perform set_config('role', attempt.role, true);
      execute format(attempt.text, attempt.log) using audit_id, audit_at;
      raise sqlstate 'OS000'; -- takes it back, and the role with it
    exception
      when sqlstate 'OS000' then
        outcome := 'done';
      when insufficient_privilege then
        outcome := 'refused';
      when others then
        outcome := sqlstate;
    end;
    tampering := tampering || jsonb_build_object(
      'table', attempt.log, 'role', attempt.role, 'operation', attempt.operation, 'outcome', outcome);
  end loop;
  perform set_config('ordersync.audit_probe', jsonb_build_object('changes', changes, 'tampering', tampering)::text, true);
end
$probe$`;
