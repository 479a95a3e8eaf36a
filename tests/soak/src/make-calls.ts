import type { CallerProcess, LiveKitServer } from '@openrtc/test-rig';

import { AGENTS, type AgentName, greetingOf, replyOf } from './script.js';

/** A call that failed for its caller. */
export interface BrokenCall {
  readonly room: string;
  readonly error: string;
}

/** The result of a batch of calls. */
export interface Calls {
  readonly jobs: string[];
  readonly broken: BrokenCall[];
}

/** The server and the callers of a run. */
export interface Line {
  readonly server: LiveKitServer;
  readonly callers: CallerProcess;
}

/**
 * Makes calls, `concurrency` at a time, and resolves when all have ended. A failed call does not stop the others: what
 * it leaves behind matters, too.
 * @param from - number of the first call; the last one is `to - 1`
 * @param onEnd - called with the number of each call that has ended for its caller
 */
export async function makeCalls(
  line: Line,
  { from, to, concurrency }: { from: number; to: number; concurrency: number },
  onEnd: (number: number) => void,
): Promise<Calls> {
  const calls: Calls = { jobs: [], broken: [] };
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to) {
      const number = next++;
      const name = AGENTS[number % AGENTS.length] ?? AGENTS[0];
      const room = `${name}-${process.pid}-${number}`;
      try {
        calls.jobs.push(await makeCall(line, name, room));
      } catch (error) {
        calls.broken.push({ room, error: error instanceof Error ? error.message : String(error) });
      }
      onEnd(number);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return calls;
}

/** One call: join, hear the greeting, say a sentence, hear the reply, hang up. Resolves with the job id. */
async function makeCall({ server, callers }: Line, name: AgentName, room: string): Promise<string> {
  const token = await server.createToken(`caller-${room}`, room);
  const caller = await callers.join({ url: server.url, token, speech: name });
  try {
    const { jobId } = await server.assignedIn(room);
    expectWords(await caller.nextTranscript('agent'), greetingOf(name));
    await caller.waitForAudio({ fromJoin: true });
    await caller.waitForSilence({ minMs: 300 });
    // The transcript is complete only when the agent has spoken, so listening must start before that.
    const [, reply] = await Promise.all([
      caller.waitForAudio({ minMs: 300 }),
      caller.speak().then(() => caller.nextTranscript('agent')),
    ]);
    expectWords(reply, replyOf(name));
    return jobId;
  } finally {
    await caller.hangUp();
  }
}

function expectWords({ text }: { text: string }, wanted: string): void {
  if (text !== wanted) throw new Error(`The agent said "${text}" instead of "${wanted}".`);
}
