import { type AudioFrame, FrameProcessor, isFrameProcessor } from '@livekit/rtc-node';
import type { voice } from '@livekit/agents';

import type { RoomInput } from '../agents/agent-options.js';
import { OpenRtcError, messageOf } from '../base/errors.js';
import type { PrewarmedCall } from '../call/call.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { ownProvider } from './owned-providers.js';

type Processor = FrameProcessor<AudioFrame>;
type NoiseCancellation = NonNullable<voice.RoomInputOptions['noiseCancellation']>;

/*
 * A frame processor is an object with a state, that of the voice it hears. An audio input closes it. So a call gets one
 * that cannot be closed: what a factory has made is closed with the call, and what calls share stays open.
 */

/**
 * Finds the noise cancellation of a call. A factory is called once for each call.
 * @param warnOnce - is told when two live calls share a frame processor
 * @throws OpenRtcError `SESSION_PROVIDER_FAILED` when the factory throws or returns something else
 */
export async function resolveNoiseCancellation(
  option: RoomInput['noiseCancellation'],
  info: PrewarmedCall,
  call: CurrentCall,
  warnOnce: (message: string) => void,
): Promise<NoiseCancellation | undefined> {
  if (option === undefined || option === null) return undefined;
  if (typeof option === 'function') return build(option, info);
  if (!isProcessor(option)) return option;
  if (isSharedWith(option, call))
    warnOnce(
      'one frame processor of roomInput.noiseCancellation hears the callers of several calls at once: give each call its ' +
        'own, noiseCancellation: () => …',
    );
  return new KeptOpen(option);
}

async function build(
  factory: Extract<RoomInput['noiseCancellation'], (...args: never[]) => unknown>,
  info: PrewarmedCall,
): Promise<NoiseCancellation | undefined> {
  const what = `The noiseCancellation factory of agent '${info.agent}'`;
  let built: unknown;
  try {
    built = await factory(info);
  } catch (cause) {
    throw new OpenRtcError('SESSION_PROVIDER_FAILED', `${what} threw: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (built === undefined || built === null) return undefined;
  if (typeof built !== 'object')
    throw new OpenRtcError(
      'SESSION_PROVIDER_FAILED',
      `${what} must return what roomInput.noiseCancellation takes, or null, but returned a ${typeof built}`,
    );
  return isProcessor(built) ? new KeptOpen(ownProvider(built)) : (built as NoiseCancellation);
}

function isProcessor(value: unknown): value is Processor {
  return isFrameProcessor(value);
}

const heardBy = new WeakMap<Processor, Set<CurrentCall>>();

/** Whether another live call has the same processor. */
function isSharedWith(processor: Processor, call: CurrentCall): boolean {
  const calls = heardBy.get(processor) ?? new Set();
  heardBy.set(processor, calls.add(call));
  void call.end.reached.then(() => calls.delete(call));
  return calls.size > 1;
}

/** A frame processor that stays open when it is closed. */
class KeptOpen extends FrameProcessor<AudioFrame> {
  readonly #processor: Processor;

  constructor(processor: Processor) {
    super();
    this.#processor = processor;
  }

  override isEnabled(): boolean {
    return this.#processor.isEnabled();
  }

  override setEnabled(enabled: boolean): void {
    this.#processor.setEnabled(enabled);
  }

  override onStreamInfoUpdated(info: Parameters<Processor['onStreamInfoUpdated']>[0]): void {
    this.#processor.onStreamInfoUpdated(info);
  }

  override onStreamInfoCleared(): void {
    this.#processor.onStreamInfoCleared();
  }

  override onCredentialsUpdated(
    credentials: Parameters<Processor['onCredentialsUpdated']>[0],
  ): void {
    this.#processor.onCredentialsUpdated(credentials);
  }

  override onCredentialsCleared(): void {
    this.#processor.onCredentialsCleared();
  }

  override process(frame: AudioFrame): AudioFrame {
    return this.#processor.process(frame);
  }

  override close(): void {}
}
