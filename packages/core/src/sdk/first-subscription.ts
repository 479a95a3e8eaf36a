import { LocalTrackPublication } from '@livekit/rtc-node';

import type { Logger } from '../base/logger.js';
import { currentCall } from './current-call.js';
import { type ProcessPatch, type UndoPatch, nothingToUndo } from './sdk-patch.js';

/** Makes the wait for the first subscriber of a track end with its call. */
export const firstSubscriptionPatch: ProcessPatch = {
  scope: 'process',
  name: 'first-subscription',
  why: 'A session whose caller left before it heard the agent waits for a subscriber, and cannot be closed.',
  versions: '@livekit/rtc-node 0.13',
  apply: endWaitWithCall,
};

interface PublicationPrototype {
  waitForSubscription: (this: object) => Promise<void>;
}

function endWaitWithCall(logger: Logger): UndoPatch {
  const prototype = LocalTrackPublication.prototype as unknown as PublicationPrototype;
  const { waitForSubscription } = prototype;
  if (typeof waitForSubscription !== 'function') {
    logger.warn(
      {},
      'unknown version of @livekit/rtc-node: a session that nobody heard closes late',
    );
    return nothingToUndo;
  }
  prototype.waitForSubscription = async function () {
    const call = currentCall();
    const subscribed = waitForSubscription.call(this);
    await (call === undefined ? subscribed : Promise.race([subscribed, call.end.reached]));
  };
  return () => void (prototype.waitForSubscription = waitForSubscription);
}
