// What went wrong, in the server's words; for a mistake in a query also the place and the hint.

import type { ProblemBody } from './api.gen';

export interface Place {
  /** Characters of the query. */
  readonly from: number;
  readonly to: number;
}

export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    /** The kind of error; `offline` where no answer came, `cut` where it broke off. */
    readonly code: string,
    message: string,
    readonly hint?: string | undefined,
    /** The line of the query with the mistake, as the server shows it, and the mark under it. */
    readonly excerpt?: { readonly line: string; readonly mark: string } | undefined,
  ) {
    super(message);
  }

  /** Where the mistake is in the query that was asked. */
  place(query: string): Place | undefined {
    if (!this.excerpt) return undefined;
    const { line, mark } = this.excerpt;
    const shown = line.replace(/^…/, '').replace(/…$/, '');
    const cut = line.startsWith('…') ? 1 : 0;
    // The server shows control characters as spaces, and counts characters, not UTF-16 units.
    const flat = [...query].map((c) => (/\p{Cc}/u.test(c) ? ' ' : c));
    const begin = cut === 0 ? 0 : flat.join('').indexOf(shown);
    if (begin < 0) return undefined;
    const first = [...flat.join('').slice(0, begin)].length;
    const start = first + (mark.indexOf('^') - cut);
    const end = start + (mark.match(/\^+/)?.[0].length ?? 1);
    const units = (characters: number): number => [...query].slice(0, characters).join('').length;
    return { from: units(start), to: units(end) };
  }
}

const MARKED = /^([\s\S]*?)\n {2}(.*)\n {2}( *\^+) *(?:\n|$)/;
const HINT = /\nhint: ([\s\S]*)$/;

/** Reads the `detail` of a problem document: message, marked line, hint. */
export function fromDetail(code: string, detail: string): Problem {
  const hint = HINT.exec(detail)?.[1];
  const rest = detail.replace(HINT, '');
  const marked = MARKED.exec(`${rest}\n`);
  if (!marked) return new Problem(code, rest, hint);
  const [, message = rest, line = '', mark = ''] = marked;
  return new Problem(code, message, hint, { line, mark });
}

export async function fromResponse(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as Partial<ProblemBody>;
    if (body.detail) return fromDetail(body.code ?? 'unknown', body.detail);
  } catch {
    // Not from Stele, or cut: the text itself is all there is.
  }
  const said = text.trim().slice(0, 300);
  return new Problem('http', `the server answered ${response.status}${said ? `: ${said}` : ''}`);
}

/** Turns whatever was thrown into a problem; `undefined` for what was cancelled on purpose. */
export function fromThrown(thrown: unknown): Problem | undefined {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return undefined;
  if (thrown instanceof TypeError) {
    return new Problem(
      'offline',
      'the server does not answer',
      'see whether `stele up` still runs; this page asks again when you press Run',
    );
  }
  return new Problem('page', thrown instanceof Error ? thrown.message : String(thrown));
}
