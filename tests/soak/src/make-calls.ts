import type { CallerProcess, LiveKitServer } from '@openrtc/test-rig';

import { AGENTS, type AgentName, greetingOf, replyOf } from './script.js';

/** A call that went wrong for its caller. */
export interface BrokenCall {
  readonly room: string;
  readonly error: string;
}

/** What a batch of calls came to. */
export interface Calls {
  readonly jobs: string[];
  readonly broken: BrokenCall[];
}

/** Where calls are made. */
export interface Line {
  readonly server: LiveKitServer;
  readonly callers: CallerProcess;
}

/**
 * Makes calls, so many at a time, and resolves when all of them are over. A call that goes wrong does
 * not stop the others: what it leaves behind is of interest, too.
 * @param from - number of the first call; the numbers end before `to`
 * @param onEnd - told the number of each call that has ended for its caller
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

/** One call: join, hear the greeting, say a sentence, hear the reply, hang up. Resolves with its job. */
async function makeCall({ server, callers }: Line, name: AgentName, room: string): Promise<string> {
  const token = await server.createToken(`caller-${room}`, room);
  const caller = await callers.join({ url: server.url, token, speech: name });
  try {
    const { jobId } = await server.assignedIn(room);
    expectWords(await caller.nextTranscript('agent'), greetingOf(name));
    await caller.waitForAudio({ fromJoin: true });
    await caller.waitForSilence({ minMs: 300 });
    // Its words come as it speaks them: who starts to listen at their end has missed the sound.
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
