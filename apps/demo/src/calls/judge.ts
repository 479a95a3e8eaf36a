import type { CallResult } from './place-call.js';
import { wordsOf } from './plan.js';

/** With less sound than this, there was no answer. */
const MIN_HEARD_MS = 600;
/** The tones of two agents are at least 220 Hz apart. */
const PITCH_TOLERANCE_HZ = 20;
const GOOD_ENDS: readonly (string | undefined)[] = ['JS_SUCCESS', 'success', undefined];

/** The problems of a call that has ended; empty when there are none. */
export function judge({
  planned,
  agent,
  rule,
  heard,
  words,
  outcome,
}: CallResult): readonly string[] {
  const { conversation } = planned;
  const problems: string[] = [];
  const expect = (what: string, actual: string | undefined, wanted: string): void => {
    if (actual !== wanted)
      problems.push(`${what}: '${actual ?? 'nothing'}' instead of '${wanted}'`);
  };
  const said = (from: string) => words.filter((each) => each.from === from).map(({ text }) => text);
  expect('answered by', agent, conversation.agent);
  expect('routed by', rule, planned.rule);
  expect('greeting heard', heard?.greeting, conversation.greeting);
  expect('reply heard', heard?.reply, conversation.reply);
  expect('caller understood as', said('caller').join(' | '), wordsOf(planned));
  expect(
    'words of the agent',
    said('agent').join(' | '),
    `${conversation.greeting} | ${conversation.reply}`,
  );
  expect('end of the session', outcome?.reason, 'caller_left');
  if (!GOOD_ENDS.includes(heard?.recordedAs)) problems.push(`recorded as ${heard?.recordedAs}`);
  if (heard?.audio) problems.push(...judgeAudio(heard.audio, conversation.pitchHz));
  return problems;
}

function judgeAudio(
  { heardMs, pitchesHz }: { heardMs: number; pitchesHz: readonly (number | null)[] },
  pitchHz: number,
): readonly string[] {
  const problems: string[] = [];
  if (heardMs < MIN_HEARD_MS) problems.push(`only ${Math.round(heardMs)} ms of sound arrived`);
  const foreign = pitchesHz.filter(
    (hz) => hz === null || Math.abs(hz - pitchHz) > PITCH_TOLERANCE_HZ,
  );
  if (foreign.length > 0) {
    problems.push(`voices of ${foreign.join(', ')} Hz were heard, the agent's is ${pitchHz} Hz`);
  }
  return problems;
}
