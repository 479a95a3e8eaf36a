import type { Call } from '../call/call.js';
import type { AuditCounts } from './audit-event.js';

type Whose = Partial<Pick<Call, 'agent' | 'tenant'>>;

interface Kind<Key> {
  readonly key: Key;
  readonly since: number;
  count: number;
  readonly calls: Map<string, Whose & { count: number }>;
  timer: NodeJS.Timeout;
}

const EVERY_MS = 10_000;
const MOST_SHOWN = 10;
// Callers may name any tenant. Those beyond it are in the sum only.
const MOST_KNOWN = 100;

/**
 * Makes one event of many, so that a flood is cheap: the first of a kind is told at once, those of the next 10 s as one
 * with their number, and so on until none has come for 10 s.
 */
export class CountedEvents<Key> implements Disposable {
  readonly #tell: (key: Key, counts: AuditCounts) => void;
  readonly #kinds = new Map<string, Kind<Key>>();

  constructor(tell: (key: Key, counts: AuditCounts) => void) {
    this.#tell = tell;
  }

  /** Counts one. Those with the same `name` are of one kind, which is told with the key of its first one. */
  add(name: string, key: Key, { agent, tenant }: Whose = {}): void {
    const whose = {
      ...(agent === undefined ? {} : { agent }),
      ...(tenant === undefined ? {} : { tenant }),
    };
    const kind = this.#kinds.get(name);
    if (kind === undefined) {
      this.#begin(name, key);
      this.#tell(key, { count: 1, overMs: 0, calls: [{ ...whose, count: 1 }] });
      return;
    }
    kind.count += 1;
    const id = `${tenant ?? ''}/${agent ?? ''}`;
    const known = kind.calls.get(id);
    if (known !== undefined) known.count += 1;
    else if (kind.calls.size < MOST_KNOWN) kind.calls.set(id, { ...whose, count: 1 });
  }

  /** Tells what has been counted, and forgets it. */
  [Symbol.dispose](): void {
    for (const kind of this.#kinds.values()) {
      clearTimeout(kind.timer);
      this.#report(kind);
    }
    this.#kinds.clear();
  }

  #begin(name: string, key: Key): void {
    const timer = setTimeout(() => {
      const kind = this.#kinds.get(name);
      this.#kinds.delete(name);
      if (kind === undefined || kind.count === 0) return;
      this.#begin(name, key);
      this.#report(kind);
    }, EVERY_MS).unref();
    this.#kinds.set(name, { key, since: performance.now(), count: 0, calls: new Map(), timer });
  }

  #report({ key, since, count, calls }: Kind<Key>): void {
    if (count === 0) return;
    const most = [...calls.values()].sort((a, b) => b.count - a.count).slice(0, MOST_SHOWN);
    this.#tell(key, { count, overMs: Math.round(performance.now() - since), calls: most });
  }
}
