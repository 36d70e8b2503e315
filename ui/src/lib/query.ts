// The search syntax, as far as the page must understand it: to add and take away a term, to know
// what stands at the cursor, and to write a question as SQL. The server decides what a query means.

import type { Value } from './api';
import { SHORT, shownName, word } from './words';

export type Node =
  | {
      readonly kind: 'and' | 'or';
      readonly parts: readonly Node[];
      /** Whether it stands in parentheses. */
      readonly grouped: boolean;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: 'not'; readonly part: Node; readonly from: number; readonly to: number }
  | Term;

export interface Term {
  readonly kind: 'term';
  readonly field: string | undefined;
  /** The value without quotes and escapes. */
  readonly value: string;
  /** The value as it is written. */
  readonly written: string;
  readonly quoted: boolean;
  readonly from: number;
  readonly to: number;
}

const FIELD = /^(?!https?:\/\/|arn:)([A-Za-z_][\w.\-[\]\\]*):(?!:)/;

/** Reads a query leniently: whatever it is, there is a tree; `undefined` for an empty one. */
export function parse(query: string): Node | undefined {
  let at = 0;
  const space = (): void => {
    while (at < query.length && /\s/.test(query[at] ?? '')) at += 1;
  };
  const wordHere = (text: string): boolean =>
    query.startsWith(text, at) &&
    /^[\s()]|^$/.test(query.slice(at + text.length, at + text.length + 1));

  function any(field: string | undefined): Node | undefined {
    const parts: Node[] = [];
    for (;;) {
      const part = all(field);
      if (part) parts.push(part);
      space();
      if (!wordHere('OR')) break;
      at += 2;
    }
    return join('or', parts);
  }
  function all(field: string | undefined): Node | undefined {
    const parts: Node[] = [];
    for (;;) {
      space();
      if (at >= query.length || query[at] === ')' || wordHere('OR')) break;
      if (wordHere('AND')) {
        at += 3;
        continue;
      }
      const before = at;
      const part = one(field);
      if (part) parts.push(part);
      if (at === before) at += 1;
    }
    return join('and', parts);
  }
  function one(field: string | undefined): Node | undefined {
    const from = at;
    if (query[at] === '-' || wordHere('NOT')) {
      at += query[at] === '-' ? 1 : 3;
      space();
      const part = at < query.length ? one(field) : undefined;
      return part && { kind: 'not', part, from, to: at };
    }
    if (query[at] === '(') return group(field, from);
    const name = field === undefined ? FIELD.exec(query.slice(at)) : null;
    if (name) {
      at += name[0].length;
      if (query[at] === '(') return group(name[1], from);
    }
    return term(name ? name[1] : field, from);
  }
  function group(field: string | undefined, from: number): Node | undefined {
    at += 1;
    const inner = any(field);
    space();
    if (query[at] === ')') at += 1;
    if (!inner) return undefined;
    const place = { from, to: at };
    const many = inner.kind === 'and' || inner.kind === 'or';
    return many ? { ...inner, grouped: true, ...place } : { ...inner, ...place };
  }
  function term(field: string | undefined, from: number): Term {
    const start = at;
    let value = '';
    if (query[at] === '"') {
      at += 1;
      while (at < query.length && query[at] !== '"') {
        if (query[at] === '\\') at += 1;
        value += query[at] ?? '';
        at += 1;
      }
      if (query[at] === '"') at += 1;
      return {
        kind: 'term',
        field,
        value,
        written: query.slice(start, at),
        quoted: true,
        from,
        to: at,
      };
    }
    const range = /^[[{][^\]}]*[\]}]/.exec(query.slice(at));
    const regex = /^\/(?:[^/\\]|\\.)*\/(?=[\s)]|$)/.exec(query.slice(at));
    const comparison = /^[<>]=?"[^"]*"/.exec(query.slice(at));
    const plain = /^(?:\\.|[^\s()"])*/.exec(query.slice(at));
    const text = (field && (range ?? regex ?? comparison))?.[0] ?? plain?.[0] ?? '';
    at += text.length;
    value = text.replace(/\\([^A-Za-z0-9])/g, '$1');
    return { kind: 'term', field, value, written: text, quoted: false, from, to: at };
  }
  const tree = any(undefined);
  return tree;
}

function join(kind: 'and' | 'or', parts: Node[]): Node | undefined {
  const [first] = parts;
  const last = parts.at(-1);
  if (!first || !last || parts.length === 1) return first;
  return { kind, parts, grouped: false, from: first.from, to: last.to };
}

/** The terms that all must hold, each as it is written; one where the query is an `OR`. */
export function conjuncts(query: string): { text: string; from: number; to: number }[] {
  const tree = parse(query);
  if (!tree) return [];
  const parts = tree.kind === 'and' && !tree.grouped ? tree.parts : [tree];
  return parts.map(({ from, to }) => ({ text: query.slice(from, to), from, to }));
}

const BARE = /^[A-Za-z0-9_][\w.:@/+-]*$/;

/** A value as it is written in a query so that it means exactly itself. */
export function quote(value: string): string {
  const word = BARE.test(value) && !/^(AND|OR|NOT|TO)$/.test(value);
  return word ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** The term that finds a value of a column; for an absent value the one that finds its absence. */
export function termFor(column: string, value: Value | undefined): string {
  const name = shownName(column);
  if (value === undefined || value === null) return `-${name}:*`;
  if (typeof value === 'number') return `${name}:${word(column, value) ?? value}`;
  // A bare service finds more than its own spelling.
  if (column === 'service') return `${name}:"${String(value).replace(/["\\]/g, '\\$&')}"`;
  if (typeof value === 'object') {
    const first = Array.isArray(value) ? (value as readonly Value[])[0] : undefined;
    return `${name}:${quote(String(first ?? ''))}`;
  }
  return `${name}:${quote(String(value))}`;
}

export function negated(term: string): string {
  return term.startsWith('-') ? term.slice(1) : `-${term}`;
}

/** Whether a query demands a term as it stands. */
export function has(query: string, term: string): boolean {
  return conjuncts(query).some(({ text }) => text === term);
}

/** Adds a term, takes it away where it is there, and replaces its opposite. */
export function toggle(query: string, term: string): string {
  const found = conjuncts(query);
  const same = found.find(({ text }) => text === term);
  if (same) return without(query, same);
  const opposite = found.find(({ text }) => text === negated(term));
  if (opposite) return query.slice(0, opposite.from) + term + query.slice(opposite.to);
  const tree = parse(query);
  if (!tree) return term;
  const whole = query.trim();
  return tree.kind === 'or' && !tree.grouped ? `(${whole}) ${term}` : `${whole} ${term}`;
}

function without(query: string, place: { from: number; to: number }): string {
  const before = query.slice(0, place.from).replace(/(?:\s+AND)?\s+$/, ' ');
  return (before + query.slice(place.to).replace(/^\s+(?:AND\s+)?/, '')).trim();
}

/** What stands before the cursor: the name of a field being written, or a value of one. */
export interface AtCursor {
  readonly kind: 'name' | 'value';
  readonly field: string | undefined;
  readonly text: string;
  /** Where the text begins, which a completion replaces up to the cursor. */
  readonly from: number;
  /** The rest of the query, which the values are counted under. */
  readonly rest: string;
}

export function atCursor(query: string, cursor: number): AtCursor | undefined {
  const before = query.slice(0, cursor);
  if ((before.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1) return undefined;
  const inGroup = /([A-Za-z_][\w.]*):\((?:[^()]*[\s(])?-?([^\s()"]*)$/.exec(before);
  const open = /(^|[\s(])-?(?:([A-Za-z_][\w.]*):)?([^\s()":]*)$/.exec(before);
  const field = inGroup?.[1] ?? open?.[2];
  const text = inGroup?.[2] ?? open?.[3];
  if (text === undefined) return undefined;
  const from = cursor - text.length;
  if (field === undefined) return { kind: 'name', field, text, from, rest: '' };
  const others = conjuncts(query).filter((term) => cursor < term.from || cursor > term.to);
  const rest = others.map((term) => term.text).join(' ');
  return { kind: 'value', field: SHORT[field] ?? field, text, from, rest };
}
