import type { SessionOutcome } from '@openrtc/core';

import type { Words } from '../worker/messages.js';
import type { DemoWorker } from '../worker/demo-worker.js';
import type { Gathering } from './gathering.js';
import type { Heard, Line } from './line.js';
import { judge } from './judge.js';
import type { PlannedCall } from './plan.js';

/** What became of one call, from both ends. */
export interface CallResult {
  planned: PlannedCall;
  /** The agent that answered; undefined when none did. */
  agent?: string;
  /** The rule that chose it, as the worker logged it. */
  rule?: string;
  heard?: Heard;
  /** What was said, as the worker's session has it. */
  words: readonly Words[];
  /** Whether the turn detector took what the caller said for a whole sentence; undefined when it was not asked. */
  finished?: boolean;
  outcome?: SessionOutcome;
  /** What went wrong; empty when the call was as it should be. */
  problems: readonly string[];
}

/** What calls need. */
export interface CallScene {
  line: Line;
  worker: DemoWorker;
  onAnswered: (planned: PlannedCall, agent: string, rule: string) => void;
}

/** Makes one call from the dialling to the hang-up, and judges it. Never rejects. */
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
    // The others of its wave must not wait for a call that broke off.
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
