import { emptyWords } from '../reports/present.ts';
import { questionOf } from '../../cli/confirm.ts';
import type { ServerFacts } from '../../db/session.ts';
import type { TopLook } from '../../domain/monitor/top.ts';
import type { Column, Fact, Row, ScreenFrame, Section } from '../../output/report.ts';
import { actionOf } from './signal-words.ts';
import { HELP, KEYS } from './top-help.ts';
import { selectedIndex } from './top-rows.ts';
import type { TopState } from './top-state.ts';
import { sortOf } from './top-state.ts';
import type { View } from './top-views.ts';

export interface Seen {
  readonly server: ServerFacts;
  /** Of the configuration: what its name is typed for anyway. */
  readonly environment: { readonly name: string | undefined; readonly protected: boolean };
  readonly last: { readonly look: TopLook; readonly view: View; readonly section: Section } | undefined;
  readonly trouble: { readonly since: Date; readonly message: string; readonly attempts: number } | undefined;
  /** The rows of the last look, filtered and sorted. */
  readonly rows: readonly Row[];
}

export function frameOf(seen: Seen, state: TopState): ScreenFrame {
  const { last, rows } = seen;
  // Until the view that was asked for has been looked at, the one before stays.
  const view = last?.view ?? state.view;
  return {
    facts: factsOf(seen),
    notes: notesOf(seen, state, view),
    columns: view.columns.flatMap((name): Column[] => columnOf(last?.section, name)),
    rows,
    selected: selectedIndex(rows, view, state.selection),
    empty: emptyText(seen, state),
    instead: insteadOf(seen, state),
    input: inputOf(state),
    keys: KEYS[state.mode.kind],
  };
}

function columnOf(section: Section | undefined, name: string): Column[] {
  const column = section?.columns.find((own) => own.name === name);
  return column === undefined ? [] : [{ name, ...(column.type === undefined ? {} : { type: column.type }) }];
}

function emptyText({ last }: Seen, { filter }: TopState): string {
  if (last === undefined) return 'looking …';
  if (last.section.rows.length > 0) return `nothing here contains "${filter}"`;
  return emptyWords(last.look.section) ?? 'nothing to show';
}

function insteadOf({ server, environment, last }: Seen, { mode }: TopState): ScreenFrame['instead'] {
  switch (mode.kind) {
    case 'help':
      return { text: HELP, offset: mode.offset };
    case 'row':
      return { columns: last?.section.columns ?? [], row: mode.row, offset: mode.offset };
    case 'planning':
      return { text: [`looking at process ${mode.pid} …`], offset: 0 };
    case 'confirm': {
      const guarded = environment.protected ? [`Environment "${environment.name}" is protected.`, ''] : [];
      return { text: [...guarded, questionOf(server, actionOf(mode.plan))], offset: 0 };
    }
    case 'sending':
      return { text: [`sent to process ${mode.plan.target.pid}; watching for its end …`], offset: 0 };
    default:
      return undefined;
  }
}

function inputOf({ mode, filter }: TopState): ScreenFrame['input'] {
  if (mode.kind === 'filter') return { label: '/', text: filter };
  return mode.kind === 'confirm' ? { label: 'database name:', text: mode.typed } : undefined;
}

function factsOf({ server, last }: Seen): Fact[] {
  const place: Fact[] = [
    { name: 'ordersync', value: `${server.database} at ${server.address}` },
    { name: server.inRecovery ? 'standby' : 'primary', value: server.version },
  ];
  if (last === undefined) return place;
  const { header, rates, at } = last.look;
  return [
    ...place,
    { name: 'at', value: at, type: 'time' },
    { name: 'up', value: header.uptime_ms, type: 'ms' },
    { name: 'connections', value: `${header.connections}/${header.allowed}` },
    { name: 'oldest transaction', value: header.oldest_transaction_ms, type: 'ms' },
    ...(rates === undefined
      ? []
      : ([
          { name: 'transactions/s', value: Math.round(rates.transactions * 10) / 10, type: 'number' },
          { name: 'WAL/s', value: Math.round(rates.walBytes), type: 'bytes' },
          { name: 'hits', value: rates.hitRatio, type: 'ratio' },
        ] satisfies Fact[])),
  ];
}

function notesOf({ trouble, last, rows }: Seen, state: TopState, view: View): string[] {
  const { paused, everyMs, filter, message } = state;
  const judgement = last?.look.section.judgement;
  const verdict =
    judgement === undefined || judgement.verdict === 'ok'
      ? []
      : [`${judgement.verdict}: ${judgement.reasons.join('; ')}`];
  const [usual] = view.sorts;
  const sort = sortOf(state, view);
  const by = sort !== undefined && (sort !== usual || view.name === 'statements') ? ` by ${sort.name}` : '';
  const of = filter === '' ? '' : `, ${rows.length} of ${last?.section.rows.length ?? 0} with "${filter}"`;
  return [
    `${view.name}${by}, ${paused ? 'paused' : `every ${everyMs / 1000} s`}${of}`,
    ...verdict,
    ...(message === undefined ? [] : [message]),
    ...(trouble === undefined
      ? []
      : [
          `server unreachable since ${trouble.since.toISOString().slice(11, 19)}Z, attempt ${trouble.attempts}: ${trouble.message}`,
        ]),
  ];
}
