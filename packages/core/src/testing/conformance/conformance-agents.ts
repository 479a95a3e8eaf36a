import { type JobContext, getJobContext, voice } from '@livekit/agents';
import { createHash } from 'node:crypto';

import type { AgentOptions, SessionSetup } from '../../agents/agent-options.js';
import type { PrewarmedCall, SessionInfo } from '../../call/call.js';
import { reportOfCall } from '../../worker/session-reports.js';
import { EchoLLM } from '../providers/echo-llm.js';
import { allSamples } from './event-samples.js';

/** What the agents of the suite say first. */
export const GREETING = 'Welcome.';

/** What the agents throw. */
export const WORDS = {
  constructor: 'the constructor has no key',
  provider: 'the model is on fire',
  prewarm: 'the shared model is missing',
  hook: 'the hook has tripped',
} as const;

/** What an agent knows about its call and its process, asked for with the words `facts`. */
export interface CallFacts {
  readonly jobId: string;
  readonly agent: string;
  readonly tenant: string;
  readonly identity: string;
  readonly workerId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** SHA-256 of the metadata of job and room, as the `Job` has them. */
  readonly jobMetadataHash: string;
  readonly roomMetadataHash: string;
  /** An int64 of the `Job`, in words: `bigint 1764000000`. */
  readonly creationTime: string;
  /** Enums of the `Job`. */
  readonly type: number;
  readonly status: number;
  /** `ctx.proc.userData` and `session.userData`. */
  readonly processData: unknown;
  readonly sessionData: unknown;
  /** The facts of the call as a provider factory and `setup()` were given them. */
  readonly info: SessionInfo;
  readonly setUpInfo: SessionInfo | undefined;
}

/** A conversation of the suite: does what it is told, in the words of the caller. */
export class ObedientAgent extends voice.Agent {
  constructor() {
    super({ instructions: 'You do as you are told.' });
  }

  override async onEnter(): Promise<void> {
    skipLastTranscript(this.session);
  }
}

/** Its first hook fails, and the call goes on. */
export class StumblingAgent extends ObedientAgent {
  override async onEnter(): Promise<void> {
    await super.onEnter();
    throw new Error(WORDS.hook);
  }
}

/** Cannot be built. */
export class BrokenAgent extends ObedientAgent {
  constructor() {
    super();
    throw new Error(WORDS.constructor);
  }
}

/** Comes never: the call stays on its way into the room. */
export function absentAgent(): Promise<voice.Agent> {
  return new Promise(() => {});
}

/** The options of every agent. */
export const agentOptions: AgentOptions = {
  greeting: GREETING,
  llm: (call) => new EchoLLM({ reply: (text) => obey(call, text) }),
  // The first failure of a provider ends the session, not the fourth.
  session: { connOptions: { maxUnrecoverableErrors: 0 } },
};

/**
 * A closing session waits half a second for the last words of its STT. There is none here, and the suite
 * ends many calls. An SDK that is built otherwise only makes the suite slower.
 */
function skipLastTranscript(session: voice.AgentSession): void {
  const { activity } = session as unknown as { activity?: { commitUserTurn?: unknown } };
  if (activity?.commitUserTurn !== undefined) activity.commitUserTurn = () => undefined;
}

/** The agent that takes the place of `obedient` in the scenario `replacesAfterYes`. */
export const replacedOptions: AgentOptions = {
  ...agentOptions,
  llm: (call) => new EchoLLM({ reply: (text) => `new ${obey(call, text)}` }),
};

const sessions = new WeakMap<JobContext, voice.AgentSession>();
const setUpInfos = new WeakMap<JobContext, SessionInfo>();

/** The pool's `setup()`. A stubborn agent has a shutdown callback that never ends. */
export const setUp: SessionSetup = (ctx, session, call) => {
  sessions.set(ctx, session);
  setUpInfos.set(ctx, infoOf(call));
  if (call.agent === 'stubborn') ctx.addShutdownCallback(() => new Promise(() => {}));
  return { setUpFor: ctx.job.id };
};

/** Without the values of prewarm, which belong to the process. */
function infoOf({ prewarmed: _prewarmed, ...info }: PrewarmedCall): SessionInfo {
  return info;
}

function obey(call: PrewarmedCall, text: string): string {
  switch (text) {
    case 'facts':
      return encodeFacts(factsOf(call));
    case 'leave':
      getJobContext().shutdown('told to leave');
      return 'Bye.';
    case 'report':
      return reportSamples(call.jobId);
    case 'fail':
      throw new Error(WORDS.provider);
    default:
      return `${call.agent} heard: ${text}`;
  }
}

/** Reports an event of every kind, one after another, as the session of the call would. */
function reportSamples(jobId: string): string {
  const report = reportOfCall(jobId);
  if (report === undefined) return 'Nothing reports here.';
  const all = async () => {
    for (const sample of allSamples(jobId)) await report(sample);
  };
  // A lost report is found by the suite, at the other end.
  all().catch(() => undefined);
  return 'Reported.';
}

function factsOf(call: PrewarmedCall): CallFacts {
  const { agent, tenant, metadata } = call;
  const ctx = getJobContext();
  const { job } = ctx;
  const creationTime: unknown = job.room?.creationTime;
  return {
    jobId: job.id,
    agent,
    tenant,
    identity: ctx.room.localParticipant?.identity ?? '',
    workerId: ctx.workerId,
    metadata,
    jobMetadataHash: hashOf(job.metadata),
    roomMetadataHash: hashOf(job.room?.metadata ?? ''),
    creationTime: `${typeof creationTime} ${String(creationTime)}`,
    type: job.type,
    status: job.state?.status ?? -1,
    processData: ctx.proc.userData,
    sessionData: sessions.get(ctx)?.userData,
    info: infoOf(call),
    setUpInfo: setUpInfos.get(ctx),
  };
}

/** SHA-256 of a text, in hex. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

// Spoken facts go through whatever the SDK does to spoken words: in this alphabet it does nothing.
function encodeFacts(facts: CallFacts): string {
  return Buffer.from(JSON.stringify(facts)).toString('base64url');
}

/** Reads what an agent answered to `facts`. */
export function decodeFacts(reply: string): CallFacts {
  return JSON.parse(Buffer.from(reply, 'base64url').toString('utf8')) as CallFacts;
}
