/**
 * Carries messages between a pool and the process, container or machine that runs its calls. Every message can be
 * sent as JSON; a transport does not need to know what it means. Each message arrives complete, once and in order;
 * otherwise the channel closes.
 */
export interface Channel {
  /** Sends a message. Never throws: a message that can no longer be delivered is dropped, and `onClose` is called. */
  send(message: object): void;
  /** Adds a listener. There may be several, and each gets every message. */
  onMessage(listener: (message: unknown) => void): void;
  /** Adds a listener that is called once, with the reason: the other end is gone, or {@link close} was called here. */
  onClose(listener: (why: string) => void): void;
  /** Closes the channel. Messages that were sent before are still delivered. */
  close(): void;
}
