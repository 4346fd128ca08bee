import type { Context, Work } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import { readChecks } from '../checks/catalog.ts';
import type { CheckResult } from '../checks/check.ts';
import { runChecks } from '../checks/run.ts';
import { SPECIFIED_RAM } from '../checks/settings/rules.ts';
import type { SecurityReport } from './finding.ts';
import { stateFinding } from './finding.ts';

export interface EncryptionRequest {
  readonly sampleRows: number;
  readonly limitMs: number;
}

/** What `check` says of encrypted values and their keys, thing by thing. */
export async function* findEncryption(
  ctx: Pick<Context, 'clock' | 'keys' | 'signal'>,
  session: Session,
  { sampleRows, limitMs }: EncryptionRequest,
): Work<SecurityReport> {
  const checks = (await readChecks()).filter(({ id }) => /^sec\.(?:encryption|key)-/.test(id));
  const options = {
    sampleRows,
    ramBytes: SPECIFIED_RAM,
    exporterUrl: undefined,
    prometheusUrl: undefined,
    grafanaUrl: undefined,
  };
  const results = yield* runChecks(ctx, session, checks, { timeoutMs: limitMs, options });
  return { findings: results.flatMap(findingsOf), warnings: [] };
}

function findingsOf({ check, sightings }: CheckResult): SecurityReport['findings'] {
  const name = check.id.replace('sec.', '').replaceAll('-', '_');
  return sightings.map(({ severity, evidence, fix }) => {
    if (severity === 'ok') return stateFinding(severity, name, check.title, evidence);
    const [subject = '', ...rest] = evidence.split(': ');
    const detail = rest.length === 0 ? evidence : rest.join(': ');
    const hint = fix === undefined ? '' : `; ${fix.text}`;
    return stateFinding(severity, name, rest.length === 0 ? check.title : subject, `${detail}${hint}`);
  });
}
