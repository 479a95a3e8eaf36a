import { keepSecret } from '../base/secrets.js';
import type { AuditHttpSink } from './audit-options.js';
import type { Delivery, Sent } from './sink-queue.js';

// Of 4xx, those that say "later".
const LATER: readonly number[] = [408, 425, 429];

/** Posts events to a server, as lines of JSON. */
export function auditHttp(
  { url: given, headers, timeoutMs = 5_000, retries = 10 }: AuditHttpSink,
  name: string,
): Delivery {
  const url = new URL(given);
  const credentials = credentialsOf(url);
  keepSecret([...Object.values(headers ?? {}), url.password, decodeURIComponent(url.password)]);
  url.username = url.password = '';
  // Events are rare, and no connection is left behind.
  const always = { 'content-type': 'application/x-ndjson', connection: 'close' };
  const all = { ...always, ...credentials, ...headers };
  return {
    name,
    most: 100,
    retries,
    async send(events, over) {
      const body = events.map(({ line }) => line).join('');
      const { signal, done } = limited(timeoutMs, over);
      try {
        // A redirect would take the headers to another place.
        const options = { method: 'POST', headers: all, body, signal, redirect: 'error' } as const;
        const response = await fetch(url, options);
        // Nobody reads it.
        await response.body?.cancel();
        return response.ok ? { done: events.length } : refused(response.status);
      } catch (error) {
        return { done: 0, failed: { error: unreachable(error), again: true } };
      } finally {
        done();
      }
    },
    close: async () => {},
  };
}

function credentialsOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refused(status: number): Sent {
  const again = status >= 500 || LATER.includes(status);
  return { done: 0, failed: { error: new Error(`its server answered ${status}`), again } };
}

/** `fetch failed` alone says nothing. */
function unreachable(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause : error;
}

/** A signal that aborts after a time, or with `over`. */
function limited(ms: number, over: AbortSignal) {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(new Error(`its server did not answer within ${ms} ms`)),
    ms,
  );
  const onOver = () => abort.abort(over.reason);
  over.addEventListener('abort', onOver, { once: true });
  return {
    signal: abort.signal,
    done: () => {
      clearTimeout(timer);
      over.removeEventListener('abort', onOver);
    },
  };
}
