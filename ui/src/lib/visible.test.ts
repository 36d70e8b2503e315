import { describe, expect, test } from 'vitest';
import { elide, inLine, pieces } from './visible';

describe('what cannot be seen is made visible', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain text, é, 日本', 'plain text, é, 日本'],
    ['\u001b[31mred\u001b[0m', '‹ESC›[31mred‹ESC›[0m'],
    ['a\u202egnp.exe', 'a‹RLO›gnp.exe'],
    ['\u2066x\u2069', '‹LRI›x‹PDI›'],
    ['pay\u200bpal', 'pay‹ZWSP›pal'],
    ['\ufeffbom', '‹BOM›bom'],
    ['a\tb\nc\r\n', 'a‹TAB›b‹LF›c‹CR›‹LF›'],
    ['\u0000\u009b2J', '‹NUL›‹CSI›2J'],
    ['\u{e0041}tag', '‹U+E0041›tag'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['=HYPERLINK("x")', '=HYPERLINK("x")'],
  ];
  test.each(cases)('%j', (text, shown) => expect(inLine(text)).toBe(shown));

  test('lines stay lines in a block', () => {
    expect(pieces('a\r\nb\u202ec\rd')).toEqual([
      { text: 'a\r\nb', control: false },
      { text: 'RLO', control: true },
      { text: 'c', control: false },
      { text: 'CR', control: true },
      { text: 'd', control: false },
    ]);
  });

  test('nothing is lost', () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');
    const back = pieces(all);
    expect(
      back.filter(({ control }) => !control).every(({ text }) => !/\u202e|\u001b/.test(text)),
    ).toBe(true);
    expect(back.length).toBeGreaterThan(60);
  });
});

test('an ARN is shortened in the middle', () => {
  expect(elide('arn:aws:iam::111122223333:role/admin', 20)).toBe('arn:aws…3:role/admin');
  expect(elide('short', 20)).toBe('short');
});
