import { Job } from '@livekit/protocol';

import type { PlainError } from '../base/errors.js';
import { isLoopBlock } from '../call/loop-block.js';
import { MAX_PROVIDERS, isProviderUsage } from '../call/provider-usage.js';
import type { SessionEvent } from '../call/session-event.js';
import { type SessionEndReason, statusOf } from '../call/session-outcome.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';

/** What both ends speak; other numbers do not understand each other. */
export const PROTOCOL = 2;

/** A ticket as JSON: its job as protobuf in base64, because JSON would lose int64, enums and bytes. */
export type WireTicket = Omit<JobTicket, 'job'> & { readonly job: string };

/** From the pool to where calls run. */
export type ToSessions =
  | { readonly kind: 'hello'; readonly turnDetector: boolean }
  | { readonly kind: 'run'; readonly ticket: WireTicket }
  | {
      readonly kind: 'hang_up';
      readonly jobId: string;
      readonly reason: HangUp['reason'];
      /** A time span, because the clocks of two machines differ. */
      readonly withinMs: number;
    }
  | { readonly kind: 'taken'; readonly eventId: number }
  | {
      readonly kind: 'inferred';
      readonly id: number;
      readonly result?: unknown;
      readonly error?: PlainError;
    }
  | { readonly kind: 'ping'; readonly id: number }
  /** No ticket comes any more: go when the last call is over. */
  | { readonly kind: 'finish' };

/** From where calls run to the pool. */
export type FromSessions =
  /** Its first word; `hello` answers it. */
  | { readonly kind: 'here'; readonly protocol: number }
  | { readonly kind: 'ready'; readonly warnings: readonly string[] }
  /** Can never run a call. */
  | { readonly kind: 'broken'; readonly error: PlainError }
  | { readonly kind: 'event'; readonly eventId: number; readonly event: SessionEvent }
  | { readonly kind: 'ended'; readonly jobId: string; readonly error?: PlainError }
  | {
      readonly kind: 'infer';
      readonly id: number;
      readonly method: string;
      readonly data: unknown;
    }
  | { readonly kind: 'pong'; readonly id: number }
  /** Its event loop carries no more calls than it has; or it does again. */
  | { readonly kind: 'busy'; readonly busy: boolean }
  /** An error no call there can be blamed for: live calls go on, no other must come. */
  | { readonly kind: 'tainted'; readonly error: PlainError };

export function toWire(ticket: JobTicket): WireTicket {
  return { ...ticket, job: Buffer.from(ticket.job.toBinary()).toString('base64') };
}

export function fromWire(ticket: WireTicket): JobTicket {
  const { info } = ticket;
  // As it was before JSON: own properties alone, and frozen.
  const metadata = Object.freeze(
    Object.assign(Object.create(null) as Record<string, unknown>, info.metadata),
  );
  return {
    ...ticket,
    info: Object.freeze({ ...info, metadata }),
    job: Job.fromBinary(Buffer.from(ticket.job, 'base64')),
  };
}

type Kind = FromSessions['kind'];
type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isError = (value: unknown) =>
  isObject(value) && isText(value['code']) && isText(value['message']);

// Of all events: `memory` is the strategy's own to tell.
function isEvent({ kind, outcome, fault, name, error, usage, block }: Fields): boolean {
  switch (kind) {
    case 'joined':
      return true;
    case 'ending':
      return (
        isObject(outcome) &&
        isText(outcome['reason']) &&
        outcome['status'] === statusOf(outcome['reason'] as SessionEndReason) &&
        (outcome['error'] === undefined || isError(outcome['error']))
      );
    case 'fault':
      return (fault === 'hook' || fault === 'tool') && isText(name) && isError(error);
    case 'usage':
      return Array.isArray(usage) && usage.length <= MAX_PROVIDERS && usage.every(isProviderUsage);
    case 'blocked':
      return isLoopBlock(block);
    default:
      return false;
  }
}

/** User code runs at the other end: what comes from there is looked at before it is believed. */
const checks: Readonly<Record<Kind, (message: Fields) => boolean>> = {
  here: ({ protocol }) => isNumber(protocol),
  ready: ({ warnings }) => Array.isArray(warnings) && warnings.every(isText),
  broken: ({ error }) => isError(error),
  event: ({ eventId, event }) =>
    isNumber(eventId) && isObject(event) && isText(event['jobId']) && isEvent(event),
  ended: ({ jobId, error }) => isText(jobId) && (error === undefined || isError(error)),
  infer: ({ id, method }) => isNumber(id) && isText(method),
  pong: ({ id }) => isNumber(id),
  busy: ({ busy }) => typeof busy === 'boolean',
  tainted: ({ error }) => isError(error),
};

/** A message from where calls run, or undefined for one that is none. */
export function readFromSessions(message: unknown): FromSessions | undefined {
  if (!isObject(message) || !isText(message['kind'])) return undefined;
  const check = Object.hasOwn(checks, message['kind'])
    ? checks[message['kind'] as Kind]
    : undefined;
  return check?.(message) === true ? (message as FromSessions) : undefined;
}
