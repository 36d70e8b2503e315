// The columns of the table: how a cell is written, and how wide it is. `summary` is the only one
// that the page makes itself, of whatever tells most about an event.

import type { Row, Value } from './api';
import { bytes } from './format';
import { shownValue } from './fields.svelte';
import { elide, inLine } from './visible';
import { level, type Level } from './words';

const SUMMARY = [
  'message',
  'status_code',
  'status_detail',
  'http_method',
  'url_path',
  'http_status',
  'resource_uid',
  'query_hostname',
  'protocol_num',
  'dst_ip',
  'dst_port',
  'bytes',
  'service',
] as const;

/** The columns to ask for so that these can be shown. */
export function wanted(columns: readonly string[]): string {
  const names = columns.flatMap((name) => (name === 'summary' ? SUMMARY : [name]));
  return [...new Set(['_batch', '_pos', 'time', 'severity_id', ...names])].join(',');
}

/** What tells most about an event, in one line. */
export function summary(row: Row): string {
  const text = (name: (typeof SUMMARY)[number]): string => shownValue(name, row[name]);
  const parts: string[] = [];
  if (row['message'] !== undefined) parts.push(text('message'));
  else {
    if (row['http_method'] !== undefined || row['url_path'] !== undefined) {
      parts.push([text('http_method'), text('url_path'), text('http_status')].join(' ').trim());
    }
    if (row['dst_ip'] !== undefined) {
      const port = row['dst_port'] === undefined ? '' : ` port ${text('dst_port')}`;
      const size = typeof row['bytes'] === 'number' ? `, ${bytes(row['bytes'])}` : '';
      parts.push(`${text('protocol_num')} to ${text('dst_ip')}${port}${size}`.trim());
    }
    if (row['status_code'] !== undefined) parts.push(text('status_code'));
    if (row['resource_uid'] !== undefined) parts.push(text('resource_uid'));
    else if (row['status_detail'] !== undefined) parts.push(text('status_detail'));
    if (row['query_hostname'] !== undefined) parts.push(text('query_hostname'));
  }
  if (parts.length === 0 && row['service'] !== undefined) parts.push(text('service'));
  return parts.join(' · ');
}

const CELL_CHARACTERS_MAX = 300;

/** The text of a cell; `dated` puts the day before the time of day, `words` words for numbers. */
export function cellText(row: Row, column: string, dated: boolean, words = true): string {
  if (column === 'summary') return inLine(summary(row).slice(0, CELL_CHARACTERS_MAX));
  const value = row[column];
  if (value === undefined || value === null) return '';
  if (!words && typeof value === 'number') return String(value);
  if (typeof value === 'string' && isTime(value)) {
    if (column === 'time')
      return dated ? `${dayOf(value)} ${value.slice(11, 23)}` : value.slice(11, 23);
    return value.slice(0, 23).replace('T', ' ');
  }
  const text = inLine(shownValue(column, value).slice(0, CELL_CHARACTERS_MAX));
  // The end of an address tells one host from the next.
  return words && column.endsWith('_ip') ? elide(text, width(column, dated) - 1) : text;
}

function isTime(value: string): boolean {
  return value.length >= 20 && value.length <= 30 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value);
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function dayOf(iso: string): string {
  return `${iso.slice(8, 10)} ${MONTHS[Number(iso.slice(5, 7)) - 1] ?? ''}`;
}

/** What colour means in a cell: the ink of a severity, or of an outcome. */
export function cellInk(column: string, value: Value | undefined): Level | 'ok' | undefined {
  if (column === 'severity_id') return level(value);
  if (column === 'status_id') return value === 1 ? 'ok' : value === 2 ? 'high' : undefined;
  if (column === 'action_id') return value === 1 ? 'ok' : value === 2 ? 'high' : undefined;
  if (column === 'parse_status') return value === 'ok' ? 'ok' : 'high';
  return undefined;
}

const WIDTHS: Readonly<Record<string, number>> = {
  severity_id: 10,
  source_type: 12,
  operation: 22,
  status_id: 9,
  action_id: 9,
  src_ip: 16,
  dst_ip: 16,
  src_port: 7,
  dst_port: 7,
  user_name: 18,
  account_uid: 14,
  is_mfa: 6,
  message: 60,
  summary: 60,
  raw: 80,
  resource_uid: 40,
  user_agent: 36,
};

/** The width of a column, in characters. */
export function width(column: string, dated: boolean): number {
  if (column === 'time') return dated ? 20 : 13;
  if (/_time$|^time_end$/.test(column)) return 24;
  return WIDTHS[column] ?? Math.max(14, column.length + 2);
}

/** The widths of all columns in characters: as given, or as wide as the first rows need. */
export function widths(
  columns: readonly string[],
  dated: boolean,
  measured: readonly Row[] | undefined,
): number[] {
  if (!measured) return columns.map((column) => width(column, dated));
  return columns.map((column) => {
    const texts = measured.map((row) => cellText(row, column, dated, false).length);
    return Math.min(Math.max(5, column.length + 1, ...texts.map((length) => length + 2)), 72);
  });
}

/** Widths as a grid has them; `fill` gives the last column the rest. */
export function template(all: readonly number[], fill: boolean): string {
  const last = all.length - 1;
  return all
    .map((characters, at) =>
      at === last && fill ? `minmax(${Math.min(characters, 24)}ch, 1fr)` : `${characters}ch`,
    )
    .join(' ');
}

/** The narrowest that the table can be, in characters. */
export function widthMin(all: readonly number[], fill: boolean): number {
  const last = all.at(-1) ?? 0;
  const sum = all.reduce((total, characters) => total + characters, 0);
  return fill ? sum - last + Math.min(last, 24) : sum;
}
