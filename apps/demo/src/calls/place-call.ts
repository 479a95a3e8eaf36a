import type { SessionOutcome } from '@openrtc/core';

import type { Words } from '../worker/messages.js';
import type { DemoWorker } from '../worker/demo-worker.js';
import type { Gathering } from './gathering.js';
import type { Heard, Line } from './line.js';
import { judge } from './judge.js';
import type { PlannedCall } from './plan.js';

/** The result of one call, from both ends. */
export interface CallResult {
  planned: PlannedCall;
  /** The agent that answered; undefined when none did. */
  agent?: string;
  /** The rule that chose the agent, from the worker's log. */
  rule?: string;
  heard?: Heard;
  /** What was said, from the worker's session. */
  words: readonly Words[];
  /** Whether the turn detector judged the caller's sentence to be complete; undefined when it was not asked. */
  finished?: boolean;
  outcome?: SessionOutcome;
  /** The problems of the call; empty when there are none. */
  problems: readonly string[];
}

/** Environment and callbacks of a call. */
export interface CallScene {
  line: Line;
  worker: DemoWorker;
  onAnswered: (planned: PlannedCall, agent: string, rule: string) => void;
}

/** Makes one call, from dialling to the hang-up, and judges it. Never rejects. */
export async function placeCall(
  planned: PlannedCall,
  gathering: Gathering,
  { line, worker, onAnswered }: CallScene,
): Promise<CallResult> {
  const result: CallResult = { planned, words: [], problems: [] };
  let arrived = false;
  const arrive = (): Promise<void> => {
    if (!arrived) gathering.arrive();
    arrived = true;
    return gathering.complete;
  };
  const answered = worker
    .waitFor('started', ({ info }) => info.room === planned.room)
    .then(async ({ info }) => {
      result.agent = info.agent;
      result.rule = await worker.routedBy(info.jobId);
      onAnswered(planned, result.agent, result.rule);
    });
  try {
    const [heard] = await Promise.all([line.call(planned, arrive), answered]);
    result.heard = heard;
    const ended = await worker.waitFor('ended', ({ info }) => info.room === planned.room);
    result.outcome = ended.outcome;
    result.words = wordsIn(planned.room, worker);
    Object.assign(result, lastTurnIn(planned.room, worker));
    result.problems = judge(result);
  } catch (error) {
    result.words = wordsIn(planned.room, worker);
    result.problems = [(error as Error).message];
  } finally {
    // The other calls of the wave must not wait for one that failed.
    void arrive();
  }
  return result;
}

function lastTurnIn(room: string, worker: DemoWorker): { finished?: boolean } {
  const last = worker.messages.all.findLast(
    (message) => message.type === 'turn' && message.turn.room === room,
  );
  return last?.type === 'turn' ? { finished: last.turn.finished } : {};
}

function wordsIn(room: string, worker: DemoWorker): readonly Words[] {
  return worker.messages.all.flatMap((message) =>
    message.type === 'words' && message.words.room === room ? [message.words] : [],
  );
}
