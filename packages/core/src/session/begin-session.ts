import type { JobContext, voice } from '@livekit/agents';

import type { AgentConfig } from '../agents/agent-options.js';
import { forTenant } from '../agents/for-tenant.js';
import { localAudio } from '../audio/local-audio.js';
import { RoomAudioInput, usesOwnAudioInput } from '../audio/room-audio-input.js';
import { OpenRtcError } from '../base/errors.js';
import { mergeOptions } from '../base/merge-options.js';
import type { PrewarmedCall } from '../call/call.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import { closedByItsMaker } from '../sdk/belongings.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { beginsCall, holdStart, isClosing } from '../sdk/first-start.js';
import { sameRoom } from '../sdk/session-room.js';
import { type CallWatch, watchCall } from '../watch/watch-call.js';
import { buildAgent } from './build-agent.js';
import { createSession } from './create-session.js';
import { greetCaller } from './greeting.js';
import { JoinDeadline } from './join-deadline.js';
import { joinRoom } from './join-room.js';
import { resolveNoiseCancellation } from './noise-cancellation.js';
import { recordingOf } from './recording.js';
import { checkOwnProviders, resolveProviders } from './resolve-providers.js';
import type { SessionRuntime } from './session-runtime.js';
import { setUp } from './set-up.js';
import { tenantOptions } from './tenant-options.js';
import { claimForTenant } from './tenant-providers.js';

/** Everything that {@link beginSession} has opened so far. The end of the call closes it, also after a failure. */
export interface OpenedSession {
  /** Settles when the agent has joined or cannot join, which may be after the end of the call. */
  joining?: Promise<void>;
  /** The session, not started yet or running. */
  session?: voice.AgentSession;
  /** The audio input, when it is OpenRTC's own. */
  audioInput?: voice.AudioInput;
  /** Reports what happens in the session. */
  watch?: CallWatch;
  /** Ends the changes of the call's code. */
  endChanges?: () => void;
}

/** Options of {@link beginSession}. */
export interface BeginOptions {
  /** The call to begin. */
  readonly call: CurrentCall;
  /** The facts about the call, as user code gets them. */
  readonly info: PrewarmedCall;
  /** The configuration of its agent. */
  readonly config: AgentConfig;
  /** Everything that the sessions of this process share. */
  readonly runtime: SessionRuntime;
  /** True for a room that carries no audio. */
  readonly textOnly: boolean;
  /** Filled with everything that is opened. */
  readonly opened: OpenedSession;
  /** Receives the events of the session. */
  readonly report: ReportSessionEvent;
  /** Called when the agent has joined its room, with the `inputOptions` of the session. */
  readonly onJoined: (roomInput: Partial<voice.RoomInputOptions>) => void;
}

/**
 * Begins a call: build the agent, join the room, set up, start the session, greet. Must run inside the call's context.
 * @throws OpenRtcError `SESSION_*` when a step fails; CallEnded when the call ended meanwhile
 */
export async function beginSession(options: BeginOptions): Promise<void> {
  const { call, info, opened } = options;
  const { ctx, end } = call;
  const deadline = new JoinDeadline(end, options.runtime.limits.joinTimeoutMs);
  const { tenant, config, defaults } = await deadline.run(
    'SESSION_TENANT_FAILED',
    'The tenant was not found',
    () => tenantOptions(options.config, options.runtime, info.tenant),
    () => 'SESSION_TENANT_FAILED',
  );
  const runtime = { ...options.runtime, defaults };
  const { generation } = runtime.live;
  beginsCall(call);

  // User code runs first, so that a call whose agent cannot be built never appears in its room.
  let agentIsBuilt = false;
  const [agent, providers, { roomInput, roomOutput }] = await deadline.run(
    'SESSION_START_FAILED',
    'The agent was not built',
    () =>
      Promise.all([
        buildAgent(config, info).finally(() => (agentIsBuilt = true)),
        resolveProviders(config, runtime.defaults, info),
        roomOptionsOf({ ...options, config, runtime }),
      ]),
    // Time for which this process had no CPU does not count, so it is the factory that hangs.
    () => (agentIsBuilt ? 'SESSION_PROVIDER_FAILED' : 'SESSION_AGENT_FAILED'),
  );
  checkOwnProviders(agent, config.name);
  if (tenant !== undefined) claimForTenant(providers, info.tenant, tenant);
  await deadline.run(
    'SESSION_JOIN_FAILED',
    'The room was not joined',
    () => (opened.joining = joinRoom(call)),
  );
  await checkRoom(ctx, deadline);

  options.onJoined(roomInput);
  const local = options.textOnly ? localAudioOf(options) : undefined;
  if (options.textOnly) {
    roomInput.audioEnabled = false;
    roomOutput.audioEnabled = false;
  }
  const ownInput = usesOwnAudioInput(roomInput);
  const audioInput = local !== undefined || roomInput.audioEnabled !== false;
  const session = closedByItsMaker(
    createSession({ agent, providers, config, runtime, audioInput }),
  );
  opened.session = session;
  opened.watch = watchCall(session, agent, call, options.report);
  opened.endChanges = runtime.live.add({
    info,
    config,
    ofTenant: (next) =>
      tenant === undefined ? next : forTenant({ config: next, defaults }, tenant).config,
    session,
    hooks: opened.watch.hooks,
    generation,
    onChange: (event) => {
      options.report(event).catch((error: unknown) => {
        call.logger.warn({ error }, 'a change of the code of the call could not be reported');
      });
    },
    onWarning: (error, message) => call.logger.warn({ error }, message),
  });
  if (ownInput) {
    opened.audioInput = new RoomAudioInput(ctx.room, roomInput);
    session.input.audio = opened.audioInput;
  }
  if (local !== undefined) {
    opened.audioInput = local.input;
    session.input.audio = local.input;
    session.output.audio = local.output;
  }
  const start = holdStart(session, call);
  const steps = { userData: config.userData, setups: [runtime.setup, config.setup] };
  await setUp(steps, session, call, info);
  await deadline.run(
    'SESSION_START_FAILED',
    'AgentSession.start() did not finish',
    () =>
      start({
        agent,
        room: ctx.room,
        // OpenRTC's own input is set already; the SDK would log a warning about it in every call.
        inputOptions: ownInput ? { ...roomInput, audioEnabled: false } : roomInput,
        outputOptions: roomOutput,
        record: recordingOf(config.record, runtime.warnOnce),
      }),
    () => 'SESSION_START_FAILED',
  );
  const greeting = config.greeting === undefined ? runtime.defaults.greeting : config.greeting;
  // An agent that ends the call in `onEnter()` has said its last words.
  if (greeting !== undefined && greeting !== null && !isClosing(session))
    greetCaller(call, info.participant?.identity, session, agent, greeting);
}

interface RoomOptions {
  readonly roomInput: Partial<voice.RoomInputOptions>;
  readonly roomOutput: Partial<voice.RoomOutputOptions>;
}

async function roomOptionsOf({ call, info, config, runtime }: BeginOptions): Promise<RoomOptions> {
  const { noiseCancellation: option, ...input } = mergeOptions(
    runtime.defaults.roomInput,
    config.roomInput,
  );
  const noiseCancellation = await resolveNoiseCancellation(option, info, call, runtime.warnOnce);
  return {
    roomInput: {
      // A room may have several such jobs, each for a different participant.
      ...(info.participant === undefined ? {} : { participantIdentity: info.participant.identity }),
      ...input,
      ...(noiseCancellation === undefined ? {} : { noiseCancellation }),
    },
    roomOutput: mergeOptions(runtime.defaults.roomOutput, config.roomOutput),
  };
}

function localAudioOf({ runtime, info }: BeginOptions) {
  const devices = runtime.audioDevices?.(info);
  return devices === undefined ? undefined : localAudio(devices);
}

/** Joining a room that was deleted creates a new one, with a new sid: the agent must leave it at once. */
async function checkRoom(ctx: JobContext, deadline: JoinDeadline): Promise<void> {
  const expected = ctx.job.room?.sid;
  const actual = await deadline.run('SESSION_JOIN_FAILED', 'The room had no id', () =>
    ctx.room.getSid(),
  );
  if (sameRoom(expected, actual)) return;
  throw new OpenRtcError(
    'SESSION_WRONG_ROOM',
    `The room was deleted before the agent joined: the job is for ${expected}, the room there now is ${actual}.`,
  );
}
