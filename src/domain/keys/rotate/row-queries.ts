import { quoteIdentifier, quoteQualified } from '../../../db/identifiers.ts';
import type { EncryptedPair } from '../../encryption/registry.ts';
import { NO_ADDRESS } from '../../encryption/registry.ts';
import type { RotationTable } from './types.ts';

/** The statements that work on the rows of one relation: a plain table, or one partition addressed directly. */
export interface RowStatements {
  /** Packs the pending values of some row places into one answer row. $1 target key id, $2 places joined by ';'. */
  readonly read: string;
  /**
   * Cuts a range into parts of at most $4 bytes of pending values: the first place of each. $1 target key id, $2 and $3
   * first place and the place after the last.
   */
  readonly measure: string;
  /** Rows from the place $1 up to $2, exclusive, and the highest item number of one. */
  readonly layout: string;
  /** Pending rows by id. $1 target key id, $2 ids, $3 run, $4 registered table, $5 since when quarantine counts. */
  readonly readRows: string;
  /**
   * Ids of pending rows in a range of places, in order, and their bytes. $1 key id, $2 and $3 places, $4 run, $5 table,
   * $6 since, $7 the id before the first, $8 limit. Ordered as text, so that no index of the ids is walked for it.
   */
  readonly scan: string;
  /** Writes a stripe. $1 ids, $2 row versions, $3 key id, then the texts of each pair, last the places if there are any. */
  readonly write: string;
  /** The same for those rows that nobody holds locked. */
  readonly writeUnlocked: string;
}

/**
 * A value that is still to be renewed: it is there, is not the address that stands for none, and its key column does not
 * name the target.
 * @param target how the statement spells the target's key id, `$1::text`
 */
export function pendingCondition({ value, key, mayBeNone }: EncryptedPair, target: string): string {
  const [text, keyId] = [quoteIdentifier(value), quoteIdentifier(key)];
  const none = mayBeNone ? ` and not (${text} = '${NO_ADDRESS}' and ${keyId} = '${NO_ADDRESS}')` : '';
  return `(${text} is not null and (${keyId} = ${target}) is not true${none})`;
}

/**
 * Whether a row needs its place to be told from another: `id` alone is not unique in a table partitioned by time, and two
 * rows of one id and one transaction would get each other's values.
 */
export function needsPlace({ table }: RotationTable): boolean {
  return table.primaryKey.length > 1;
}

/** The statements for a relation of the table. Their text depends on nothing else, so they are prepared once. */
export function rowStatements(table: RotationTable, relation: string): RowStatements {
  const from = `only ${quoteQualified({ schema: 'public', name: relation })} as target`;
  return {
    read: readStripe(table, from),
    measure: `
      select min(place)::text as first
        from (select place, (sum(bytes) over (order by place) - bytes) / $4::bigint as part
                from (select target.ctid as place, ${pendingBytes(table)} as bytes
                        from ${from}
                       where ctid >= $2::tid and ctid < $3::tid and ${anyPending(table)}) sized) parts
       group by part
       order by 1`,
    layout: `
      select count(*)::integer as rows, coalesce(max((target.ctid::text::point)[1]), 0)::integer as items
        from ${from}
       where ctid >= $1::tid and ctid < $2::tid`,
    readRows: readRows(table, from),
    scan: `
      select id::text as id, ${pendingBytes(table)}::double precision as bytes
        from ${from}
       where ctid >= $2::tid and ctid < $3::tid
         and ${anyWorkable(table, { run: '$4', name: '$5', since: '$6' })}
         and ($7::uuid is null or id > $7::uuid)
       order by target.id::text collate "C"
       limit $8`,
    write: `
      with renewed as (
        update ${from}
           set ${assignments(table)}
          from ${source(table)}
         where ${sameRow(table)} and (${eachText(table, (text) => `${text} is not null`, ' or ')})
        returning ${eachText(table, (text) => `(${text} is not null)::integer`, ' + ')} as renewed_values
      )
      ${COUNTS}`,
    writeUnlocked: `
      with source as materialized (select * from ${source(table)}),
      unlocked as materialized (
        select target.ctid as place
          from ${from}
          join source on ${sameRow(table)}
           for no key update of target skip locked
      ),
      renewed as (
        update ${from}
           set ${assignments(table)}
          from source
         where ${sameRow(table)} and (${eachText(table, (text) => `${text} is not null`, ' or ')})
           and target.ctid in (select place from unlocked)
        returning ${eachText(table, (text) => `(${text} is not null)::integer`, ' + ')} as renewed_values
      )
      ${COUNTS}`,
  };
}

const COUNTS = `select count(*)::integer as rows, coalesce(sum(renewed_values), 0)::integer as "values" from renewed`;

/**
 * Every aggregate sees the rows in the same order, that of their places. The rows are addressed one by one, so that no more
 * is read than one statement writes: what waits to be written takes no memory, and no snapshot is held for long, which
 * would keep pages from being pruned.
 *
 * An empty text is a value that cannot be decrypted, but an empty field means "leave alone": it is sent as a comma, which
 * makes the number of fields wrong, and the rows are taken one by one.
 */
function readStripe(table: RotationTable, from: string): string {
  const texts = table.pairs.map(
    ({ value, ...pair }, index) =>
      `string_agg(case when ${pendingCondition({ value, ...pair }, '$1::text')}
                       then case ${quoteIdentifier(value)} when '' then ',' else ${quoteIdentifier(value)} end
                       else '' end, ',') as t${index}`,
  );
  const boundTo =
    table.table.idColumn === 'id' ? [] : [`string_agg(${quoteIdentifier(table.table.idColumn)}, ',') as row_ids`];
  const places = needsPlace(table) ? [`string_agg(target.ctid::text, ';') as places`] : [];
  const aggregates = [
    'count(*)::integer as rows',
    `string_agg(id::text, ',') as ids`,
    `string_agg(target.xmin::text, ',') as versions`,
    ...boundTo,
    ...places,
    ...texts,
  ];
  return `
      select ${aggregates.join(',\n             ')}
        from ${from}
       where ctid = any (string_to_array($2, ';')::tid[]) and ${anyPending(table)}`;
}

function readRows(table: RotationTable, from: string): string {
  const quarantine = { run: '$3', name: '$4', since: '$5' };
  const texts = table.pairs.map(
    (pair, index) => `case when ${workable(pair, quarantine)} then ${quoteIdentifier(pair.value)} end as t${index}`,
  );
  return `
      select id::text as id,
             target.xmin::text as version,
             target.ctid::text as place,
             ${quoteIdentifier(table.table.idColumn)}::text as row_id,
             ${texts.join(',\n             ')}
        from ${from}
       where id = any (string_to_array($2, ',')::uuid[]) and ${anyWorkable(table, quarantine)}
       order by target.id`;
}

interface Quarantine {
  readonly run: string;
  readonly name: string;
  readonly since: string;
}

/** Pending, and not found undecryptable since the sweep began. */
function workable(pair: EncryptedPair, { run, name, since }: Quarantine): string {
  return `(${pendingCondition(pair, '$1::text')} and not exists (
               select from public.key_rotation_bad_rows bad
                where bad.run_id = ${run}::uuid and bad.table_name = ${name} and bad.row_id = target.id
                  and bad.column_name = '${pair.value}' and bad.found_at >= ${since}::timestamptz))`;
}

function anyWorkable({ pairs }: RotationTable, quarantine: Quarantine): string {
  return `(${pairs.map((pair) => workable(pair, quarantine)).join(' or ')})`;
}

function anyPending({ pairs }: RotationTable): string {
  return `(${pairs.map((pair) => pendingCondition(pair, '$1::text')).join(' or ')})`;
}

/** octet_length of a value that is stored out of line does not fetch it. */
function pendingBytes({ pairs }: RotationTable): string {
  const bytes = pairs.map(
    (pair) =>
      `case when ${pendingCondition(pair, '$1::text')} then octet_length(${quoteIdentifier(pair.value)}) else 0 end`,
  );
  return `(${bytes.join(' + ')})`;
}

/** Text parameters: the server takes them apart for less than any array costs the driver to build. */
function source(table: RotationTable): string {
  const texts = table.pairs.map((_, index) => `string_to_array($${index + 4}, ',', '')`);
  const places = needsPlace(table) ? [`string_to_array($${table.pairs.length + 4}, ';')::tid[]`] : [];
  const columns = ['id', 'version', ...table.pairs.map((_, index) => `t${index}`), ...places.map(() => 'place')];
  return `unnest(string_to_array($1, ',')::uuid[], string_to_array($2, ',')::xid[], ${[...texts, ...places].join(', ')})
               as source (${columns.join(', ')})`;
}

/** xmin is the compare-and-set: any change since the read made another version. The join is by id: by place nothing prunes. */
function sameRow(table: RotationTable): string {
  const place = needsPlace(table) ? ' and target.ctid = source.place' : '';
  return `target.id = source.id and target.xmin = source.version${place}`;
}

function assignments({ pairs }: RotationTable): string {
  return pairs
    .flatMap(({ value, key }, index) => {
      const [text, keyId] = [quoteIdentifier(value), quoteIdentifier(key)];
      return [
        `${text} = coalesce(source.t${index}, target.${text})`,
        `${keyId} = case when source.t${index} is null then target.${keyId} else $3::text end`,
      ];
    })
    .join(',\n               ');
}

function eachText({ pairs }: RotationTable, convert: (text: string) => string, separator: string): string {
  return pairs.map((_, index) => convert(`source.t${index}`)).join(separator);
}
