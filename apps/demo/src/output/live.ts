import type { CallResult } from '../calls/place-call.js';
import { inWords, type PlannedCall, wordsOf } from '../calls/plan.js';
import { paint } from './paint.js';

/** Line before the calls of a wave. */
export function waveBegins(wave: readonly PlannedCall[], total: number): string {
  const [first, last] = [wave[0]?.number ?? 0, wave.at(-1)?.number ?? 0];
  const which =
    first === last ? `call ${first}` : `calls ${first} to ${last}, all at the same time`;
  return `\n${paint('bold', `Dialling ${which}`)} ${paint('dim', `(of ${total})`)}`;
}

/** Line for an answered call. */
export function answered(planned: PlannedCall, agent: string, rule: string): string {
  const { number, room, metadata } = planned;
  const by = paint('dim', `by ${inWords(rule, metadata)}`);
  return `  call ${`${number}`.padStart(2)}  room ${room.padEnd(13)} answered by ${paint('cyan', agent.padEnd(10))}  ${by}`;
}

/** What was said in a call that has ended. */
export function conversation(result: CallResult): string {
  const { planned, heard, words, agent = 'nobody', problems } = result;
  const mark = problems.length === 0 ? paint('green', 'ok') : paint('red', 'NOT OK');
  const lines = [`  call ${`${planned.number}`.padStart(2)}  ${mark}`];
  const speakers = { caller: 'caller', agent, tool: 'tool used' };
  const notes =
    heard === undefined
      ? []
      : [greetingNote(heard.greetingMs), replyNote(heard.replyMs, heard.audio)];
  for (const { from, text } of words) {
    const note = from === 'agent' ? (notes.shift() ?? '') : '';
    lines.push(
      `           ${paint('cyan', `${speakers[from]}:`.padEnd(12))}${text}${paint('dim', note)}`,
    );
  }
  if (words.length === 0)
    lines.push(`           nothing was said; the caller wanted to say: ${wordsOf(planned)}`);
  for (const problem of problems) lines.push(`           ${paint('red', `problem: ${problem}`)}`);
  return lines.join('\n');
}

function greetingNote(ms: number): string {
  return `  (${seconds(ms)} after dialling)`;
}

function replyNote(ms: number, audio: object | undefined): string {
  return `  (${seconds(ms)} after the caller's ${audio === undefined ? 'text' : 'last word'})`;
}

/** A time in seconds. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
