import { describe, expect, test } from 'vitest';
import type { FieldSpec } from './api';
import { fromDetail } from './problem';
import { atCursor, conjuncts, has, negated, parse, quote, termFor, toggle } from './query';
import { fromIso } from './time';
import { toSql } from './to-sql';

describe('terms are added, taken away and replaced', () => {
  const cases: readonly (readonly [query: string, term: string, then: string])[] = [
    ['', 'user:alice', 'user:alice'],
    ['outcome:denied', 'user:alice', 'outcome:denied user:alice'],
    ['outcome:denied user:alice', 'user:alice', 'outcome:denied'],
    ['user:alice outcome:denied', 'user:alice', 'outcome:denied'],
    ['user:alice AND outcome:denied', 'user:alice', 'outcome:denied'],
    ['outcome:denied AND user:alice', 'user:alice', 'outcome:denied'],
    ['user:alice', '-user:alice', '-user:alice'],
    ['a -user:alice b', 'user:alice', 'a user:alice b'],
    ['a OR b', 'user:alice', '(a OR b) user:alice'],
    ['(a OR b) c', 'user:alice', '(a OR b) c user:alice'],
    ['message:"a b"', 'message:"a b"', ''],
    ['"root login"', 'x:1', '"root login" x:1'],
  ];
  test.each(cases)('%s with %s', (query, term, then) => expect(toggle(query, term)).toBe(then));

  test('twice is as before', () => {
    for (const query of ['a', 'a b', '(a OR b) c', 'user:(x OR y)', '-service:s3 "q r"']) {
      expect(toggle(toggle(query, 'user:"Alice B"'), 'user:"Alice B"')).toBe(query);
    }
  });
});

describe('a value is written so that it means itself', () => {
  test.each([
    ['alice', 'alice'],
    ['203.0.113.7', '203.0.113.7'],
    ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket'],
    ['Alice B', '"Alice B"'],
    ['al*', '"al*"'],
    ['say "hi" \\', '"say \\"hi\\" \\\\"'],
    ['OR', '"OR"'],
    ['/api/', '"/api/"'],
    ['>5', '">5"'],
    ['', '""'],
    ['(x)', '"(x)"'],
  ])('%s', (value, written) => expect(quote(value)).toBe(written));

  test.each([
    ['severity_id', 4, 'severity:high'],
    ['severity_id', 42, 'severity:42'],
    ['user_name', null, '-user:*'],
    ['is_mfa', true, 'mfa:true'],
    ['service', 's3', 'service:"s3"'],
    ['resource_uids', ['a', 'b'], 'resource_uids:a'],
  ] as const)('%s %o', (column, value, term) => expect(termFor(column, value)).toBe(term));

  test('the opposite of a term', () => {
    expect(negated('user:alice')).toBe('-user:alice');
    expect(negated('-user:*')).toBe('user:*');
    expect(has('a -user:*', '-user:*')).toBe(true);
    expect(has('a OR user:x', 'user:x')).toBe(false);
  });
});

test('every query has a tree, whatever it is', () => {
  for (const query of ['', ')', '((', '"', 'a:', '-', 'NOT', 'OR OR', 'a:[1 TO', 'x:(a OR', '\\']) {
    expect(() => parse(query)).not.toThrow();
    expect(() => conjuncts(query)).not.toThrow();
  }
});

describe('what stands at the cursor', () => {
  const at = (text: string) => {
    const cursor = text.indexOf('|');
    return atCursor(text.replace('|', ''), cursor);
  };
  test.each([
    ['us|', 'name', undefined, 'us', ''],
    ['a -us|', 'name', undefined, 'us', ''],
    ['user:al|', 'value', 'user_name', 'al', ''],
    ['outcome:denied user:al|', 'value', 'user_name', 'al', 'outcome:denied'],
    ['user:al| outcome:denied', 'value', 'user_name', 'al', 'outcome:denied'],
    ['user:(alice OR b|', 'value', 'user_name', 'b', ''],
    ['-src_ip:|', 'value', 'src_ip', '', ''],
  ])('%s', (text, kind, field, said, rest) => {
    expect(at(text)).toMatchObject({ kind, field, text: said, rest });
  });
  test('nothing inside of quotes', () => expect(at('"user:|')).toBeUndefined());
});

describe('the place of a mistake', () => {
  test('is that of the mark', () => {
    const detail = 'unknown field `userr`\n  a userr:x\n    ^^^^^\nhint: did you mean `user`?';
    const problem = fromDetail('query_invalid', detail);
    expect(problem.message).toBe('unknown field `userr`');
    expect(problem.hint).toBe('did you mean `user`?');
    expect(problem.place('a userr:x')).toEqual({ from: 2, to: 7 });
  });
  test('is found in a long query of which a part is shown', () => {
    const query = `${'word '.repeat(40)}userr:x ${'word '.repeat(40)}`;
    const from = query.indexOf('userr');
    const line = `…${query.slice(from - 60, from + 65)}…`;
    const detail = `unknown field\n  ${line}\n  ${' '.repeat(61)}^^^^^`;
    // The words repeat, so only the shown part as a whole tells where it is.
    expect(fromDetail('query_invalid', detail).place(query)).toEqual({ from, to: from + 5 });
  });
  test('counts characters that take two units', () => {
    const problem = fromDetail('query_invalid', 'no\n  😀 userr:x\n    ^^^^^');
    expect(problem.place('😀 userr:x')).toEqual({ from: 3, to: 8 });
  });
  test('is missing where the server names none', () => {
    const problem = fromDetail(
      'query_invalid',
      'Schema error: No field named nope.\nValid fields are a.',
    );
    expect(problem.place('x')).toBeUndefined();
    expect(problem.message).toContain('Valid fields');
  });
});

describe('a search as SQL', () => {
  const spec = (name: string, type: string): FieldSpec => ({
    name,
    type,
    ocsf: '',
    description: '',
  });
  const known = [
    spec('time', 'time'),
    spec('user_name', 'text'),
    spec('src_ip', 'text'),
    spec('severity_id', 'int32'),
    spec('dst_port', 'int32'),
    spec('is_mfa', 'bool'),
    spec('resource_uids', 'textlist'),
    spec('message', 'text'),
    spec('raw', 'bytes'),
  ];
  const now = fromIso('2026-11-24T12:00:00Z');
  const where = (query: string) => {
    const made = toSql(query, { from: undefined, to: now }, ['time'], known, now);
    const lines = made.sql.split('\n').filter((line) => line.startsWith('  AND '));
    return { terms: lines.map((line) => line.slice(6)), missing: made.missing };
  };
  test.each([
    ['user:alice', "user_name = 'alice'"],
    ['user:"O\'Hara"', "user_name = 'O''Hara'"],
    ['-user:alice', "(user_name = 'alice') IS NOT TRUE"],
    ['user:al*', "has_pattern(user_name, 'al*')"],
    ['user:*', 'user_name IS NOT NULL'],
    ['user:(alice OR bob)', "(user_name = 'alice' OR user_name = 'bob')"],
    ['user:/^svc-\\d+$/', "has_regex(user_name, '^svc-\\d+$')"],
    ['src_ip:203.0.113.0/24', "ip_in(src_ip, '203.0.113.0/24')"],
    ['src_ip:203.0.113.7', "src_ip = '203.0.113.7'"],
    ['severity:>=medium', 'severity_id >= 3'],
    ['dst_port:[1 TO 1023]', '(dst_port >= 1 AND dst_port <= 1023)'],
    ['dst_port:{1 TO *}', '(dst_port > 1)'],
    ['mfa:true', 'is_mfa = true'],
    ['resource_uids:x', "array_has(resource_uids, 'x')"],
    ['root', "has_token(raw, 'root')"],
    ['"root login"', "has_phrase(raw, 'root login')"],
    ['fail*', "has_pattern(raw, '*fail*')"],
    ['outcome:success', 'status_id = 1'],
  ])('%s', (query, sql) => expect(where(query)).toEqual({ terms: [sql], missing: [] }));

  test('what has no exact translation is named and left out', () => {
    expect(where('user:alice outcome:denied eventName:x')).toEqual({
      terms: ["user_name = 'alice'"],
      missing: ['outcome:denied', 'eventName:x'],
    });
  });
});
