// Times as people write them, and as the page shows them. Moments are microseconds since 1970, as
// the server has them; everything shown is UTC on a 24-hour clock unless it says otherwise.

export type Micros = number;

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Readonly<Record<string, number>> = {
  s: SECOND,
  m: MINUTE,
  h: HOUR,
  d: DAY,
  w: 7 * DAY,
};

/** `90s`, `15m`, `2h`, `7d`, `2w`. */
export function span(text: string): Micros | undefined {
  const match = /^(\d{1,9})([smhdw])$/.exec(text.trim());
  const unit = match?.[2] ? UNITS[match[2]] : undefined;
  return match && unit ? Number(match[1]) * unit : undefined;
}

export class TimeError extends Error {}

const FORMS = 'write `2h` (that long ago), `now-7d`, `today`, `2026-11-24` or `2026-11-24 10:00`';

/** The moment at which a time begins; the forms are those of the search syntax. */
export function instant(text: string, now: Micros): Micros {
  const word = text.trim();
  if (word === 'now') return now;
  const today = Math.floor(now / DAY) * DAY;
  if (word === 'today') return today;
  if (word === 'yesterday') return today - DAY;
  const ago = span(word);
  if (ago !== undefined) return now - ago;
  const relative = /^now\s*([+-])\s*(\w+)$/.exec(word);
  if (relative) {
    const distance = span(relative[2] ?? '');
    if (distance !== undefined) return relative[1] === '-' ? now - distance : now + distance;
  }
  if (/^\d{9,19}$/.test(word)) return sinceEpoch(word);
  return calendar(word);
}

function sinceEpoch(digits: string): Micros {
  const number = Number(digits);
  if (digits.length <= 11) return number * SECOND;
  if (digits.length <= 14) return number * 1_000;
  return digits.length <= 17 ? number : Math.floor(number / 1_000);
}

const CALENDAR =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt _](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?$/;

function calendar(text: string): Micros {
  const match = CALENDAR.exec(text);
  if (!match) throw new TimeError(`\`${text}\` is no time; ${FORMS}`);
  const part = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4), part(5), part(6)];
  const midnight = Date.UTC(year, month - 1, day);
  if (new Date(midnight).getUTCDate() !== day || new Date(midnight).getUTCMonth() !== month - 1) {
    throw new TimeError(`\`${text}\` is no time: there is no such day`);
  }
  if (hour > 23 || minute > 59 || second > 60) {
    throw new TimeError(`\`${text}\` is no time: there is no such time of day`);
  }
  const micros = Number((match[7] ?? '').padEnd(6, '0').slice(0, 6));
  const seconds = hour * 3_600 + minute * 60 + second - zoneSeconds(match[8]);
  return midnight * 1_000 + seconds * SECOND + micros;
}

function zoneSeconds(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '');
  if (!match) return 0;
  const seconds = Number(match[2]) * 3_600 + Number(match[3]) * 60;
  return match[1] === '-' ? -seconds : seconds;
}

/** The moment that the server wrote as RFC 3339, to the microsecond. */
export function fromIso(text: string): Micros {
  const fraction = /\.(\d{1,6})\d*Z$/.exec(text)?.[1] ?? '';
  return Date.parse(`${text.slice(0, 19)}Z`) * 1_000 + Number(fraction.padEnd(6, '0'));
}

/** RFC 3339 in UTC with microseconds: the way into the interface, exact. */
export function toIso(micros: Micros): string {
  const whole = Math.floor(micros / SECOND) * SECOND;
  const seconds = new Date(whole / 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(micros - whole).padStart(6, '0')}Z`;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `23 Nov`, with the year where it is not the one of `now`. */
export function day(micros: Micros, now?: Micros): string {
  const date = new Date(micros / 1_000);
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  const year = date.getUTCFullYear();
  return now !== undefined && new Date(now / 1_000).getUTCFullYear() === year
    ? text
    : `${text} ${year}`;
}

/** `05:59`, or `05:59:50` where seconds count. */
export function clock(micros: Micros, withSeconds = false): string {
  return new Date(micros / 1_000).toISOString().slice(11, withSeconds ? 19 : 16);
}

/** `23 Nov 05:59:50`. */
export function moment(micros: Micros, now?: Micros): string {
  return `${day(micros, now)} ${clock(micros, true)}`;
}

/** The same moment on this computer's clock, with its zone: for a tooltip. */
export function local(micros: Micros): string {
  const date = new Date(micros / 1_000);
  const text = date.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return `${text.replace('GMT', 'UTC')} on this computer`;
}

/** `3 s`, `12 min`, `5 h`, `3 days`: how long, in the largest unit that says enough. */
export function duration(micros: Micros): string {
  const size = Math.abs(micros);
  if (size < 1_000) return `${Math.round(size)} µs`;
  if (size < SECOND) return `${Math.round(size / 1_000)} ms`;
  if (size < 10 * SECOND) return `${(size / SECOND).toFixed(1).replace('.0', '')} s`;
  if (size < 2 * MINUTE) return `${Math.round(size / SECOND)} s`;
  if (size < 2 * HOUR) return `${Math.round(size / MINUTE)} min`;
  if (size < 2 * DAY) return `${Math.round(size / HOUR)} h`;
  return `${Math.round(size / DAY)} days`;
}
