import { printable } from '../base/printable.js';
import type { Call } from '../call/call.js';
import { currentCall } from './current-call.js';

/** The call that code runs for, as `currentCall()` returns it. */
export interface CallContext extends Call {
  /** The call as fields for a log line. The room is made printable, because its name may come from a caller. */
  readonly logFields: Readonly<Record<'jobId' | 'agent' | 'tenant' | 'room', string>>;
}

const known = new WeakMap<Call, CallContext>();

/**
 * The call that the current code runs for: in factories, `setup()`, hooks, tools, event handlers of the session and its
 * room, and in everything asynchronous that these start, also after the call has ended. Undefined anywhere else; it is
 * never another call. A timer or a socket that calls share belongs to the call that has created it, or to none.
 */
export function callContext(): CallContext | undefined {
  const call = currentCall();
  if (call === undefined) return undefined;
  let context = known.get(call);
  if (context === undefined) {
    const { jobId, agent, tenant, room } = call;
    const logFields = Object.freeze({ jobId, agent, tenant, room: printable(room) });
    context = Object.freeze({ jobId, agent, tenant, room, logFields });
    known.set(call, context);
  }
  return context;
}
