import { Job } from '@livekit/protocol';

import { deepFreeze } from '../base/deep-freeze.js';
import type { PlainError } from '../base/errors.js';
import { isLoopBlock } from '../call/loop-block.js';
import { type CodeChange, type CodeEvent, isCodeEvent } from '../call/code-change.js';
import { isProviderError } from '../call/provider-error.js';
import { MAX_PROVIDERS, isProviderUsage } from '../call/provider-usage.js';
import type { SessionEvent } from '../call/session-event.js';
import { isSessionTurn } from '../call/session-turn.js';
import { causeOf } from '../call/caused-by.js';
import { type SessionEndReason, statusOf } from '../call/end-reason.js';
import type { HangUp } from '../call/hang-up.js';
import type { JobTicket } from '../call/job-ticket.js';

/** Version of the messages. Both ends must have the same one. */
export const PROTOCOL = 4;

/** A ticket as JSON. Its job is protobuf in base64, because JSON would lose int64, enums and bytes. */
export type WireTicket = Omit<JobTicket, 'job'> & { readonly job: string };

/** Messages from the pool to the process that runs the calls. */
export type ToSessions =
  | { readonly kind: 'hello'; readonly turnDetector: boolean }
  | { readonly kind: 'run'; readonly ticket: WireTicket }
  | {
      readonly kind: 'hang_up';
      readonly jobId: string;
      readonly reason: HangUp['reason'];
      /** Milliseconds from now. Not a point in time, because the clocks of two machines differ. */
      readonly withinMs: number;
    }
  /** The pool has acted on the event. */
  | { readonly kind: 'acknowledged'; readonly eventId: number }
  | {
      readonly kind: 'inferred';
      readonly id: number;
      readonly result?: unknown;
      readonly error?: PlainError;
    }
  | { readonly kind: 'ping'; readonly id: number }
  /** Get ready to use other code. Nothing changes before `use_code`. */
  | { readonly kind: 'prepare_code'; readonly id: number; readonly change: CodeChange }
  | { readonly kind: 'use_code'; readonly id: number }
  /** There are no more tickets: exit after the last call. */
  | { readonly kind: 'finish' };

/** Messages from the process that runs the calls to the pool. */
export type FromSessions =
  /** The first message; `hello` answers it. */
  | { readonly kind: 'here'; readonly protocol: number }
  | { readonly kind: 'ready'; readonly warnings: readonly string[] }
  /** The process can never run a call. */
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
  /** It is ready to use the code, or cannot. */
  | { readonly kind: 'code_prepared'; readonly id: number; readonly error?: PlainError }
  /** It uses the code; what has become of its calls so far. Or it cannot. */
  | {
      readonly kind: 'code_used';
      readonly id: number;
      readonly events: readonly CodeEvent[];
      readonly error?: PlainError;
    }
  /** Whether its event loop is fully used, so that it should get no more calls. */
  | { readonly kind: 'busy'; readonly busy: boolean }
  /** An error that no call can be blamed for: live calls go on, but it must get no more. */
  | { readonly kind: 'tainted'; readonly error: PlainError };

/** Converts a ticket to JSON. */
export function toWire(ticket: JobTicket): WireTicket {
  return { ...ticket, job: Buffer.from(ticket.job.toBinary()).toString('base64') };
}

/** Restores a ticket from JSON, with its info frozen as it was. */
export function fromWire(ticket: WireTicket): JobTicket {
  const { info } = ticket;
  // As it was before JSON: an object without a prototype, and frozen.
  const metadata = Object.assign(Object.create(null) as Record<string, unknown>, info.metadata);
  return {
    ...ticket,
    info: deepFreeze({ ...info, metadata }),
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

const codeOf = (error: unknown) =>
  isObject(error) && isText(error['code']) ? error['code'] : undefined;

// All events except `memory`, which only the strategy itself reports.
function isEvent(event: Fields): boolean {
  const { kind, outcome, fault, name, error, turn, usage, block } = event;
  switch (kind) {
    case 'joined':
      return true;
    case 'ending':
      return (
        isObject(outcome) &&
        isText(outcome['reason']) &&
        isText(outcome['causedBy']) &&
        outcome['status'] === statusOf(outcome['reason'] as SessionEndReason) &&
        (outcome['error'] === undefined || isError(outcome['error'])) &&
        outcome['causedBy'] ===
          causeOf(outcome['reason'] as SessionEndReason, codeOf(outcome['error']))
      );
    case 'fault':
      return (fault === 'hook' || fault === 'tool') && isText(name) && isError(error);
    case 'provider_error':
      return isProviderError(error);
    case 'turn':
      return isSessionTurn(turn);
    case 'usage':
      return Array.isArray(usage) && usage.length <= MAX_PROVIDERS && usage.every(isProviderUsage);
    case 'blocked':
      return isLoopBlock(block);
    case 'code':
      return isCodeEvent(event);
    default:
      return false;
  }
}

/** User code runs at the other end, so its messages are validated before they are used. */
const checks: Readonly<Record<Kind, (message: Fields) => boolean>> = {
  here: ({ protocol }) => isNumber(protocol),
  ready: ({ warnings }) => Array.isArray(warnings) && warnings.every(isText),
  broken: ({ error }) => isError(error),
  event: ({ eventId, event }) =>
    isNumber(eventId) && isObject(event) && isText(event['jobId']) && isEvent(event),
  ended: ({ jobId, error }) => isText(jobId) && (error === undefined || isError(error)),
  infer: ({ id, method }) => isNumber(id) && isText(method),
  pong: ({ id }) => isNumber(id),
  code_prepared: ({ id, error }) => isNumber(id) && (error === undefined || isError(error)),
  code_used: ({ id, events, error }) =>
    isNumber(id) &&
    (error === undefined || isError(error)) &&
    Array.isArray(events) &&
    events.every((each) => isObject(each) && isText(each['jobId']) && isCodeEvent(each)),
  busy: ({ busy }) => typeof busy === 'boolean',
  tainted: ({ error }) => isError(error),
};

/** Validates a message from the process that runs the calls. Undefined when it is not a valid one. */
export function readFromSessions(message: unknown): FromSessions | undefined {
  if (!isObject(message) || !isText(message['kind'])) return undefined;
  const check = Object.hasOwn(checks, message['kind'])
    ? checks[message['kind'] as Kind]
    : undefined;
  return check?.(message) === true ? (message as FromSessions) : undefined;
}
