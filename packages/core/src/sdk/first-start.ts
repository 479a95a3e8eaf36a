import { voice } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { hasMaker } from './belongings.js';
import { type CurrentCall, currentCall } from './current-call.js';
import type { CallPatch, ProcessPatch, UndoPatch } from './sdk-patch.js';

/** Leaves the start of a call's session to OpenRTC. */
export const firstStartPatch: CallPatch = {
  scope: 'call',
  name: 'first-start',
  why: 'A session that was started with another agent ignores the next start; one that is closed before it was started starts all the same.',
  versions: '@livekit/agents 1.9',
  apply: holdStart,
  undo: 'It ends with the session.',
};

/** Refuses a second session in the room of a call before the call's own is started. */
export const secondSessionPatch: ProcessPatch = {
  scope: 'process',
  name: 'second-session',
  why: 'Lines of a LiveKit entry, copied to setup(), start a session of their own, and that of the call cannot start any more.',
  versions: '@livekit/agents 1.9',
  apply: refuseSecondSessions,
};

const STARTS =
  'setup() must not start the session: OpenRTC starts it, with the registered agent, when setup() is done.';
const CHOOSES =
  'setup() must not choose the agent: OpenRTC starts the session with the registered one. Choose it in the factory that you register, or in the router.';
const HAS_STARTED =
  'session.start() has no effect: OpenRTC has started the session, with the registered agent';
const SECOND =
  'A second session was started in the room before the session of the call: setup() gets that one, and OpenRTC starts it with the registered agent.';

type Start = voice.AgentSession['start'];

// Calls whose session is not started yet.
const starting = new WeakSet<CurrentCall>();

/** Says that a call begins: until its own session starts, no other one may start in its room. */
export function beginsCall(call: CurrentCall): void {
  starting.add(call);
}

/**
 * Holds back everything that only means something when the session runs, until OpenRTC starts it: `start()` and
 * `updateAgent()` fail the call, `close()` and `shutdown()` end it. Later calls of `start()` do nothing, as in the SDK, and
 * `close()` ends the call and returns at once.
 * @returns starts the session; to be called once
 */
export function holdStart(session: voice.AgentSession, call: CurrentCall): Start {
  const { end, logger } = call;
  const start = session.start.bind(session);
  const close = session.close.bind(session);
  const shutdown = session.shutdown.bind(session);
  const updateAgent = session.updateAgent.bind(session);
  let state: 'held' | 'due' | 'started' = 'held';
  session.start = (options) => {
    if (state === 'held') return refused(call, STARTS);
    if (state === 'due') {
      state = 'started';
      return start(options);
    }
    logger.warn({}, HAS_STARTED);
    return Promise.resolve();
  };
  session.updateAgent = (agent) => {
    if (state === 'held') throw failed(call, CHOOSES);
    updateAgent(agent);
  };
  session.close = () => {
    if (end.outcome !== undefined) return close();
    // The end of the call closes it. Whoever waits for that in a tool would wait for itself.
    end.because('agent_shutdown', voice.CloseReason.USER_INITIATED);
    return Promise.resolve();
  };
  session.shutdown = (options) => {
    if (state === 'held')
      end.because('agent_shutdown', options?.reason ?? voice.CloseReason.USER_INITIATED);
    shutdown(options);
  };
  closeWhenStarted(session, logger);
  return (options) => {
    starting.delete(call);
    state = 'due';
    // Not `start` itself: setup() may have wrapped it.
    return session.start(options);
  };
}

/** What is used of a session that is not in its types. */
interface SessionInternals {
  _startImpl?: (...args: unknown[]) => Promise<void>;
  closeImpl?: (...args: unknown[]) => Promise<void>;
  readonly closingTask?: unknown;
}

/**
 * Lets a session that is to close while it starts, as by `shutdown()` in `onEnter()`, start first. Otherwise the SDK stops
 * its agent and tells nobody, and then says that it has started.
 */
function closeWhenStarted(session: voice.AgentSession, logger: Logger): void {
  const internals = session as unknown as SessionInternals;
  const { _startImpl: startImpl, closeImpl } = internals;
  if (typeof startImpl !== 'function' || typeof closeImpl !== 'function') {
    logger.warn({}, 'unknown version of the SDK: a session that closes while it starts stays open');
    return;
  }
  let started: Promise<unknown> = Promise.resolve();
  internals._startImpl = (...args) => {
    const start = startImpl.apply(session, args);
    // It fails for whoever has started the session.
    started = start.catch(() => {});
    return start;
  };
  internals.closeImpl = async (...args) => {
    await started;
    return closeImpl.apply(session, args);
  };
}

/** Whether a session closes, or waits for its start to close. */
export function isClosing(session: voice.AgentSession): boolean {
  return Boolean((session as unknown as SessionInternals).closingTask);
}

// The SDK has one session in a room: the start of the second would fail, and name neither of them.
function refuseSecondSessions(logger: Logger): UndoPatch {
  const { prototype } = voice.AgentSession;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'start');
  const start: unknown = descriptor?.value;
  if (descriptor === undefined || typeof start !== 'function') {
    logger.warn({}, 'unknown version of the SDK: a second session is not refused in setup()');
    return () => {};
  }
  const value: Start = function (this: voice.AgentSession, options) {
    const call = currentCall();
    const mine = call !== undefined && starting.has(call) && options.room === call.ctx.room;
    if (mine && !hasMaker(this)) return refused(call, SECOND);
    return Reflect.apply(start, this, [options]) as Promise<void>;
  };
  Object.defineProperty(prototype, 'start', { ...descriptor, value });
  return () => void Object.defineProperty(prototype, 'start', descriptor);
}

/** Fails the call, also when the code that did it does not wait for the answer. */
function refused(call: CurrentCall, message: string): Promise<never> {
  const answer = Promise.reject(failed(call, message));
  answer.catch(() => {});
  return answer;
}

function failed({ end }: CurrentCall, message: string): OpenRtcError {
  const error = new OpenRtcError('SESSION_SETUP_FAILED', message);
  end.failed(error);
  return error;
}
