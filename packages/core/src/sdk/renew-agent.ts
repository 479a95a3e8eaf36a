import { beta, voice } from '@livekit/agents';

import type { AgentClass } from '../agents/agent-options.js';
import { type AgentModels, modelsOf } from './agent-models.js';

/** What the constructor of the new code has given to the SDK. */
export interface RenewedOptions {
  readonly instructions: voice.Agent['instructions'];
  readonly tools: voice.Agent['toolCtx']['tools'];
  readonly models: AgentModels;
}

/** An agent that has the code of another class. */
export interface RenewedAgent {
  /** What the session has to be told. Undefined when the constructor was not run. */
  readonly options: RenewedOptions | undefined;
  /** Gives the agent its old code back. What it has stored in its fields meanwhile stays. */
  readonly undo: () => void;
}

/** The construction that runs now; it is synchronous. */
interface Seat {
  readonly live: voice.Agent;
  readonly next: AgentClass;
  readonly base: AgentClass;
  options: RenewedOptions | undefined;
}

let seat: Seat | undefined;

/*
 * Stands in for the base class while the constructor of the new class runs on the live agent. One function for all that
 * closes over nothing: V8 keeps the constructor of each class's first object, and so one carrier a renewal would keep
 * every class that there ever was.
 */
function Carrier(this: unknown, ...args: unknown[]): object {
  const now = seat;
  if (now === undefined) throw new TypeError('no agent is being renewed');
  const built = Reflect.construct(now.base, args, new.target ?? now.base) as voice.Agent;
  // The constructor may build other agents of the same base.
  if ((new.target as unknown) !== now.next || now.options !== undefined) return built;
  now.options = {
    instructions: built._instructions,
    tools: built._toolCtx.tools,
    models: modelsOf(built),
  };
  return now.live;
}

/**
 * Gives a live agent the code of another class: methods, hooks and nodes at once; fields that are new; functions in
 * fields. Fields that the agent has keep their values, and so does everything that the SDK keeps in it. Nothing has
 * changed when it throws.
 * @param next - the class; it must not have been used for this agent before if it has `#private` members
 * @param construct - runs the constructor, synchronously: `() => new next()`, or a factory. Undefined when the arguments
 * of the constructor are not known: then only methods, hooks and nodes change
 * @throws the error of the constructor; an Error when `construct` has not constructed `next`
 */
export function renewAgent(
  live: voice.Agent,
  next: AgentClass,
  construct: (() => unknown) | undefined,
): RenewedAgent {
  const before = Object.getOwnPropertyDescriptors(live) as Fields;
  const oldPrototype: unknown = Object.getPrototypeOf(live);
  if (construct === undefined) {
    Object.setPrototypeOf(live, next.prototype as object);
    return {
      options: undefined,
      undo: () => void Object.setPrototypeOf(live, oldPrototype as object),
    };
  }
  const options = constructOn(live, next, construct, before);
  for (const key of Reflect.ownKeys(before))
    if (!isCode(key, before[key]) || !isCode(key, Object.getOwnPropertyDescriptor(live, key)))
      Object.defineProperty(live, key, before[key] as PropertyDescriptor);
  const added = Reflect.ownKeys(live).filter((key) => !(key in before));
  return {
    options,
    undo: () => {
      Object.setPrototypeOf(live, oldPrototype as object);
      for (const key of Reflect.ownKeys(before))
        if (isCode(key, before[key]))
          Object.defineProperty(live, key, before[key] as PropertyDescriptor);
      for (const key of added)
        if (isCode(key, Object.getOwnPropertyDescriptor(live, key)))
          Reflect.deleteProperty(live, key);
    },
  };
}

type Fields = Record<PropertyKey, PropertyDescriptor>;

/** Runs the constructor on the live agent. All fields that it declares have their first values then. */
function constructOn(
  live: voice.Agent,
  next: AgentClass,
  construct: () => unknown,
  before: Fields,
): RenewedOptions {
  if (seat !== undefined) throw new Error('another agent is being renewed');
  const oldPrototype: unknown = Object.getPrototypeOf(live);
  const [top, base] = lastNew(next, live);
  const now: Seat = { live, next, base, options: undefined };
  try {
    seat = now;
    Object.setPrototypeOf(live, next.prototype as object);
    Object.setPrototypeOf(top, Carrier);
    construct();
    if (now.options === undefined)
      throw new Error(`${next.name || 'the class'} was not constructed at once`);
    return now.options;
  } catch (error) {
    for (const key of Reflect.ownKeys(live))
      if (!(key in before)) Reflect.deleteProperty(live, key);
    Object.defineProperties(live, before);
    Object.setPrototypeOf(live, oldPrototype as object);
    throw error;
  } finally {
    Object.setPrototypeOf(top, base);
    seat = undefined;
  }
}

/**
 * The last class above `next` that is new to the agent, and what it extends: the SDK's class, or one whose code has not
 * changed. That one has constructed the agent already, and a second time its `#private` members would throw.
 */
function lastNew(
  next: AgentClass,
  live: voice.Agent,
): readonly [top: AgentClass, base: AgentClass] {
  let top = next;
  for (;;) {
    const base = Object.getPrototypeOf(top) as AgentClass;
    if (isOfSdk(base) || live instanceof base) return [top, base];
    top = base;
  }
}

/** True for an agent class of the SDK itself. */
function isOfSdk(agentClass: unknown): boolean {
  return agentClass === voice.Agent || classesOfSdk().has(agentClass);
}

let found: ReadonlySet<unknown> | undefined;

function classesOfSdk(): ReadonlySet<unknown> {
  found ??= new Set(
    [voice, beta, ...Object.values(beta)]
      .flatMap((each) => (typeof each === 'object' ? Object.values(each) : [each]))
      .filter((each) => typeof each === 'function' && each.prototype instanceof voice.Agent),
  );
  return found;
}

/** Functions in fields are code. What the SDK keeps in an agent is not, whatever it is. */
function isCode(key: PropertyKey, descriptor: PropertyDescriptor | undefined): boolean {
  return typeof descriptor?.value === 'function' && !String(key).startsWith('_');
}
