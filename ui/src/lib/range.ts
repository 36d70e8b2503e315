// The time range of a question: as it is written in the address, and as moments.

import { clock, DAY, day, HOUR, instant, MINUTE, SECOND, toIso, type Micros } from './time';

/** As it is written; `2h` stays relative. Without `since` it reaches back to the beginning. */
export interface Range {
  readonly since: string;
  readonly until: string;
}

/** The same as moments; `from` is undefined where there is no beginning. */
export interface Span {
  readonly from: Micros | undefined;
  readonly to: Micros;
}

export const QUICK: readonly (readonly [since: string, label: string])[] = [
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['6h', 'Last 6 hours'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['today', 'Today, UTC'],
  ['', 'All time'],
];

/** Throws a `TimeError` where a side is no time, or where nothing lies between them. */
export function resolve(range: Range, now: Micros): Span {
  const from = range.since === '' ? undefined : instant(range.since, now);
  const to = range.until === '' ? now : instant(range.until, now);
  return { from, to };
}

/** What the button says: `Last 6 hours`, or `23 Nov 00:00 – 06:00 UTC`. */
export function label(range: Range, now: Micros): string {
  const quick = QUICK.find(([since]) => since === range.since && range.until === '');
  if (quick) return quick[1];
  try {
    const { from, to } = resolve(range, now);
    const seconds = (from ?? 0) % MINUTE !== 0 || to % MINUTE !== 0;
    const end = range.until === '' ? 'now' : clock(to, seconds);
    if (from === undefined) return `until ${day(to, now)} ${end} UTC`;
    const start = `${day(from, now)} ${clock(from, seconds)}`;
    const sameDay = Math.floor(from / DAY) === Math.floor((to - 1) / DAY);
    const finish = sameDay || range.until === '' ? end : `${day(to, now)} ${end}`;
    return `${start} – ${finish} UTC`;
  } catch {
    return `${range.since} – ${range.until || 'now'}`;
  }
}

/** A range between two moments, as it stands in an address. */
export function between(from: Micros, to: Micros): Range {
  return { since: short(from), until: short(to) };
}

function short(micros: Micros): string {
  const exact = toIso(micros);
  if (micros % SECOND !== 0) return exact;
  return micros % MINUTE === 0 ? `${exact.slice(0, 16)}Z` : `${exact.slice(0, 19)}Z`;
}

const STEPS: readonly Micros[] = [
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  7 * DAY,
  28 * DAY,
  364 * DAY,
];

/** The width of a bar so that there are at most `bars`. */
export function stepFor(width: Micros, bars: number): Micros {
  return STEPS.find((step) => width / step <= bars) ?? 364 * DAY;
}

/** A width as the interface takes it. */
export function stepText(step: Micros): string {
  if (step % DAY === 0) return `${step / DAY}d`;
  if (step % HOUR === 0) return `${step / HOUR}h`;
  return step % MINUTE === 0 ? `${step / MINUTE}m` : `${step / SECOND}s`;
}

/** Twice the width around the same middle, never beyond now. */
export function zoomOut(span: Span, now: Micros): Range {
  const from = span.from ?? 0;
  const width = Math.max(span.to - from, SECOND);
  const whole = (micros: Micros): Micros => Math.floor(micros / SECOND) * SECOND;
  const to = Math.min(whole(span.to + width / 2), whole(now));
  return between(whole(to - 2 * width), to);
}

/** The range moved by half of its width. */
export function shift(span: Span, direction: -1 | 1): Range {
  const from = span.from ?? 0;
  const half = Math.max(Math.round((span.to - from) / 2 / SECOND), 1) * SECOND * direction;
  return between(from + half, span.to + half);
}
