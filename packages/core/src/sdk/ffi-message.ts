/** The event name of the client of rtc-node. */
export const FFI_EVENT = 'ffi_event';

/** A message from or to the native library. */
export interface FfiMessage {
  /** Kind of the message. Undefined for a kind that these bindings do not know. */
  readonly case: string | undefined;
  /** Decoded content. */
  readonly value?: unknown;
}

/** An event of the native library. */
export interface FfiEvent {
  /** The message of the event. */
  readonly message: FfiMessage;
}

/** Reads the bigint at a path of properties of a decoded message. Undefined when there is none. */
export function bigintIn(message: unknown, ...path: readonly string[]): bigint | undefined {
  let at = message;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return typeof at === 'bigint' ? at : undefined;
}
