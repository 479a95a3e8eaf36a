import type { Logger } from '../base/logger.js';
import { asForeignListener, isLeftExit } from './left-exit.js';

/*
 * Many programs have a listener such as `process.on('uncaughtException', (e) => { log(e); process.exit(1); })`. Node calls
 * every listener, and one that exits or throws ends the process with all of its calls. So while a pool handles the
 * process, an error that a call is blamed for is not shown to other listeners: it has been handled, and ends that call.
 * For any other error they are called; what they throw is logged, and their `process.exit()` leaves it to the worker,
 * which drains (`left-exit.ts`).
 */

/** The two events, with the words for the log. */
const ORIGINS = {
  uncaughtException: 'uncaught exception',
  unhandledRejection: 'unhandled rejection',
} as const;

// Node shows each uncaught exception to it first. One that throws ends the process.
const MONITOR = 'uncaughtExceptionMonitor';

type Event = keyof typeof ORIGINS;
type Listener = (...args: unknown[]) => unknown;
type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Handles one error. Returns true when a call was blamed for it, or when it is nobody's. */
export type OnUncaught = (error: unknown, origin: string) => boolean;

interface Handler {
  readonly onUncaught: OnUncaught;
  readonly logger: Logger;
}

const handlers = new Set<Handler>();

/**
 * Handles uncaught exceptions and unhandled rejections before the listeners of others do. With several pools in a
 * process, the first that says so has handled an error.
 * @returns a function that ends it; the listeners of others are then called as before
 */
export function handleUncaught(onUncaught: OnUncaught, logger: Logger): () => void {
  const handler = { onUncaught, logger };
  handlers.add(handler);
  if (handlers.size === 1) uninstall = install();
  return () => {
    handlers.delete(handler);
    if (handlers.size === 0) uninstall();
  };
}

let uninstall: () => void = () => {};

function install(): () => void {
  const inherited = !Object.hasOwn(process, 'emit');
  const original = Reflect.get(process, 'emit') as Emit;
  let active = true;
  const emit: Emit = function emit(event, ...args) {
    if (active && event === MONITOR) return emitEach(event, args, isAnyOther);
    if (!active || !isUncaught(event)) return Reflect.apply(original, process, [event, ...args]);
    if (!handle(event, args[0])) emitEach(event, args, isForeign);
    return true;
  };
  Reflect.set(process, 'emit', emit);
  // Other code counts the listeners to see whether an error would end the process; and it may have replaced `emit`.
  for (const [event, listener] of ownListeners) process.on(event, listener);
  return () => {
    active = false;
    for (const [event, listener] of ownListeners) process.off(event, listener);
    // Other code may have replaced it with a function that calls this one.
    if (Reflect.get(process, 'emit') !== emit) return;
    if (inherited) Reflect.deleteProperty(process, 'emit');
    else Reflect.set(process, 'emit', original);
  };
}

const ownListeners = (Object.keys(ORIGINS) as Event[]).map(
  (event) => [event, (error: unknown) => void handle(event, error)] as const,
);

/** Every pool that does not know the call drains: its process can no longer be trusted. */
function handle(event: Event, error: unknown): boolean {
  for (const { onUncaught } of handlers) if (onUncaught(error, ORIGINS[event])) return true;
  return false;
}

/** As `emit()` does, but a listener that throws does not end the process and keeps no other from being called. */
function emitEach(event: string, args: unknown[], which: (listener: Listener) => boolean): boolean {
  const listeners = (process.rawListeners(event as Event) as Listener[]).filter(which);
  for (const listener of listeners) {
    try {
      asForeignListener((): unknown => Reflect.apply(listener, process, args));
    } catch (error) {
      if (isLeftExit(error)) continue;
      for (const { logger } of handlers)
        logger.error(
          { error, listener: nameOf(listener) },
          `a listener of the process for '${event}' threw: the process goes on, because its calls do`,
        );
    }
  }
  return listeners.length > 0;
}

const isAnyOther = (): boolean => true;

function isForeign(listener: Listener): boolean {
  return !ownListeners.some(([, own]) => own === listener);
}

function isUncaught(event: string | symbol): event is Event {
  return typeof event === 'string' && Object.hasOwn(ORIGINS, event);
}

/** Warns of listeners of others. More may be added later, but at the start there is somebody who reads it. */
export function warnOfOthers(logger: Logger): void {
  const others = (Object.keys(ORIGINS) as Event[]).flatMap((event) =>
    (process.rawListeners(event) as Listener[])
      .filter(isForeign)
      .map((listener) => `${event}: ${nameOf(listener)}`),
  );
  if (others.length > 0)
    logger.warn(
      { listeners: others },
      'this process has listeners of its own for uncaught errors: they are not called for an error of a call, which ends that call only. For any other error they are called, but process.exit() in them is left to the worker, which drains. Errors of calls are in the log and in onSessionEnd of the observers.',
    );
  if (process.hasUncaughtExceptionCaptureCallback())
    logger.warn(
      {},
      'process.setUncaughtExceptionCaptureCallback() is in use: uncaught errors go there, and do not end the calls they come from',
    );
}

function nameOf(listener: Listener): string {
  const { name } = (listener as { listener?: Listener }).listener ?? listener;
  return name === '' ? '(no name)' : name;
}
