import { counted } from '../../counted.ts';
import { lonePlacesOf, placesOf } from '../../domain/keys/blind-index/places.ts';
import type { BadHash, RenewTotals } from '../../domain/keys/blind-index/renew.ts';
import type { IndexState } from '../../domain/keys/blind-index/state.ts';
import type { Report, Row } from '../../output/report.ts';

interface StepOutcome {
  readonly notes: readonly string[];
  readonly totals?: RenewTotals;
  readonly outcome?: Report['outcome'];
}

/** One row for each column of the purpose, and one for each hash that could not be renewed. */
export function indexReport(state: IndexState, { notes, totals, outcome }: StepOutcome): Report {
  return {
    command: 'key rotate-index',
    columns: [
      { name: 'table' },
      { name: 'column' },
      { name: 'state', type: 'state' },
      { name: 'rows_seen', type: 'integer' },
      { name: 'rows_renewed', type: 'integer' },
      { name: 'id' },
    ],
    rows: [...placeRows(state), ...loneRows(state), ...(totals?.bad ?? []).map(badRow)],
    ...(outcome === undefined ? {} : { outcome }),
    notes: [keysNote(state), ...(totals === undefined ? [] : [totalsNote(totals)]), ...notes, nextNote(state)],
    warnings:
      totals !== undefined && totals.badCount > 0
        ? [`${totals.badCount} hashes could not be renewed; see key verify, correct them, and repeat the step`]
        : [],
  };
}

function placeRows({ purpose, older, progress }: IndexState): Row[] {
  return placesOf(purpose).map(({ table, index }) => {
    const made = progress.find((row) => row.table === table.name);
    const working = made?.done === true ? 'renewed' : made === undefined ? 'to renew' : 'under way';
    return {
      table: table.name,
      column: index.column,
      state: older === undefined ? 'current' : working,
      rows_seen: made?.rowsSeen ?? null,
      rows_renewed: made?.rowsRenewed ?? null,
      id: null,
    };
  });
}

function loneRows({ purpose }: IndexState): Row[] {
  return lonePlacesOf(purpose).map(({ table, column }) => ({
    table,
    column,
    state: purpose === 'rate_limit' ? 'begins anew' : 'ages out',
    rows_seen: null,
    rows_renewed: null,
    id: null,
  }));
}

function badRow({ table, column, id, fault }: BadHash): Row {
  return { table, column, state: fault, rows_seen: null, rows_renewed: null, id };
}

function keysNote({ purpose, active, older, retired }: IndexState): string {
  const name = (version: number): string => `${purpose}-v${version}`;
  const left = older === undefined ? '' : `, ${name(older.version)} is looked up too`;
  const gone = retired === undefined ? '' : `, ${name(retired.version)} is retired`;
  return `${name(active.version)} is active${left}${gone}`;
}

function totalsNote({ seen, renewed, translated, missed }: RenewTotals): string {
  const lone = translated === 0 ? '' : `, ${translated} in columns without a value`;
  return `${counted(seen, 'row')} looked at, ${renewed} hash${renewed === 1 ? '' : 'es'} renewed${lone}, ${missed} left because others changed them`;
}

function nextNote({ purpose, older, progress, claimed, claimsIndex }: IndexState): string {
  const command = `next: ordersync key rotate-index ${purpose}`;
  if (older === undefined) {
    return claimed || claimsIndex !== 'none' ? `${command} clear` : 'no rotation is under way';
  }
  const done = placesOf(purpose).every(({ table }) => progress.some((row) => row.table === table.name && row.done));
  return `${command} ${done ? 'finish' : 'backfill'}`;
}
