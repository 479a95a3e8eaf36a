/**
 * Carries messages between a pool and the process, container or machine that runs its calls. Messages
 * are JSON: a transport needs to know nothing about them. They arrive whole, once, and in order, or the
 * channel closes.
 */
export interface Channel {
  /** Never throws: what can no longer be delivered is dropped, and `onClose` tells. */
  send(message: object): void;
  /** Listeners may be several; so many as there are get each message. */
  onMessage(listener: (message: unknown) => void): void;
  /** Tells each listener once that the other side is gone, or that {@link close} was called here. */
  onClose(listener: (why: string) => void): void;
  /** What was sent before still arrives. */
  close(): void;
}
