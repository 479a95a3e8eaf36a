import { version } from '@livekit/agents';

import { OpenRtcError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { asyncToolsetsPatch } from './async-toolsets.js';
import { avatarRpcPatch } from './avatar-rpc.js';
import { brokenStreamsPatch } from './broken-streams.js';
import { callFieldsPatch } from './call-log-fields.js';
import { closedMixersPatch } from './closed-mixers.js';
import { deleteRoomPatch } from './delete-room.js';
import { earlyTextPatch } from './early-text.js';
import { endedStreamsPatch } from './ended-streams.js';
import { endingNoisePatch } from './ending-noise.js';
import { fallbackRecoveryPatch } from './fallback-recovery.js';
import { fallbackChildrenPatch } from './fallback-children.js';
import { ffiClientPatch } from './ffi-client.js';
import { firstStartPatch, secondSessionPatch } from './first-start.js';
import { firstSubscriptionPatch } from './first-subscription.js';
import { handOffPatch } from './hand-offs.js';
import { joinedContextPatch } from './joined-context.js';
import { leaveRoomPatch } from './leave-room.js';
import { longTextsPatch } from './long-texts.js';
import { loggedFailuresPatch } from './logged-failures.js';
import { lostRacesPatch } from './lost-races.js';
import { ownContextPatch, ownJobContextPatch } from './own-context.js';
import { providerOwnersPatch } from './provider-owners.js';
import { lostRecognitionsPatch } from './lost-recognitions.js';
import { askedSpeechPatch, failedSpeechPatch } from './provider-streams.js';
import { redactedLogsPatch } from './redacted-logs.js';
import { refusedHandOffsPatch } from './refused-hand-offs.js';
import { refusedModelsPatch } from './refused-models.js';
import { refusedStreamsPatch } from './refused-streams.js';
import { roomHandlesPatch } from './room-handles.js';
import { helpersPatch } from './sdk-helpers.js';
import { sdkLogger } from './sdk-logger.js';
import type { CallPatch, LoadPatch, ProcessPatch, UndoPatch } from './sdk-patch.js';
import { awayTimerPatch, taskTimersPatch } from './sdk-timers.js';
import { roomContextPatch, twoPeerConnectionsPatch } from './session-room.js';
import { sharedProvidersPatch } from './shared-provider.js';
import { sharedToolsetsPatch } from './shared-toolsets.js';
import { soundFilesPatch } from './sound-files.js';
import { workerStartsPatch } from './worker-starts.js';
import { turnStartPatch } from './turn-boundary.js';
import { unpublishedTracksPatch } from './unpublished-tracks.js';

const SUPPORTED = /^1\.9\./;

/** Patches of the whole process, in the order they are applied; undone in the opposite order. */
export const processPatches: readonly ProcessPatch[] = [
  redactedLogsPatch,
  taskTimersPatch,
  lostRacesPatch,
  providerOwnersPatch,
  sharedProvidersPatch,
  fallbackRecoveryPatch,
  fallbackChildrenPatch,
  failedSpeechPatch,
  brokenStreamsPatch,
  refusedStreamsPatch,
  askedSpeechPatch,
  lostRecognitionsPatch,
  endedStreamsPatch,
  endingNoisePatch,
  callFieldsPatch,
  loggedFailuresPatch,
  soundFilesPatch,
  closedMixersPatch,
  longTextsPatch,
  firstSubscriptionPatch,
  earlyTextPatch,
  avatarRpcPatch,
  unpublishedTracksPatch,
  ffiClientPatch,
  helpersPatch,
  // Over the helpers: what is refused is not noted as started.
  secondSessionPatch,
  refusedHandOffsPatch,
  refusedModelsPatch,
  sharedToolsetsPatch,
  asyncToolsetsPatch,
  // Last, so that what the other patches do to these methods is done as part of the call as well.
  ownContextPatch,
];

/**
 * Patches of the objects of one call. Not in this list: the hooks of agents, which are the user's own methods, are
 * wrapped by `watch/watch-hooks.ts`.
 */
export const callPatches: readonly CallPatch[] = [
  twoPeerConnectionsPatch,
  roomContextPatch,
  roomHandlesPatch,
  deleteRoomPatch,
  leaveRoomPatch,
  joinedContextPatch,
  firstStartPatch,
  ownJobContextPatch,
  handOffPatch,
  turnStartPatch,
  awayTimerPatch,
];

/** Patches for code that is loaded as the user's agents. Other code of the process is not affected by them. */
export const loadPatches: readonly LoadPatch[] = [workerStartsPatch];

interface AppliedPatch {
  readonly name: string;
  readonly undo: UndoPatch;
}

// Number of pools in this process that use the patches.
let users = 0;
let applied: AppliedPatch[] = [];
// Number of loads in progress.
let loads = 0;
let appliedToLoads: AppliedPatch[] = [];

/**
 * Prepares `@livekit/agents` for many calls in this process: applies {@link processPatches}. Must run outside any call,
 * before the first room is created.
 * @returns a function to call once, at the end; when the last pool calls it, the patches are undone
 * @throws OpenRtcError `CONFIG_UNSUPPORTED_SDK` for an unsupported version; nothing needs to be undone then
 */
export function prepareSdk(logger: Logger): () => Promise<void> {
  if (!SUPPORTED.test(version)) {
    throw new OpenRtcError(
      'CONFIG_UNSUPPORTED_SDK',
      `@livekit/agents ${version} is installed, but this version of OpenRTC runs on 1.9: npm install @livekit/agents@~1.9.0`,
    );
  }
  sdkLogger();
  users += 1;
  if (users === 1)
    applied = processPatches.map(({ name, apply }) => ({ name, undo: apply(logger) }));
  return async () => {
    users -= 1;
    if (users > 0) return;
    const ending = applied.splice(0);
    // Loaded code may act late, so these stay until the pool that it was loaded for has ended.
    if (loads === 0) ending.push(...appliedToLoads.splice(0));
    // All begin in this tick: a pool that starts meanwhile must not find some of them.
    await Promise.all(ending.reverse().map((patch) => undone(patch, logger)));
  };
}

/** Whether a pool of this process uses the SDK. */
export function sdkInUse(): boolean {
  return users > 0;
}

/**
 * Loads code of the user with {@link loadPatches}. They stay, so that they also affect what this code does later, and
 * are undone with the last pool that runs.
 * @param warn - reports that a patch could not be applied
 */
export async function withLoadPatches<Loaded>(
  warn: (message: string) => void,
  load: () => Promise<Loaded>,
): Promise<Loaded> {
  if (appliedToLoads.length === 0)
    appliedToLoads = loadPatches.map(({ name, apply }) => ({ name, undo: apply(warn) }));
  loads += 1;
  try {
    return await load();
  } finally {
    loads -= 1;
  }
}

async function undone({ name, undo }: AppliedPatch, logger: Logger): Promise<void> {
  try {
    await undo();
  } catch (error) {
    logger.warn({ error, patch: name }, 'a patch of the SDK was not undone');
  }
}
