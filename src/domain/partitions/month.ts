import { OrdersyncError } from '../../errors.ts';

/** A month in UTC, "2026-03". Sorts as text. */
export type Month = string & { readonly kind: 'month' };

/** @throws OrdersyncError `usage` for anything but YYYY-MM between 1970-02 and 9999-12 */
export function parseMonth(text: string): Month {
  const [, year, month] = /^(\d{4})-(\d\d)$/.exec(text) ?? [];
  if (year === undefined || Number(month) < 1 || Number(month) > 12 || text < '1970-02') {
    throw new OrdersyncError('usage', `"${text}" is not a month; write it as YYYY-MM, such as 2026-03`);
  }
  return text as Month; // just checked
}

/** The UTC month that an instant (milliseconds since 1970) lies in. */
export function monthOf(at: number): Month {
  return new Date(at).toISOString().slice(0, 7) as Month; // an ISO date begins with year and month
}

/** Its first instant, in milliseconds since 1970. */
export function startOf(month: Month): number {
  return Date.parse(`${month}-01T00:00:00Z`);
}

/** The first instant after it. */
export function endOf(month: Month): number {
  return startOf(monthsLater(month, 1));
}

export function monthsLater(month: Month, count: number): Month {
  const start = new Date(startOf(month));
  return monthOf(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + count, 1));
}

/** Every month from the first to the last, both among them; none when the last lies before the first. */
export function monthsFrom(first: Month, last: Month): Month[] {
  const months: Month[] = [];
  for (let month = first; month <= last; month = monthsLater(month, 1)) months.push(month);
  return months;
}

/** The first day, as SQL takes it: "2026-03-01". */
export function firstDayOf(month: Month): string {
  return `${month}-01`;
}

/** The month that exactly fills a range; undefined when none does. */
export function monthOfRange(start: number, end: number): Month | undefined {
  if (!Number.isFinite(start) || !Number.isFinite(end)) return undefined;
  const month = monthOf(start);
  return startOf(month) === start && endOf(month) === end ? month : undefined;
}

/** The one scheme of names: audit_logs_y2026m03. */
export function partitionName(table: string, month: Month): string {
  return `${table}_y${month.slice(0, 4)}m${month.slice(5)}`;
}
