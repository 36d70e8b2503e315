// What each source delivers, asked in SQL until the interface has an endpoint for it.

import { sqlRows, type Row } from './api';
import { DAY, fromIso, HOUR, MINUTE, toIso, type Micros } from './time';

export interface Source {
  /** Who delivers; empty where nobody said. */
  readonly name: string;
  readonly formats: readonly string[];
  /** In the days that were asked for, as are all of these. */
  readonly events: number;
  readonly eventsDay: number;
  readonly eventsHour: number;
  readonly firstReceived: Micros;
  readonly lastReceived: Micros;
  readonly lastTime: Micros | undefined;
  /** How long it usually is between deliveries. */
  readonly gap: Micros;
  readonly failed: number;
  readonly partial: number;
  readonly conflicts: number;
  readonly future: number;
  /** From when it happened to when it was received: the middle of the last ten minutes. */
  readonly lag: Micros | undefined;
}

export const DAYS = 7;
const SLOT = 5 * MINUTE;

export const stamp = (micros: Micros): string => `TIMESTAMP '${toIso(micros)}'`;
export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The condition that finds the events of a source. */
export function isSource(name: string): string {
  return name === '' ? 'source IS NULL' : `source = ${sqlText(name)}`;
}

export async function loadSources(now: Micros, signal?: AbortSignal): Promise<Source[]> {
  const hour = stamp(now - HOUR);
  const lag = 'CAST(ingest_time AS BIGINT) - CAST(time AS BIGINT)';
  const rows = await sqlRows(
    `SELECT source, source_type, count(*) AS events,
       count(*) FILTER (WHERE ingest_time >= ${stamp(now - DAY)}) AS events_day,
       count(*) FILTER (WHERE ingest_time >= ${hour}) AS events_hour,
       min(ingest_time) AS first_received, max(ingest_time) AS last_received,
       max(time) AS last_time,
       count(DISTINCT date_bin(INTERVAL '5 minutes', ingest_time)) AS slots,
       count(*) FILTER (WHERE parse_status = 'failed') AS failed,
       count(*) FILTER (WHERE parse_status = 'partial') AS part,
       count(*) FILTER (WHERE id_conflict) AS conflicts,
       count(*) FILTER (WHERE time_quality = 'future') AS future,
       approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN ingest_time >= ${stamp(now - 10 * MINUTE)}
         THEN ${lag} END) AS lag
     FROM events WHERE ingest_time >= ${stamp(now - DAYS * DAY)}
     GROUP BY source, source_type`,
    signal,
  );
  const groups = Map.groupBy(rows, (row) => String(row['source'] ?? ''));
  return [...groups]
    .map(([name, of]) => joined(name, of))
    .sort((a, b) => b.eventsDay - a.eventsDay || a.name.localeCompare(b.name));
}

function joined(name: string, rows: readonly Row[]): Source {
  const number = (row: Row, of: string): number => Number(row[of] ?? 0);
  const sum = (of: string): number => rows.reduce((all, row) => all + number(row, of), 0);
  const times = (of: string): Micros[] =>
    rows.flatMap((row) => (typeof row[of] === 'string' ? [fromIso(row[of])] : []));
  const firstReceived = Math.min(...times('first_received'));
  const lastReceived = Math.max(...times('last_received'));
  const lastTimes = times('last_time');
  const slots = Math.max(...rows.map((row) => number(row, 'slots')));
  const [largest] = [...rows].sort((a, b) => number(b, 'events_hour') - number(a, 'events_hour'));
  const lag = largest?.['lag'];
  return {
    name,
    formats: rows.map((row) => String(row['source_type'] ?? 'unknown')).sort(),
    events: sum('events'),
    eventsDay: sum('events_day'),
    eventsHour: sum('events_hour'),
    firstReceived,
    lastReceived,
    lastTime: lastTimes.length > 0 ? Math.max(...lastTimes) : undefined,
    gap: Math.max(SLOT, slots > 1 ? (lastReceived - firstReceived) / (slots - 1) : SLOT),
    failed: sum('failed'),
    partial: sum('part'),
    conflicts: sum('conflicts'),
    future: sum('future'),
    lag: typeof lag === 'number' ? lag : undefined,
  };
}

const SLOTS_MIN = 3;
const GAPS = 3;

/** Whether a source that delivered regularly has stopped; a file that was imported has not. */
export function isSilent(source: Source, now: Micros): boolean {
  const slots = (source.lastReceived - source.firstReceived) / source.gap;
  return slots >= SLOTS_MIN && now - source.lastReceived > Math.max(GAPS * source.gap, 15 * MINUTE);
}

export interface Volume {
  readonly from: Micros;
  readonly step: Micros;
  readonly bySource: ReadonlyMap<string, readonly number[]>;
}

const POINTS = 48;

/** Events of the last day by when they happened, half an hour each. */
export async function loadVolume(now: Micros, signal?: AbortSignal): Promise<Volume> {
  const step = DAY / POINTS;
  const from = (Math.floor(now / step) - POINTS + 1) * step;
  const rows = await sqlRows(
    `SELECT source, date_bin(INTERVAL '30 minutes', time) AS bar, count(*) AS events
     FROM events WHERE time >= ${stamp(from)} AND time < ${stamp(from + DAY)}
     GROUP BY source, bar`,
    signal,
  );
  const bySource = new Map<string, number[]>();
  for (const row of rows) {
    const name = String(row['source'] ?? '');
    const line = bySource.get(name) ?? Array.from({ length: POINTS }, () => 0);
    bySource.set(name, line);
    const at = (fromIso(String(row['bar'])) - from) / step;
    if (at >= 0 && at < POINTS) line[at] = Number(row['events'] ?? 0);
  }
  return { from, step, bySource };
}
