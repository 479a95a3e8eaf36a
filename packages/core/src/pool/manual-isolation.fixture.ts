import { deferred } from '../base/deferred.js';
import type { IsolationStrategy } from '../launch/isolation-strategy.js';
import type { JobTicket } from '../call/job-ticket.js';

/** A strategy whose calls the test ends. */
export function manual() {
  const calls: {
    ticket: JobTicket;
    signal: AbortSignal;
    end: () => void;
    fail: (error: unknown) => void;
  }[] = [];
  const placed: string[] = [];
  const began = deferred();
  let closed = false;
  const strategy: IsolationStrategy = {
    name: 'manual',
    open: async () => ({
      run: (ticket, signal) => {
        const { promise, resolve, reject } = deferred();
        calls.push({ ticket, signal, end: resolve, fail: reject });
        began.resolve();
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
        return promise;
      },
      reserve: (call) => {
        placed.push(call.jobId);
        return { release: () => void placed.splice(placed.indexOf(call.jobId), 1) };
      },
      async [Symbol.asyncDispose]() {
        closed = true;
      },
    }),
  };
  return { strategy, calls, placed, began: began.promise, isClosed: () => closed };
}
