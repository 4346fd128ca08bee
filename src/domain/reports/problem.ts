import { describeServerError } from '../../db/server-error.ts';
import { sqlstateOf } from '../../db/sqlstate.ts';
import { excerpt, lineColumnOf, offsetOfPosition } from '../migrations/file/position.ts';
import type { Lack } from './probe.ts';
import type { Body, ReportFile } from './report-file.ts';

/**
 * Why a body failed on the server, with the place in its file when the server tells one. Undefined for what is no answer
 * of the server: then the program is at fault, or the session is gone.
 */
export function problemOf(error: unknown, file: ReportFile, body: Body): Lack | undefined {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === undefined) return undefined;
  const { message, position } = error as Error & { readonly position?: string };
  if (position !== undefined) {
    const offset = body.offset + offsetOfPosition(body.sql, Number(position));
    const { line, column } = lineColumnOf(file.text, offset);
    return {
      reason: [
        `${file.path}:${line}:${column}: ${message} (${sqlstate})`,
        ...excerpt(file.path, file.text, offset),
      ].join('\n'),
      fix: 'the file does not suit this server: please report it',
    };
  }
  const described = describeServerError(error);
  return { reason: `${described?.message ?? message} (${sqlstate})`, fix: described?.details.hint ?? 'run it again' };
}
