import { type Host, writeMessage } from '../../host.js';
import { counted } from '../../live/figures.js';
import { byLines } from '../../report-error.js';
import type { CallLog, LineKind } from './call-log.js';
import type { PriceTable } from './price-table.js';

const WHY: Readonly<Partial<Record<LineKind | 'tooLong', string>>> = {
  broken: 'it is not complete',
  foreign: 'it is not a line of metrics',
  newer: 'a newer version of OpenRTC has written it; update this command',
  tooLong: 'it is too long',
};

// The others are counted.
const MAX_SHOWN = 10;

/** Says on stderr what is not in the result. */
export class UsageProblems {
  /** Lines that could not be used. */
  skipped = 0;
  readonly #host: Pick<Host, 'stderr'>;

  constructor(host: Pick<Host, 'stderr'>) {
    this.#host = host;
  }

  /** Counts a line, if it cannot be used. */
  line(kind: LineKind | 'tooLong', path: string, number: number): void {
    const why = WHY[kind];
    if (why === undefined) return;
    this.skipped += 1;
    if (this.skipped <= MAX_SHOWN) this.#say(`${path}:${number}: skipped, ${why}`);
  }

  /** Says what was found in all files. */
  end(log: CallLog, { unfinished }: { readonly unfinished: boolean }): void {
    if (this.skipped > MAX_SHOWN)
      this.#say(`${counted(this.skipped - MAX_SHOWN, 'more line')} skipped`);
    const { missing, dropped } = log;
    if (dropped > 0)
      this.#say(`${counted(dropped, 'line')} dropped by workers that could not write`);
    if (missing > 0)
      this.#say(
        `${counted(missing, 'line')} of the workers missing: in a file that was not given, or never written`,
      );
    const open = log.unfinished.length;
    if (open > 0 && !unfinished)
      this.#say(
        `${counted(open, 'call')} without an end, not counted: they go on, or their worker was killed; --unfinished counts what is known of them`,
      );
  }

  /** Says which calls and models have no cost. */
  costs(prices: PriceTable | undefined, callsWithoutUsage: number): void {
    if (callsWithoutUsage > 0)
      this.#say(
        `${counted(callsWithoutUsage, 'call')} with an unknown use of providers: an older version of OpenRTC has written them, or their worker was killed at once`,
      );
    const missing = prices?.missing ?? [];
    for (const each of missing.slice(0, MAX_SHOWN)) this.#say(`no price for ${each}`);
    if (missing.length > MAX_SHOWN)
      this.#say(`no price for ${counted(missing.length - MAX_SHOWN, 'more model')}`);
  }

  #say(message: string): void {
    writeMessage(this.#host, byLines(message));
  }
}
