// Log content is written by others, also by those who attack. It is always shown as text, and
// characters that would not be seen, or that would change how others are seen, are made visible.

const NAMES: Readonly<Record<number, string>> = {
  0x00: 'NUL',
  0x07: 'BEL',
  0x08: 'BS',
  0x09: 'TAB',
  0x0a: 'LF',
  0x0d: 'CR',
  0x1b: 'ESC',
  0x7f: 'DEL',
  0x9b: 'CSI',
  0xad: 'SHY',
  0x061c: 'ALM',
  0x200b: 'ZWSP',
  0x200c: 'ZWNJ',
  0x200d: 'ZWJ',
  0x200e: 'LRM',
  0x200f: 'RLM',
  0x2028: 'LSEP',
  0x2029: 'PSEP',
  0x202a: 'LRE',
  0x202b: 'RLE',
  0x202c: 'PDF',
  0x202d: 'LRO',
  0x202e: 'RLO',
  0x2060: 'WJ',
  0x2066: 'LRI',
  0x2067: 'RLI',
  0x2068: 'FSI',
  0x2069: 'PDI',
  0xfeff: 'BOM',
};

const HIDDEN =
  '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e' +
  '\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb' +
  '\\u{e0000}-\\u{e0fff}';
const IN_LINE = new RegExp(`[\\t\\n${HIDDEN}]`, 'u');
const IN_LINE_ALL = new RegExp(IN_LINE, 'gu');
const IN_BLOCK_ALL = new RegExp(`[${HIDDEN}]`, 'gu');

/** How an unseen character is written: `ESC`, `RLO`, `U+200B`. */
export function controlName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A text for one line, such as a cell; unseen characters are written as `‹ESC›`. */
export function inLine(text: string): string {
  if (!IN_LINE.test(text)) return text;
  return text.replace(IN_LINE_ALL, (character) => `‹${controlName(character)}›`);
}

export interface Piece {
  readonly text: string;
  /** Whether `text` is the name of an unseen character. */
  readonly control: boolean;
}

/** A text of several lines in pieces: what can be seen as it is, and the names of what cannot. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(IN_BLOCK_ALL)) {
    // A line that ends with CR LF ends as any other.
    if (match[0] === '\r' && text[match.index + 1] === '\n') continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index), control: false });
    found.push({ text: controlName(match[0]), control: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from), control: false });
  return found;
}

/** Shortens in the middle, since the end of an ARN or a path tells most. */
export function elide(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const tail = Math.ceil((characters - 1) * 0.6);
  return `${text.slice(0, characters - 1 - tail)}…${text.slice(-tail)}`;
}
