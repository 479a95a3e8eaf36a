import type { EmbeddedCall } from '@openrtc/core/testing';
import { speech } from '@openrtc/test-rig';
import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DemoScene } from '../demo.js';
import { orAborted } from '../interrupt.js';
import { openEndpoint } from '../livekit/open-line.js';
import { paint } from '../output/paint.js';
import { AgentCopy, type Save } from './agent-copy.js';
import { DevWorker } from './dev-worker.js';

const GREETING = 'Dental practice Smile, good morning.';
const QUESTION = speech.hours.text;
const CLOSED = 'closed, but there is an emergency number';
const OPEN = 'open from ten to two';
const LONGER = 'open from ten to four';
// The call has ended by then.
const DRAIN_MS = 10_000;

/**
 * Runs the demo of hot reload: the file of an agent changes while its call goes on. Resolves with the exit code, rejects when
 * it could not be completed.
 */
export async function reloadDemo(scene: DemoScene): Promise<number> {
  const { options, cleanup, signal, onStoppable } = scene;
  console.log(
    paint(
      'bold',
      "OpenRTC demo of hot reload: an agent's file changes, and the call that is open runs the new code.\n",
    ),
  );
  const copy = new AgentCopy();
  cleanup.add(() => copy.delete());
  const livekit = await openEndpoint(scene);
  note('LiveKit', `embedded endpoint of @openrtc/core/testing at ${livekit.url}; calls are text`);
  const worker = new DevWorker(livekit, copy.folder, options.verbose ? logTo() : undefined);
  cleanup.add(() => worker.stop(DRAIN_MS));
  // The call has been hung up by then, or it is ended here.
  onStoppable(() => worker.kill('SIGTERM'));
  note('Agent', `${copy.agent}, a copy of apps/demo/src/agents/${copy.name}`);
  await orAborted(signal, worker.registered());
  note('Worker', `process ${worker.pid}: openrtc dev ./agents`);

  const call = await cleanup.own(
    livekit.call({ room: 'dentist-1', identity: 'caller-1' }),
    async (each) => each.hangUp(),
    signal,
  );
  const play = new Play(copy, worker, call, signal);
  await orAborted(signal, play.run()).catch((error: unknown) => {
    // After a signal the log does not matter; for errors it helps.
    if (!signal.aborted) console.error(`\nThe worker's log:\n${worker.output}`);
    throw error;
  });
  call.hangUp();
  const { error } = await orAborted(signal, call.ended);
  if (error !== '') play.problems.push(`the call ended with ${error}`);
  const exit = await worker.stop(DRAIN_MS);
  if (exit.code !== 0)
    play.problems.push(`the worker ended with ${exit.code ?? exit.signal} instead of 0`);
  console.log(`\n${verdict(play.problems)}`);
  return play.problems.length === 0 ? 0 : 1;
}

/** One call, and what happens to the agent's file meanwhile. */
class Play {
  readonly problems: string[] = [];
  readonly #copy: AgentCopy;
  readonly #worker: DevWorker;
  readonly #call: EmbeddedCall;
  readonly #signal: AbortSignal;

  constructor(copy: AgentCopy, worker: DevWorker, call: EmbeddedCall, signal: AbortSignal) {
    this.#copy = copy;
    this.#worker = worker;
    this.#call = call;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    step(1, 'A caller asks.');
    this.#heard(await this.#call.nextReply(), GREETING);
    await this.#ask(QUESTION, `On that day we are ${CLOSED}.`);

    step(2, 'The file changes on disk. The same caller, in the same call, asks again.');
    await this.#save(CLOSED, OPEN, /^reload 1: /);
    await this.#ask(QUESTION, `On that day we are ${OPEN}.`);

    step(3, 'The chat is kept: the agent still knows how the call began.');
    await this.#ask('What did I ask first?', `You first asked: ${QUESTION}`);

    step(4, 'A save with a mistake: a quote is missing. Nothing changes, and the call goes on.');
    const place = await this.#save(`'${OPEN}'`, `'${OPEN}`, /^reload: nothing has changed: /);
    if (!place.includes(this.#copy.name)) this.problems.push('the report does not name the file');
    await this.#ask(QUESTION, `On that day we are ${OPEN}.`);

    step(5, 'The next good save is used.');
    await this.#save(`'${OPEN}`, `'${LONGER}'`, /^reload 2: /);
    await this.#ask(QUESTION, `On that day we are ${LONGER}.`);

    const greetings = this.#call.transcript.filter(({ text }) => text === GREETING).length;
    if (greetings !== 1) this.problems.push(`the caller was greeted ${greetings} times`);
  }

  async #ask(text: string, wanted: string): Promise<void> {
    said('caller', text);
    this.#heard(await this.#call.say(text), wanted);
  }

  #heard(text: string, wanted: string): void {
    said('dentist', text);
    if (text !== wanted) this.problems.push(`heard: '${text}' instead of '${wanted}'`);
  }

  /** Changes the file, and shows what the worker says about it. */
  async #save(before: string, after: string, wanted: RegExp): Promise<string> {
    const { saved, report } = await this.#worker.reportOf(() => this.#copy.save(before, after));
    // After a signal nothing more is shown.
    this.#signal.throwIfAborted();
    console.log(difference(this.#copy.name, saved));
    said('worker', report);
    if (!wanted.test(report)) this.problems.push(`the worker reported: ${report}`);
    return report;
  }
}

function logTo(): (line: string) => void {
  const file = join(tmpdir(), `openrtc-demo-worker-${process.pid}.log`);
  note('Log', file);
  return (line) => appendFileSync(file, `${line}\n`);
}

function note(what: string, text: string): void {
  console.log(`${paint('dim', what.padEnd(8))}  ${text}`);
}

function step(number: number, text: string): void {
  console.log(`\n${paint('bold', `${number}  ${text}`)}`);
}

function said(who: string, text: string): void {
  console.log(`   ${paint('cyan', `${who}:`.padEnd(9))} ${text}`);
}

function difference(file: string, { line, before, after }: Save): string {
  const title = `${file}, line ${line}`;
  return `   ${paint('dim', title)}\n   ${paint('red', `- ${before}`)}\n   ${paint('green', `+ ${after}`)}`;
}

function verdict(problems: readonly string[]): string {
  if (problems.length === 0)
    return paint(
      'green',
      'All well: one call heard three versions of its agent and was greeted once; the save with the mistake changed nothing.',
    );
  const lines = problems.map((each) => `  problem: ${each}`);
  return paint('red', ['NOT well:', ...lines].join('\n'));
}
