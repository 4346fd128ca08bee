import type { Sql } from '../../db/session.ts';

/** What pg_stat_statements keeps under one key; never its text. */
export interface KeptStatement {
  /** Null where this role may see neither the text nor the id. */
  readonly queryId: string | null;
  readonly userId: string;
  readonly databaseId: string;
  /** Null when it has been dropped since. */
  readonly role: string | null;
  readonly database: string | null;
  readonly texts: number;
}

/**
 * Statements whose text is likely to hold a password, of all databases, and what is hidden from this role. Literals are
 * replaced in SELECT, INSERT and the like; utility statements keep them. A SCRAM verifier is no password. The pattern is
 * that of sql/monitor/slow-queries.sql. The transaction's search_path leads to the extension.
 */
export function readKeptSecrets(sql: Sql): Promise<KeptStatement[]> {
  return sql<KeptStatement[]>`
    select kept.queryid::text as "queryId",
           kept.userid::text as "userId",
           kept.dbid::text as "databaseId",
           roles.rolname::text as role,
           databases.datname::text as database,
           count(*)::double precision as texts
      from pg_stat_statements kept
      left join pg_roles roles on roles.oid = kept.userid
      left join pg_database databases on databases.oid = kept.dbid
     where kept.queryid is null
        or kept.query ~* ${PASSWORD_PATTERN}
     group by kept.queryid, kept.userid, kept.dbid, roles.rolname, databases.datname
     order by databases.datname, roles.rolname, kept.queryid`;
}

/** The word and then a constant that is not empty, also within another constant; or the password of a connection. */
const PASSWORD_PATTERN = [
  String.raw`\mpassword\M\s*(=|to\M)?\s*(e|u&)?('(?!'([^']|$))|''(?=\w)|\$([a-z_]\w*)?\$)(?!scram-sha-256\$)`,
  String.raw`\mconnection\M\s*'[^']*\mpassword\s*=`,
].join('|');
