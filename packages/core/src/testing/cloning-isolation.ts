import { type MessagePort, MessageChannel } from 'node:worker_threads';

import { deferred, type Deferred } from '../deferred.js';
import { type PlainError, toPlainError } from '../errors.js';
import type { HangUp, Isolation, IsolationHost, IsolationStrategy } from '../launch/isolation.js';
import type { JobTicket } from '../launch/job-ticket.js';
import type { SessionEvent } from '../session/session-event.js';

/** To where calls run. */
type Order =
  | { readonly kind: 'run'; readonly ticket: JobTicket }
  | { readonly kind: 'hang_up'; readonly jobId: string; readonly hangUp: HangUp }
  | { readonly kind: 'taken'; readonly eventId: number };

/** Back to the pool. */
type Answer =
  | { readonly kind: 'event'; readonly eventId: number; readonly event: SessionEvent }
  | { readonly kind: 'ended'; readonly jobId: string; readonly error: PlainError | undefined };

/**
 * A strategy that runs calls in this process but shares no object with the pool: ticket, events, hang-up
 * and errors all cross a MessageChannel as structured clones. What works through it works through a
 * child process; tests use it to keep the seam honest.
 */
export function cloning(): IsolationStrategy {
  return {
    name: 'cloning',
    async open(host, signal): Promise<Isolation> {
      const closing = new AbortController();
      await host.prewarm(AbortSignal.any([signal, closing.signal]));
      const { port1: near, port2: far } = new MessageChannel();
      serve(host, far);
      const running = new Map<string, Deferred<void>>();
      near.on('message', (answer: Answer) => {
        if (answer.kind === 'ended') settle(running, answer.jobId, answer.error);
        else void relay(host, near, answer.eventId, answer.event);
      });
      return {
        run: (ticket, signal) => {
          const ended = deferred();
          running.set(ticket.jobId, ended);
          const hangUp = () =>
            send(near, { kind: 'hang_up', jobId: ticket.jobId, hangUp: signal.reason as HangUp });
          send(near, { kind: 'run', ticket });
          if (signal.aborted) hangUp();
          signal.addEventListener('abort', hangUp, { once: true });
          return ended.promise.finally(() => signal.removeEventListener('abort', hangUp));
        },
        async [Symbol.asyncDispose]() {
          closing.abort();
          near.close();
          far.close();
        },
      };
    },
  };
}

function settle(
  running: Map<string, Deferred<void>>,
  jobId: string,
  error: PlainError | undefined,
): void {
  const ended = running.get(jobId);
  running.delete(jobId);
  if (error === undefined) ended?.resolve();
  else ended?.reject(error);
}

async function relay(
  host: IsolationHost,
  near: MessagePort,
  eventId: number,
  event: SessionEvent,
): Promise<void> {
  try {
    await host.report(event);
  } catch (error) {
    host.logger.error({ error, jobId: event.jobId }, 'the pool did not take an event');
  }
  // Either way the session must not wait longer.
  send(near, { kind: 'taken', eventId });
}

/** The far side: sessions, and nothing of the pool but what came through the port. */
function serve(host: IsolationHost, far: MessagePort): void {
  const hangUps = new Map<string, AbortController>();
  const reports = new Map<number, () => void>();
  let events = 0;
  const report = (event: SessionEvent) =>
    new Promise<void>((resolve) => {
      events += 1;
      reports.set(events, resolve);
      answer(far, { kind: 'event', eventId: events, event });
    });
  const run = async (ticket: JobTicket) => {
    const abort = new AbortController();
    hangUps.set(ticket.jobId, abort);
    let error: PlainError | undefined;
    try {
      await host.runSession(ticket, abort.signal, report);
    } catch (thrown) {
      error = toPlainError(thrown);
    }
    hangUps.delete(ticket.jobId);
    answer(far, { kind: 'ended', jobId: ticket.jobId, error });
  };
  far.on('message', (order: Order) => {
    switch (order.kind) {
      case 'run':
        void run(order.ticket);
        break;
      case 'hang_up':
        hangUps.get(order.jobId)?.abort(order.hangUp);
        break;
      case 'taken':
        reports.get(order.eventId)?.();
        reports.delete(order.eventId);
        break;
    }
  });
}

function send(port: MessagePort, order: Order): void {
  port.postMessage(order);
}

function answer(port: MessagePort, message: Answer): void {
  port.postMessage(message);
}
