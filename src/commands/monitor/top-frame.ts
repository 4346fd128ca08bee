import type { ServerFacts } from '../../db/session.ts';
import type { TopLook } from '../../domain/monitor/top.ts';
import type { Column, Fact, ScreenFrame } from '../../output/report.ts';
import { sectionOf } from '../reports/present.ts';
import type { View } from './top-views.ts';
import { VIEWS } from './top-views.ts';

export interface TopState {
  readonly server: ServerFacts;
  readonly last: { readonly look: TopLook; readonly view: View } | undefined;
  readonly trouble: { readonly since: Date; readonly message: string; readonly attempts: number } | undefined;
  readonly view: View;
  readonly sort: string | undefined;
  readonly everyMs: number;
  readonly paused: boolean;
}

export function frameOf(state: TopState): ScreenFrame {
  const { last } = state;
  // Until the view that was asked for has been looked at, the one before stays.
  const shown = last?.view ?? state.view;
  const section = last === undefined ? undefined : sectionOf(last.look.section);
  const byName = new Map(section?.columns.map((column) => [column.name, column]));
  return {
    facts: factsOf(state),
    notes: notesOf(state, shown),
    columns: shown.columns.flatMap((name): Column[] => {
      const column = byName.get(name);
      return column === undefined ? [] : [{ name, ...(column.type === undefined ? {} : { type: column.type }) }];
    }),
    rows: section?.rows ?? [],
    empty: last === undefined ? 'looking …' : (last.look.section.file.empty ?? 'nothing to show'),
    keys: ['q quit', ...VIEWS.map(({ key, name }) => `${key} ${name}`), 's sort', 'space pause', '+/-'].join('  '),
  };
}

function factsOf({ server, last }: TopState): Fact[] {
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

function notesOf({ trouble, paused, everyMs, sort, last }: TopState, shown: View): string[] {
  const judgement = last?.look.section.judgement;
  const verdict =
    judgement === undefined || judgement.verdict === 'ok'
      ? []
      : [`${judgement.verdict}: ${judgement.reasons.join('; ')}`];
  const by = shown.name === 'statements' ? ` by ${sort}` : '';
  return [
    `${shown.name}${by}, ${paused ? 'paused' : `every ${everyMs / 1000} s`}`,
    ...verdict,
    ...(trouble === undefined
      ? []
      : [
          `server unreachable since ${trouble.since.toISOString().slice(11, 19)}Z, attempt ${trouble.attempts}: ${trouble.message}`,
        ]),
  ];
}
