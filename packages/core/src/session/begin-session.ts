import { type JobContext, voice } from '@livekit/agents';

import { OpenRtcError, isOpenRtcError, messageOf } from '../base/errors.js';
import type { AgentConfig } from '../agents/agent-options.js';
import type { PrewarmedCall } from '../call/call.js';
import { timeBox } from '../base/time-box.js';
import { buildAgent } from './build-agent.js';
import type { CurrentCall } from '../sdk/current-call.js';
import { markReported } from '../watch/reported-errors.js';
import { greet } from './greeting.js';
import { localAudio } from '../audio/local-audio.js';
import { recordingOf } from './recording.js';
import { isRealtime, resolveProviders } from './resolve-providers.js';
import { RoomAudioInput, usesOwnAudioInput } from '../audio/room-audio-input.js';
import { CallEnded, type SessionEnd } from '../call/session-end.js';
import type { ReportSessionEvent } from '../call/session-event.js';
import { SETUP_MS } from '../call/session-limits.js';
import type { SessionRuntime } from './session-runtime.js';
import { sameRoom } from '../sdk/session-room.js';
import { sessionVad } from './session-vad.js';
import { fallsBackToVad, turnHandling } from './turn-handling.js';
import { watchFaults } from '../watch/watch-faults.js';
import { UsageWatch } from '../watch/watch-usage.js';

/** What {@link beginSession} has opened so far; the end of the call closes it, also after a failure. */
export interface OpenedSession {
  /** Settles when the join has come to its end, which may be after the call's. */
  joining?: Promise<void>;
  session?: voice.AgentSession;
  audioInput?: voice.AudioInput;
  /** The SDK's session is up, and watches its caller itself. */
  started?: boolean;
  usage?: UsageWatch;
  /** Ends what watches for faults, see `watchFaults`. */
  stopWatching?: () => void;
}

export interface BeginOptions {
  readonly call: CurrentCall;
  readonly info: PrewarmedCall;
  readonly config: AgentConfig;
  readonly runtime: SessionRuntime;
  readonly textOnly: boolean;
  readonly opened: OpenedSession;
  readonly report: ReportSessionEvent;
  /** Called once the agent is in its room, with what the session will take as `inputOptions`. */
  readonly onJoined: (roomInput: Partial<voice.RoomInputOptions>) => void;
}

/**
 * From an empty room object to a greeted caller: build, join, set up, start, greet. Runs inside the
 * call's context.
 * @throws OpenRtcError `SESSION_*`; CallEnded when the call ended meanwhile.
 */
export async function beginSession(options: BeginOptions): Promise<void> {
  const { call, info, config, runtime, opened } = options;
  const { ctx, end } = call;
  const deadline = performance.now() + runtime.limits.joinTimeoutMs;
  const inTime = <T>(
    code: 'SESSION_JOIN_FAILED' | 'SESSION_START_FAILED',
    what: string,
    work: () => Promise<T>,
  ) => within(deadline, end, code, what, work);

  // User code first: a call whose agent cannot be built never appears in its room.
  const [agent, providers] = await inTime('SESSION_START_FAILED', 'The agent was not built', () =>
    Promise.all([buildAgent(config, info), resolveProviders(config, runtime.defaults, info)]),
  );
  await inTime(
    'SESSION_JOIN_FAILED',
    'The room was not joined',
    () => (opened.joining = ctx.connect()),
  );
  await checkRoom(ctx, (work) => inTime('SESSION_JOIN_FAILED', 'The room had no id', work));

  const roomInput = {
    // Several such jobs are in one room, each for a participant of its own.
    ...(info.participant === undefined ? {} : { participantIdentity: info.participant.identity }),
    ...runtime.defaults.roomInput,
    ...config.roomInput,
  };
  options.onJoined(roomInput);
  const roomOutput = { ...runtime.defaults.roomOutput, ...config.roomOutput };
  const local = options.textOnly ? localAudioOf(options) : undefined;
  if (options.textOnly) {
    roomInput.audioEnabled = false;
    roomOutput.audioEnabled = false;
  }
  const ownInput = usesOwnAudioInput(roomInput);
  const session = createSession(
    options,
    agent,
    providers,
    local !== undefined || roomInput.audioEnabled !== false,
  );
  opened.session = session;
  opened.stopWatching = watchFaults(session, agent, call, options.report);
  opened.usage = new UsageWatch(session, call, options.report);
  watchSession(session, call);
  if (ownInput) {
    opened.audioInput = new RoomAudioInput(ctx.room, roomInput);
    session.input.audio = opened.audioInput;
  }
  if (local !== undefined) {
    opened.audioInput = local.input;
    session.input.audio = local.input;
    session.output.audio = local.output;
  }
  await setUp(options, session);
  await inTime('SESSION_START_FAILED', 'AgentSession.start() did not finish', () =>
    session.start({
      agent,
      room: ctx.room,
      // Ours is in place already; the SDK would warn about it on every call.
      inputOptions: ownInput ? { ...roomInput, audioEnabled: false } : roomInput,
      outputOptions: roomOutput,
      record: recordingOf(config.record, runtime.warnOnce),
    }),
  );
  opened.started = true;
  const greeting = config.greeting === undefined ? runtime.defaults.greeting : config.greeting;
  if (greeting !== undefined && greeting !== null) greet(session, agent, greeting);
}

function localAudioOf({ runtime, info }: BeginOptions) {
  const devices = runtime.audioDevices?.(info);
  return devices === undefined ? undefined : localAudio(devices);
}

function createSession(
  options: BeginOptions,
  agent: voice.Agent,
  providers: Awaited<ReturnType<typeof resolveProviders>>,
  audioInput: boolean,
): voice.AgentSession {
  const { config, runtime } = options;
  const {
    stt: _stt,
    llm: _llm,
    tts: _tts,
    ...user
  } = { ...runtime.defaults.session, ...config.session };
  const realtime = isRealtime(agent.llm ?? providers.llm);
  const facts = { audioInput, realtime, turnDetector: runtime.models?.turnDetector ?? false };
  if (fallsBackToVad(user.turnHandling, facts)) {
    runtime.warnOnce(
      'turns end by VAD alone: npm install @openrtc/prewarm for the turn detector, or set turnHandling.turnDetection',
    );
  }
  const vad = sessionVad(user.vad, facts, runtime.models);
  return new voice.AgentSession({
    ...user,
    ...(vad === undefined ? {} : { vad }),
    ...providers,
    turnHandling: turnHandling(user.turnHandling, facts),
  });
}

/** Ends the call when its session closes by itself, and reports provider errors it survives. */
function watchSession(session: voice.AgentSession, call: CurrentCall): void {
  // An 'error' event nobody listens to would be thrown by the emitter.
  session.on(voice.AgentSessionEventTypes.Error, (event) => {
    const failure: unknown = event.error;
    markReported(failure, call.jobId);
    if (typeof failure === 'object' && failure !== null && 'error' in failure)
      markReported(failure.error, call.jobId);
    call.logger.warn({ error: failure }, 'a provider of the session failed');
  });
  session.on(voice.AgentSessionEventTypes.Close, ({ reason, error }) => {
    if (error !== null) {
      // The SDK wraps what the provider threw in a record of its own, which has no words.
      const cause = 'error' in error ? error.error : error;
      call.end.failed(
        new OpenRtcError(
          'SESSION_CLOSED_WITH_ERROR',
          `The session closed because a provider failed: ${messageOf(cause)}`,
          { cause },
        ),
      );
    } else if (reason === voice.CloseReason.PARTICIPANT_DISCONNECTED) {
      call.end.because('caller_left');
    } else {
      call.end.because('agent_shutdown', reason);
    }
  });
}

/** A room deleted before the join would be made anew by joining it, with a new sid: leave it at once. */
async function checkRoom(
  ctx: JobContext,
  inTime: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<void> {
  const expected = ctx.job.room?.sid;
  const actual = await inTime(() => ctx.room.getSid());
  if (sameRoom(expected, actual)) return;
  throw new OpenRtcError(
    'SESSION_WRONG_ROOM',
    `The room was deleted before the agent joined: the job is for ${expected}, the room there now is ${actual}.`,
  );
}

async function setUp(
  { call, info, runtime }: BeginOptions,
  session: voice.AgentSession,
): Promise<void> {
  const { setup } = runtime;
  if (setup === undefined) return;
  const work = (async () => setup(call.ctx, session, info))();
  const ran = await timeBox(SETUP_MS, () => call.end.orEnded(work));
  switch (ran.kind) {
    case 'done':
      if (ran.value !== undefined) session.userData = ran.value;
      break;
    case 'failed':
      if (ran.error instanceof CallEnded) throw ran.error;
      throw new OpenRtcError('SESSION_SETUP_FAILED', `setup() threw: ${messageOf(ran.error)}`, {
        cause: ran.error,
      });
    case 'timeout':
      work.catch((error: unknown) =>
        call.logger.error({ error }, 'setup() failed after its time was up'),
      );
      throw new OpenRtcError('SESSION_SETUP_FAILED', `setup() was not done within ${SETUP_MS} ms.`);
  }
}

async function within<T>(
  deadline: number,
  end: SessionEnd,
  code: 'SESSION_JOIN_FAILED' | 'SESSION_START_FAILED',
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  // In this order the time box ends with the call and leaves no timer behind.
  const ran = await timeBox(Math.max(0, deadline - performance.now()), () => end.orEnded(work()));
  switch (ran.kind) {
    case 'done':
      return ran.value;
    case 'timeout':
      throw new OpenRtcError('SESSION_JOIN_TIMEOUT', `${what} before the join deadline.`);
    case 'failed':
      if (isOpenRtcError(ran.error) || ran.error instanceof CallEnded) throw ran.error;
      throw new OpenRtcError(code, `${what}: ${messageOf(ran.error)}`, { cause: ran.error });
  }
}
