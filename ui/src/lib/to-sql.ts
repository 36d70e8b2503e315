// A search as SQL, for going on in SQL from where one is. What has no exact translation is left
// out and named; nothing is translated to something that only nearly means the same.

import type { FieldSpec } from './api';
import { parse, type Node, type Term } from './query';
import { instant, toIso, type Micros } from './time';
import type { Span } from './range';
import { SHORT, WORDS } from './words';

export interface Translation {
  readonly sql: string;
  /** The terms that are missing. */
  readonly missing: readonly string[];
}

class NoSql extends Error {}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const time = (micros: Micros): string => `TIMESTAMP ${text(toIso(micros))}`;

export function toSql(
  query: string,
  span: Span,
  columns: readonly string[],
  known: readonly FieldSpec[],
  now: Micros,
): Translation {
  const missing: string[] = [];
  const where: string[] = [];
  if (span.from !== undefined) where.push(`time >= ${time(span.from)}`);
  where.push(`time < ${time(span.to)}`);
  const tree = parse(query);
  const parts = tree?.kind === 'and' ? tree.parts : tree ? [tree] : [];
  for (const part of parts) {
    try {
      where.push(expression(part, known, now));
    } catch (thrown) {
      if (!(thrown instanceof NoSql)) throw thrown;
      missing.push(query.slice(part.from, part.to));
    }
  }
  const names = ['_batch', '_pos', ...columns].map((name) =>
    /^[a-z]\w*$/.test(name) ? name : `"${name}"`,
  );
  const sql = [
    `SELECT ${names.join(', ')}`,
    'FROM events',
    `WHERE ${where.join('\n  AND ')}`,
    'ORDER BY time DESC',
    'LIMIT 1000',
  ].join('\n');
  return { sql, missing };
}

function expression(node: Node, known: readonly FieldSpec[], now: Micros): string {
  if (node.kind === 'not') return `(${expression(node.part, known, now)}) IS NOT TRUE`;
  if (node.kind === 'term') return termSql(node, known, now);
  const parts = node.parts.map((part) => expression(part, known, now));
  return `(${parts.join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
}

function termSql(term: Term, known: readonly FieldSpec[], now: Micros): string {
  if (term.field === undefined) return words(term);
  const column = SHORT[term.field] ?? term.field;
  if (column === 'outcome') return outcome(term.value);
  if (column === 'service' && !term.quoted && /^\w+$/.test(term.value)) {
    return `service IN (${text(term.value)}, ${text(`${term.value}.amazonaws.com`)})`;
  }
  const spec = known.find(({ name }) => name === column);
  if (!spec || term.field === 'resource') throw new NoSql();
  const name = column.startsWith('_') ? `"${column}"` : column;
  if (term.written === '*') return `${name} IS NOT NULL`;
  return valueSql(name, column, spec.type, term, now);
}

function words({ value, quoted, written }: Term): string {
  if (!quoted && /(?<!\\)[*?]/.test(written)) {
    const outer = `*${written}*`.replace(/^\*+/, '*').replace(/\*+$/, '*');
    return `has_pattern(raw, ${text(outer)})`;
  }
  if (/^\w+$/.test(value)) return `has_token(raw, ${text(value)})`;
  return `has_phrase(raw, ${text(value)})`;
}

function outcome(value: string): string {
  if (value === 'success') return 'status_id = 1';
  if (value === 'failure') return 'status_id = 2';
  throw new NoSql();
}

function valueSql(name: string, column: string, type: string, term: Term, now: Micros): string {
  const { value, written, quoted } = term;
  if (!quoted) {
    const range = /^([[{])(\S+) TO (\S+)([\]}])$/.exec(written);
    if (range) {
      const [, open, low = '*', high = '*', close] = range;
      const sides = [
        low === '*' ? '' : compare(name, column, type, open === '[' ? '>=' : '>', low, now),
        high === '*' ? '' : compare(name, column, type, close === ']' ? '<=' : '<', high, now),
      ].filter((side) => side !== '');
      return `(${sides.join(' AND ') || `${name} IS NOT NULL`})`;
    }
    const comparison = /^([<>]=?)(.+)$/.exec(value);
    if (comparison) {
      return compare(name, column, type, comparison[1] ?? '', comparison[2] ?? '', now);
    }
    const regex = /^\/(.*)\/$/.exec(written);
    if (regex?.[1] !== undefined)
      return `has_regex(${name}, ${text(regex[1].replace(/\\\//g, '/'))})`;
  }
  if (/_ip$/.test(column) && /^[\da-fA-F.:]+(\/\d+)?$/.test(value)) {
    const network = value.includes('/') || value.includes(':');
    const whole = value.includes('/') ? value : `${value}/128`;
    return network ? `ip_in(${name}, ${text(whole)})` : `${name} = ${text(value)}`;
  }
  if (type === 'textlist') {
    if (!quoted && /[*?]/.test(value)) return `has_pattern(${name}, ${text(value)})`;
    return `array_has(${name}, ${text(value)})`;
  }
  if (!quoted && type === 'text' && /[*?]/.test(value))
    return `has_pattern(${name}, ${text(value)})`;
  if (type === 'text') return `${name} = ${text(value)}`;
  if (type === 'bool') {
    if (/^(true|yes)$/.test(value)) return `${name} = true`;
    if (/^(false|no)$/.test(value)) return `${name} = false`;
    throw new NoSql();
  }
  return compare(name, column, type, '=', value, now);
}

function compare(
  name: string,
  column: string,
  type: string,
  sign: string,
  value: string,
  now: Micros,
): string {
  const plain = value.replace(/^"(.*)"$/, '$1');
  if (type === 'text') return `${name} ${sign} ${text(plain)}`;
  const word = WORDS[column]?.[plain.toLowerCase()];
  if (word !== undefined) return `${name} ${sign} ${word}`;
  if (/^-?\d+$/.test(plain) && type.startsWith('int')) return `${name} ${sign} ${plain}`;
  // A time is a stretch: only its beginning compares so.
  if (type.startsWith('time') && (sign === '>=' || sign === '<')) {
    try {
      return `${name} ${sign} ${time(instant(plain, now))}`;
    } catch {
      throw new NoSql();
    }
  }
  throw new NoSql();
}
