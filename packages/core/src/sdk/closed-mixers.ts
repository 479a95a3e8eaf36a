import { AudioMixer } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/** Makes a mixer end when it is closed. */
export const closedMixersPatch: ProcessPatch = {
  scope: 'process',
  name: 'closed-mixers',
  why: 'A mixer that is closed while a stream has no audio goes on for ever, a thousand times a second.',
  versions: '@livekit/rtc-node 0.13',
  apply: endClosedMixers,
};

type Stream = Parameters<AudioMixer['addStream']>[0];

/** The parts of a mixer that matter here; its streams are not in its types. */
interface Mixer {
  readonly streams?: Iterable<Stream>;
  removeStream(stream: Stream): void;
}

interface MixerPrototype {
  aclose: (this: Mixer) => Promise<void>;
}

/** A mixer ends when it is closed and has no stream. So closing takes its streams. */
function endClosedMixers(logger: Logger): UndoPatch {
  const prototype = AudioMixer.prototype as unknown as MixerPrototype;
  const { aclose } = prototype;
  if (typeof aclose !== 'function') {
    logger.warn({}, 'unknown version of @livekit/rtc-node: closed audio mixers may go on');
    return nothingToUndo;
  }
  prototype.aclose = function () {
    const closed = aclose.call(this);
    for (const stream of this.streams ?? []) this.removeStream(stream);
    return closed;
  };
  return () => void (prototype.aclose = aclose);
}
