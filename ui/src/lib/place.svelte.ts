// Where the reader is: the page and its whole state stand in the address, so that any view can be
// sent to somebody else, and Back and Forward work.

class Place {
  path = $state(location.pathname);
  search = $state(location.search);

  constructor() {
    addEventListener('popstate', () => this.read());
  }

  get parameters(): URLSearchParams {
    return new URLSearchParams(this.search);
  }

  /** Goes to a page; `replace` where the step is too small for the Back button. */
  go(path: string, parameters: URLSearchParams | string = '', replace = false): void {
    const search = typeof parameters === 'string' ? parameters : readable(parameters);
    const url = search === '' ? path : `${path}?${search.replace(/^\?/, '')}`;
    if (url === location.pathname + location.search) return;
    if (replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    this.read();
  }

  /** Changes some parameters of this page; an empty value takes one away. */
  set(changes: Readonly<Record<string, string | undefined>>, replace = false): void {
    const parameters = this.parameters;
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === '') parameters.delete(name);
      else parameters.set(name, value);
    }
    this.go(this.path, parameters, replace);
  }

  private read(): void {
    this.path = location.pathname;
    this.search = location.search;
  }
}

/** Parameters with the characters left as they are that need no escape: `src_ip:10.0.0.0/8`. */
export function readable(parameters: URLSearchParams): string {
  return parameters.toString().replace(/%(?:3A|2F|2C|40|28|29|2A|24)/g, decodeURIComponent);
}

export const place = new Place();

/** The address of a search in Explore. */
export function exploreLink(changes: Readonly<Record<string, string>>): string {
  const text = readable(new URLSearchParams(changes));
  return text === '' ? '/explore' : `/explore?${text}`;
}

/** Lets a click on an ordinary link of this page change the view without loading it anew. */
export function followLinks(event: MouseEvent): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (!(event.target instanceof Element)) return;
  const link = event.target.closest('a');
  if (!link || link.target || link.hasAttribute('download')) return;
  if (link.origin !== location.origin || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  place.go(link.pathname, link.search);
}
