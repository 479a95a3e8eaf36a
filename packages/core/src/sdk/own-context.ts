import { JobContext, voice } from '@livekit/agents';

import type { Logger } from '../base/logger.js';
import { knownCallOf, ownerOf } from './agent-owners.js';
import { starterOf } from './belongings.js';
import { type CurrentCall, runAsCall } from './current-call.js';
import type { CallPatch, ProcessPatch, UndoPatch } from './sdk-patch.js';

/*
 * Callbacks of sockets, timers and emitters have the async context of the code that made them. So a client that calls
 * share, and that the first of them has made, acts in the context of that call for all of them: a subscriber that passes
 * messages on to the sessions, say. One that was made when the module was loaded acts in none. Whose call it is does not
 * depend on that: a session, a job context and an agent know their call.
 */

/** Runs what is asked of the objects of a call as part of that call. */
export const ownContextPatch: ProcessPatch = {
  scope: 'process',
  name: 'own-context',
  why: 'What a client that calls share does to the session of one call would run as the call that has made the client, or as none.',
  versions: '@livekit/agents 1.9',
  apply: bindToCalls,
};

/** The same for the job context. */
export const ownJobContextPatch: CallPatch = {
  scope: 'call',
  name: 'own-job-context',
  why: 'A participant entrypoint that a client adds which calls share would run as the call that has made the client, or as none.',
  versions: '@livekit/agents 1.9',
  apply: bindJobContext,
  undo: 'It ends with the job context.',
};

/** A class whose objects belong to calls. */
interface Owned {
  readonly prototype: object;
  /** The call that an object belongs to. */
  readonly callOf: (object: never) => CurrentCall | undefined;
  /** Its methods that are bound. Default: all. */
  readonly names?: readonly string[];
}

const bySession = ({ session }: { readonly session: object }) => knownCallOf(session);
const byAgentSession = ({ agentSession }: { readonly agentSession: object }) =>
  knownCallOf(agentSession);

const owned: readonly Owned[] = [
  { prototype: voice.AgentSession.prototype, callOf: knownCallOf },
  // The hooks of an agent, which are the rest, are called by its activity.
  {
    prototype: voice.Agent.prototype,
    callOf: ownerOf,
    names: ['updateChatCtx', 'updateInstructions', 'updateOptions', 'updateTools'],
  },
  { prototype: voice.AgentTask.prototype, callOf: ownerOf, names: ['complete'] },
  { prototype: voice.RunContext.prototype, callOf: bySession },
  { prototype: voice.RoomIO.prototype, callOf: byAgentSession },
  { prototype: voice.BackgroundAudioPlayer.prototype, callOf: starterOf, names: ['play', 'close'] },
];

type Method = (...args: unknown[]) => unknown;

function bindToCalls(logger: Logger): UndoPatch {
  const undo = owned.map((each) => bindMethods(each, logger));
  undo.push(bindActivities(logger));
  return () => {
    for (const restore of undo.toReversed()) restore();
  };
}

function bindMethods({ prototype, callOf, names }: Owned, logger: Logger): () => void {
  const of = callOf as (object: unknown) => CurrentCall | undefined;
  const wanted = names ?? Object.getOwnPropertyNames(prototype);
  const undo = wanted.map((name) =>
    replace(
      prototype,
      name,
      (method) =>
        function (this: unknown, ...args: unknown[]): unknown {
          const call = of(this);
          const run = () => Reflect.apply(method, this, args);
          return call === undefined ? run() : runAsCall(call, run);
        },
    ),
  );
  const missing = (names ?? []).filter((_name, at) => undo[at] === undefined);
  if (missing.length > 0) unknownVersion(logger, missing.join(', '));
  return () => {
    for (const restore of undo) restore?.();
  };
}

/** The events of a realtime model go to the activity of an agent. The SDK does not export its class. */
function bindActivities(logger: Logger): () => void {
  const undo = new Map<object, () => void>();
  const session = voice.AgentSession.prototype;
  // Is called for each agent that takes over, after its activity is made and before that starts.
  const name = '_conversationItemAdded';
  const restore = replace(
    session,
    name,
    (method) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const { activity } = this as { readonly activity?: object };
        const prototype: unknown = activity === undefined ? null : Object.getPrototypeOf(activity);
        if (typeof prototype === 'object' && prototype !== null && !undo.has(prototype))
          undo.set(prototype, bindMethods({ prototype, callOf: byAgentSession }, logger));
        return Reflect.apply(method, this, args);
      },
  );
  if (restore === undefined) unknownVersion(logger, name);
  return () => {
    restore?.();
    for (const each of undo.values()) each();
    undo.clear();
  };
}

/** Replaces a method. Returns the function that undoes it, or undefined when there is no such method. */
function replace(
  prototype: object,
  name: string,
  make: (method: Method) => Method,
): (() => void) | undefined {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  const method: unknown = descriptor?.value;
  if (descriptor === undefined || typeof method !== 'function' || name === 'constructor')
    return undefined;
  Object.defineProperty(prototype, name, { ...descriptor, value: make(method as Method) });
  return () => void Object.defineProperty(prototype, name, descriptor);
}

/** Binds the methods of the job context of a call, also those that other patches have replaced: call it after them. */
export function bindJobContext(call: CurrentCall): void {
  const { ctx } = call;
  const names = [...Object.getOwnPropertyNames(JobContext.prototype), ...Object.keys(ctx)];
  for (const name of new Set(names)) {
    if (name === 'constructor' || hasGetter(name)) continue;
    const method: unknown = Reflect.get(ctx, name);
    if (typeof method !== 'function') continue;
    const bound = (...args: unknown[]): unknown =>
      runAsCall(call, () => Reflect.apply(method, ctx, args));
    Reflect.set(ctx, name, bound);
  }
}

function hasGetter(name: string): boolean {
  return Object.getOwnPropertyDescriptor(JobContext.prototype, name)?.get !== undefined;
}

function unknownVersion(logger: Logger, method: string): void {
  logger.warn(
    { method },
    'unknown version of @livekit/agents: what code outside of a call asks of it may run as another call',
  );
}
