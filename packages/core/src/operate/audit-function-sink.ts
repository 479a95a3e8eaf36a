import type { AuditFunction } from './audit-options.js';
import type { Delivery } from './sink-queue.js';

/** Calls a function with each event. One for which it throws or rejects is lost: it may have done half of its work. */
export function auditFunction(take: AuditFunction, name: string): Delivery {
  return {
    name,
    most: 1,
    retries: 0,
    async send(events) {
      for (const { event } of events) await take(event);
      return { done: events.length };
    },
    close: async () => {},
  };
}
