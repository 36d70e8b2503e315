// Asks again and again while somebody looks; what came last stays until something newer does.

import { serverClock } from './clock.svelte';
import { fromThrown, type Problem } from './problem';
import type { Micros } from './time';

export class Polling<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<Problem | undefined>();
  /** When the value came, by the server's clock. */
  at = $state<Micros>(0);

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly everyMs: (value: T | undefined) => number,
  ) {}

  /** Begins; what it gives back ends it. For use in an effect. */
  start(): () => void {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          const value = await this.load(abort.signal);
          if (abort.signal.aborted) return;
          this.value = value;
          this.problem = undefined;
          this.at = serverClock.now();
        } catch (thrown) {
          if (abort.signal.aborted) return;
          this.problem = fromThrown(thrown);
        }
      }
      timer = setTimeout(() => void ask(), this.everyMs(this.value));
    };
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }
}
