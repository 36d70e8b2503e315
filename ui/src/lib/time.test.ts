import { describe, expect, test } from 'vitest';
import { between, label, resolve, shift, stepFor, stepText, zoomOut } from './range';
import { DAY, duration, fromIso, HOUR, instant, MINUTE, SECOND, TimeError, toIso } from './time';

const NOW = fromIso('2026-11-24T12:34:56.789012Z');

describe('times as they are written', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['now', '2026-11-24T12:34:56.789012Z'],
    ['2h', '2026-11-24T10:34:56.789012Z'],
    ['now-7d', '2026-11-17T12:34:56.789012Z'],
    ['now+5m', '2026-11-24T12:39:56.789012Z'],
    ['today', '2026-11-24T00:00:00.000000Z'],
    ['yesterday', '2026-11-23T00:00:00.000000Z'],
    ['2026-11-24', '2026-11-24T00:00:00.000000Z'],
    ['2026-11-24 10:00', '2026-11-24T10:00:00.000000Z'],
    ['2026-11-24T10:00', '2026-11-24T10:00:00.000000Z'],
    ['2026-11-24T10:00:00+01:00', '2026-11-24T09:00:00.000000Z'],
    ['2026-11-24T10:00:00.250Z', '2026-11-24T10:00:00.250000Z'],
    ['1795514400', '2026-11-24T10:00:00.000000Z'],
    ['1795514400000', '2026-11-24T10:00:00.000000Z'],
    ['1795514400000001', '2026-11-24T10:00:00.000001Z'],
  ];
  test.each(cases)('%s', (text, iso) => expect(toIso(instant(text, NOW))).toBe(iso));

  test.each(['soon', '', '2026-02-30', '2026-11-24 25:00', '2x', '24.11.2026'])(
    '%s is none',
    (text) => {
      expect(() => instant(text, NOW)).toThrow(TimeError);
    },
  );
});

test('a moment survives the way to text and back', () => {
  for (const micros of [0, 1, 999_999, 1_000_000, NOW, NOW + 1]) {
    expect(fromIso(toIso(micros))).toBe(micros);
  }
  expect(fromIso('2026-11-27T18:00:00Z')).toBe(fromIso('2026-11-27T18:00:00.000Z'));
});

describe('ranges', () => {
  test.each([
    [{ since: '6h', until: '' }, 'Last 6 hours'],
    [{ since: '', until: '' }, 'All time'],
    [{ since: '2026-11-23', until: '2026-11-23 06:00' }, '23 Nov 00:00 – 06:00 UTC'],
    [{ since: '2026-11-22', until: '2026-11-23 06:00' }, '22 Nov 00:00 – 23 Nov 06:00 UTC'],
    [{ since: '2026-11-23 10:00:05', until: '' }, '23 Nov 10:00:05 – now UTC'],
    [{ since: 'soon', until: '' }, 'soon – now'],
  ])('%o is called %s', (range, said) => expect(label(range, NOW)).toBe(said));

  test('are written as short as they are exact', () => {
    const from = fromIso('2026-11-23T00:00:00Z');
    expect(between(from, from + HOUR)).toEqual({
      since: '2026-11-23T00:00Z',
      until: '2026-11-23T01:00Z',
    });
    expect(between(from + 5 * SECOND, from + 1)).toEqual({
      since: '2026-11-23T00:00:05Z',
      until: '2026-11-23T00:00:00.000001Z',
    });
  });

  test('zoom out doubles the width and never reaches beyond now', () => {
    const to = Math.floor(NOW / MINUTE) * MINUTE;
    const wide = resolve(zoomOut({ from: to - HOUR, to }, NOW), NOW);
    expect(wide.to).toBeLessThanOrEqual(NOW);
    expect(wide.to - (wide.from ?? 0)).toBe(2 * HOUR);
    const earlier = resolve(shift({ from: to - HOUR, to }, -1), NOW);
    expect([earlier.from, earlier.to]).toEqual([to - 1.5 * HOUR, to - 0.5 * HOUR]);
  });

  test('bars are as wide as they must be', () => {
    expect(stepText(stepFor(6 * HOUR, 160))).toBe('5m');
    expect(stepText(stepFor(DAY, 160))).toBe('10m');
    expect(stepText(stepFor(MINUTE, 160))).toBe('1s');
    expect(stepText(stepFor(400 * DAY, 160))).toBe('7d');
  });
});

test.each([
  [41_000, '41 ms'],
  [2_700_000, '2.7 s'],
  [73 * SECOND, '73 s'],
  [5 * MINUTE, '5 min'],
  [3 * HOUR, '3 h'],
  [50 * HOUR, '2 days'],
])('%i µs is %s', (micros, said) => expect(duration(micros)).toBe(said));
