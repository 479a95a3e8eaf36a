import type { Reading } from './reading.js';

/** What the worker is asked. */
export type ToWorker = { type: 'read' } | { type: 'heap'; path: string };

/** What the worker tells. */
export type FromWorker =
  | { type: 'reading'; reading: Reading }
  | { type: 'unreadable'; error: string }
  | { type: 'heap'; path: string };
