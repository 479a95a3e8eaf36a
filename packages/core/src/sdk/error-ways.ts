import type { EventEmitter } from 'node:events';

import { llm, stt, tts } from '@livekit/agents';

import type { CurrentCall } from './current-call.js';
import { fallbackOf, isTried } from './fallback-children.js';
import { reportUnheard } from './provider-failures.js';

/*
 * Providers may be inside of others: the SDK wraps a TTS that cannot stream in an adapter, and a fallback adapter has
 * several. The outer one emits the errors of the inner one again, or keeps them to itself.
 */

/** The providers that have emitted one error so far, the innermost first. */
export interface ErrorWay {
  readonly emitters: EventEmitter[];
  /** True once a session has heard of it. */
  heard: boolean;
}

const ways = new WeakMap<object, ErrorWay>();

/** The way of an error that is emitted now. */
export function wayOf(event: unknown): ErrorWay {
  if (!isObject(event)) return { emitters: [], heard: false };
  const known = ways.get(event);
  if (known !== undefined) return known;
  const way: ErrorWay = { emitters: [], heard: false };
  ways.set(event, way);
  return way;
}

/** Forgets the way: the same event may be emitted again. */
export function forgetWay(event: unknown): void {
  if (isObject(event)) ways.delete(event);
}

/** Notes that a session has heard of an error. It is reported by whoever watches the session. */
export function noteHeard(event: unknown): void {
  const way = isObject(event) ? ways.get(event) : undefined;
  if (way !== undefined) way.heard = true;
}

/**
 * The event as a provider passes it on. The fallback adapter of the SDK passes the errors of its providers on as they
 * are: its session would take each for the end of all, and close after the fourth while another provider speaks.
 * Undefined for an error that nobody needs to hear: the adapter asks a provider that has failed whether it is back.
 */
export function passedOn(provider: EventEmitter, way: ErrorWay, event: unknown): unknown {
  if (!isObject(event) || !(provider instanceof tts.FallbackAdapter)) return event;
  const child = way.emitters.find((each) => fallbackOf(each) === provider);
  if (child === undefined) return event;
  if (!isTried(child)) return undefined;
  const passed = { ...event, recoverable: true };
  ways.set(passed, way);
  return passed;
}

/**
 * Reports an error of which no session has heard to the call.
 * @param heard - true when somebody listens to the provider that has failed
 */
export function reportIfUnheard(
  call: CurrentCall,
  { emitters, heard: bySession }: ErrorWay,
  event: unknown,
  heard: boolean,
): void {
  if (bySession) return;
  const child = emitters.find((each) => fallbackOf(each) !== undefined);
  if (child !== undefined && !isTried(child)) return;
  // Code that listens to its own provider deals with the error itself. A provider that passes it on does not.
  if (heard && child === undefined && emitters.length === 1) return;
  const recoverable = child !== undefined || isRecoverable(event);
  if (reportUnheard(call, { event, recoverable, wordsLost: false }) || heard) return;
  const ended = call.end.outcome !== undefined;
  call.logger.warn(
    { error: errorOf(event) },
    ended
      ? 'a provider failed after its call had ended'
      : 'a provider failed, and nothing listens to it',
  );
}

/**
 * What listeners of a provider expect. A plugin may emit a string, null, or its error alone: the SDK fails where it reads
 * that, or closes its session for it and tells nobody why.
 */
export function asEvent(provider: EventEmitter, said: unknown): object {
  const type = typeOf(provider);
  if (isObject(said) && (type === undefined || 'type' in said)) return said;
  const event = { error: errorOf(said), recoverable: isRecoverable(said), timestamp: Date.now() };
  return type === undefined ? event : { ...event, type, label: labelOf(provider) };
}

function typeOf(provider: EventEmitter): string | undefined {
  if (provider instanceof stt.STT) return 'stt_error';
  if (provider instanceof tts.TTS) return 'tts_error';
  if (provider instanceof llm.LLM) return 'llm_error';
  return provider instanceof llm.RealtimeSession ? 'realtime_model_error' : undefined;
}

/** It is a property of some kinds of providers, and a method of others. */
function labelOf(provider: EventEmitter): unknown {
  const owner = provider instanceof llm.RealtimeSession ? provider.realtimeModel : provider;
  const { label } = owner as { label?: unknown };
  return typeof label === 'function' ? (Reflect.apply(label, owner, []) as unknown) : label;
}

/** The SDK wraps the error in an event with a label and a time. */
export function errorOf(event: unknown): unknown {
  return isObject(event) && 'error' in event ? event.error : event;
}

/** The sessions of realtime models emit errors as providers do. */
export const realtimeSession: object = llm.RealtimeSession.prototype;

function isRecoverable(event: unknown): boolean {
  return isObject(event) && 'recoverable' in event && event.recoverable === true;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
