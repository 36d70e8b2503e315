// What a reader likes, kept in this browser; none of it changes what is found.

export type Theme = 'system' | 'light' | 'dark';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

function stored(name: string): string | null {
  try {
    return localStorage.getItem(`stele.${name}`);
  } catch {
    return null;
  }
}

function store(name: string, value: string): void {
  try {
    localStorage.setItem(`stele.${name}`, value);
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
}

const RECENT_MAX = 20;

class Preferences {
  theme = $state<Theme>(THEMES.find((theme) => theme === stored('theme')) ?? 'system');
  /** Whether a single key without Ctrl is a command. */
  keys = $state(stored('keys') !== 'off');
  recent = $state.raw<readonly string[]>(list(stored('recent')));

  constructor() {
    this.apply();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    store('theme', theme);
    this.apply();
  }

  nextTheme(): void {
    this.setTheme(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? 'system');
  }

  setKeys(on: boolean): void {
    this.keys = on;
    store('keys', on ? 'on' : 'off');
  }

  /** Remembers a search that gave an answer. */
  remember(query: string): void {
    if (query.trim() === '' || this.recent[0] === query) return;
    this.recent = [query, ...this.recent.filter((one) => one !== query)].slice(0, RECENT_MAX);
    store('recent', JSON.stringify(this.recent));
  }

  private apply(): void {
    const root = document.documentElement;
    if (this.theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = this.theme;
  }
}

function list(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

export const preferences = new Preferences();
