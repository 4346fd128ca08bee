import type { Clock } from '../../context.ts';
import type { Session } from '../../db/session.ts';
import type { TextRow } from '../../db/text.ts';
import { tagged } from '../../db/tag.ts';
import { runText, simpleTexts } from '../../db/text.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Judgement } from './judge.ts';
import { judgeRow, worst } from './judge.ts';
import { maskStatement } from './mask.ts';
import type { Lack, Probed } from './probe.ts';
import { probe } from './probe.ts';
import { problemOf } from './problem.ts';
import { setSearchPath } from './queries.ts';
import type { Body, Param, ReportColumn, ReportFile } from './report-file.ts';
import { OWN_VERDICT } from './report-file.ts';
import { readOnlyMode } from './session-settings.ts';

export interface SectionRequest {
  /** By the names of the file's parameters; what is missing is sent as null. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly statementTimeoutMs: number;
  /** What a snapshot returned some time ago, for the parameter `baseline`. */
  readonly baseline?: string;
  /** What the servers of --replica said, for the parameter `replicas`, and which of them could not be counted on. */
  readonly replicas?: { readonly text: string; readonly lacks: readonly Lack[] };
  /** Shows the columns marked pii. */
  readonly reveal?: boolean;
}

export interface SectionResult {
  readonly file: ReportFile;
  /** False when it could not run: its judgement then says why. */
  readonly looked: boolean;
  /** Undefined when the section states facts and judges nothing. */
  readonly judgement: Judgement | undefined;
  /** The columns of the header without verdict, reason and fix. */
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly SectionRow[];
  /** What a right or setting that is missing keeps from view. */
  readonly losses: readonly Lack[];
  readonly durationMs: number;
}

export interface SectionRow {
  readonly values: TextRow;
  /** Undefined when the section judges nothing. */
  readonly judgement: Judgement | undefined;
}

/**
 * Runs one section in a read-only transaction of its own. It never waits for a lock, never fails because of another
 * section, and what it cannot look at is `unknown` with its reason: only a lost session or a fault of this program is thrown.
 */
export async function runSection(
  { session, clock }: { readonly session: Session; readonly clock: Pick<Clock, 'monotonicMs'> },
  file: ReportFile,
  request: SectionRequest,
): Promise<SectionResult> {
  const started = clock.monotonicMs();
  const answer = await answerOf(session, file, request, file.bodies);
  const durationMs = clock.monotonicMs() - started;
  const columns = file.columns.filter(({ name }) => !OWN_VERDICT.some((own) => own === name));
  if ('lack' in answer) {
    const { reason, fix } = answer.lack;
    const judgement = { verdict: 'unknown' as const, reasons: [reason], fixes: [fix] };
    return { file, looked: false, judgement, columns, rows: [], losses: [], durationMs };
  }
  const losses = [...answer.losses, ...(request.replicas?.lacks ?? [])];
  const rows = answer.rows.map((row) => presentableRow(file, row, request, losses));
  return {
    file,
    looked: true,
    judgement: judgementOf(rows, losses, judges(file)),
    columns,
    rows,
    losses,
    durationMs,
  };
}

/** The counters as they are now, for a later run with this baseline. Undefined when the file counts nothing, or cannot. */
export async function takeSnapshot(
  session: Session,
  file: ReportFile,
  request: SectionRequest,
): Promise<string | undefined> {
  if (file.snapshot === undefined) return undefined;
  const counters = await readCounters(session, file, file.snapshot, request);
  return typeof counters === 'string' ? counters : undefined;
}

/** What a body of one text says, or why it could not be asked. Throws only when the session is lost. */
export async function readCounters(
  session: Session,
  file: ReportFile,
  body: Body,
  request: SectionRequest,
): Promise<string | Lack> {
  const answer = await answerOf(session, file, request, [body]);
  if ('lack' in answer) return answer.lack;
  const value = Object.values(answer.rows[0] ?? {})[0];
  return typeof value === 'string' ? value : { reason: 'the server counts nothing', fix: 'please report it' };
}

function judges({ rules, columns }: ReportFile): boolean {
  return rules.length > 0 || columns.some(({ name }) => name === 'verdict');
}

/** Nothing wrong in what can be seen is not `ok` as long as something cannot be seen. */
function judgementOf(rows: readonly SectionRow[], losses: readonly Lack[], judged: boolean): Judgement | undefined {
  if (!judged) return undefined;
  return worst([...rows.flatMap(({ judgement }) => judgement ?? []), ...blindness(losses)]);
}

function blindness(losses: readonly Lack[]): Judgement[] {
  return losses.map(({ reason, fix }) => ({ verdict: 'unknown', reasons: [reason], fixes: [fix] }));
}

type Answer = { readonly lack: Lack } | { readonly rows: readonly TextRow[]; readonly losses: readonly Lack[] };

async function answerOf(
  session: Session,
  file: ReportFile,
  request: SectionRequest,
  bodies: readonly Body[],
): Promise<Answer> {
  return inTransaction(
    session,
    async () => {
      const probed = await probe(session, requirementsOf(file, bodies));
      const lack = firstLack(file, probed);
      if (lack !== undefined) return { lack };
      const body = bodies.find(({ when }) => when.every((condition) => probed.lackOf(condition) === undefined));
      if (body === undefined) return { lack: noBody(bodies, probed) };
      const path = probed.schemas.length > 0 ? setSearchPath(session, probed.schemas) : undefined;
      const [rows] = await Promise.all([send(session, file, body, request), path]);
      return 'lack' in rows ? rows : { rows, losses: lossesOf(file, probed) };
    },
    readOnlyMode(request.statementTimeoutMs),
  );
}

function requirementsOf(file: ReportFile, bodies: readonly Body[]) {
  return [...file.requires, ...file.wants.map(({ requirement }) => requirement), ...bodies.flatMap(({ when }) => when)];
}

function firstLack({ requires }: ReportFile, probed: Probed): Lack | undefined {
  for (const requirement of requires) {
    const lack = probed.lackOf(requirement);
    if (lack !== undefined) return lack;
  }
  return undefined;
}

function noBody(bodies: readonly Body[], probed: Probed): Lack {
  const lacks = bodies.flatMap(({ when }) => when.flatMap((condition) => probed.lackOf(condition) ?? []));
  return lacks[0] ?? { reason: 'the report has nothing to run on this server', fix: 'please report it' };
}

function lossesOf({ wants }: ReportFile, probed: Probed): Lack[] {
  return wants.flatMap(({ requirement, loss }) => {
    const lack = probed.lackOf(requirement);
    return lack === undefined ? [] : [{ reason: `${loss}: ${lack.reason}`, fix: lack.fix }];
  });
}

async function send(
  session: Session,
  file: ReportFile,
  body: Body,
  request: SectionRequest,
): Promise<readonly TextRow[] | { readonly lack: Lack }> {
  // The tag, which names the file, is the only comment: the file's header would fill the texts that a report prints.
  const text = tagged(body.sql, file.path.replace(/^sql\/|\.sql$/g, ''));
  const own: Readonly<Record<string, unknown>> = { baseline: request.baseline, replicas: request.replicas?.text };
  const values = sentParams(file, body).map(({ name }) => own[name] ?? request.values[name] ?? null);
  try {
    return await runText(session, text, values);
  } catch (error) {
    const lack = session.lost ? undefined : problemOf(error, file, body);
    if (lack === undefined) throw error;
    // An error has ended the transaction: nothing more is asked in it.
    await simpleTexts(session, ['rollback', 'begin read only']);
    return { lack };
  }
}

/** Those up to the last that the body refers to: what only the thresholds use comes after them, and is not sent. */
function sentParams({ params }: ReportFile, { sql }: Body): readonly Param[] {
  return params.slice(0, Math.max(0, ...Array.from(sql.matchAll(/\$(\d+)/g), ([, number]) => Number(number))));
}

function presentableRow(
  file: ReportFile,
  row: TextRow,
  { values, reveal = false }: SectionRequest,
  losses: readonly Lack[],
): SectionRow {
  const shown = file.columns.map(({ name, flags }) => [name, shownValue(row[name], flags, reveal)] as const);
  return {
    values: Object.fromEntries(shown),
    judgement: judges(file) ? explained(judgeRow(file.rules, row, values), losses) : undefined,
  };
}

/** A row that is unknown without a reason of its own is so for what the section cannot see. */
function explained(judgement: Judgement, losses: readonly Lack[]): Judgement {
  const unexplained = judgement.verdict === 'unknown' && judgement.reasons.length === 0;
  return unexplained && losses.length > 0 ? worst(blindness(losses)) : judgement;
}

function shownValue(value: unknown, flags: ReportColumn['flags'], reveal: boolean): unknown {
  if (value === null || value === undefined) return null;
  if (flags.includes('pii') && !reveal) return 'withheld';
  return flags.includes('sql') && typeof value === 'string' ? maskStatement(value) : value;
}
