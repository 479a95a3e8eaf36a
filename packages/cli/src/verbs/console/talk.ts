import type { EmbeddedCall } from '@openrtc/core/testing';
import { createInterface } from 'node:readline';

import { codeOf } from '../../report-error.js';
import { withoutControls } from '../../terminal-text.js';
import { type Host, writeMessage } from '../../host.js';

/** Options of {@link talk}. */
export interface TalkOptions {
  readonly call: Pick<EmbeddedCall, 'nextReply' | 'nextUnderstood' | 'type' | 'hangUp'>;
  readonly host: Host;
  /** The agent speaks first: wait for its greeting. */
  readonly greeted: boolean;
  /** The call goes on without typed input: the end of the input does not end it. */
  readonly spoken: boolean;
}

const PROMPT = '> ';
// An agent without a language model never answers, and a script must not wait forever.
const MAX_ANSWER_MS = 60_000;
const GOODBYE = new Set(['/quit', '/exit']);

/**
 * Sends typed lines to the agent and prints its replies, until one side hangs up. From a pipe, each line waits for the
 * reply to the previous one, so that a script reads like a conversation. Rejects when the call fails.
 */
export async function talk({ call, host, greeted, spoken }: TalkOptions): Promise<void> {
  const { stdin, stdout, stderr } = host;
  const typed = stdin.isTTY === true;
  const replies = new ReplyCount();
  const input = createInterface({
    input: stdin,
    terminal: typed,
    ...(typed ? { output: stdout } : {}),
  });
  // Created now: lines that arrive before the iterator exists would be lost.
  const lines = input[Symbol.asyncIterator]();
  const hangUp = () => call.hangUp();
  // readline gets Ctrl-C from the terminal; the process gets signals from elsewhere.
  input.on('SIGINT', hangUp);
  process.on('SIGINT', hangUp);
  process.on('SIGTERM', hangUp);
  if (typed) stderr.write('Type to the agent; /quit or Ctrl-D hangs up.\n');
  const print = (who: string, text: string) => {
    // Overwrites the prompt and the typed text, which readline then prints again.
    stdout.write(`${typed ? '\r\u001B[K' : ''}${who}: ${withoutControls(text)}\n`);
    if (typed) input.prompt(true);
  };
  const replying = untilCallEnds(async () => {
    print('agent', await call.nextReply());
    replies.add();
  });
  const understanding = untilCallEnds(async () => print('you', await call.nextUnderstood()));
  const printing = Promise.all([replying, understanding]).finally(() => {
    replies.end();
    input.close();
  });
  // It is awaited at the end; until then a rejection must not count as unhandled.
  printing.catch(() => {});
  try {
    if (greeted) await replies.reach(1);
    if (typed) input.setPrompt(PROMPT);
    if (typed) input.prompt();
    let quit = false;
    for await (const line of lines) {
      const text = line.trim();
      const before = replies.count;
      quit = GOODBYE.has(text);
      if (quit) break;
      if (text !== '' && !(await typeLine(call, text))) break;
      if (typed) input.prompt();
      else if (text !== '' && !(await replies.reach(before + 1)))
        writeMessage(host, `no reply within ${MAX_ANSWER_MS / 1_000} s`);
    }
    if (spoken && !typed && !quit) await printing;
  } finally {
    call.hangUp();
    await printing;
    process.off('SIGINT', hangUp);
    process.off('SIGTERM', hangUp);
  }
}

/** Types a line; resolves with false when the call has ended. */
async function typeLine(call: TalkOptions['call'], text: string): Promise<boolean> {
  try {
    await call.type(text);
    return true;
  } catch (error) {
    if (codeOf(error) === 'LINK_CLOSED') return false;
    throw error;
  }
}

/** Repeats `next` until the call has ended. */
async function untilCallEnds(next: () => Promise<void>): Promise<void> {
  try {
    for (;;) await next();
  } catch (error) {
    if (codeOf(error) !== 'LINK_CLOSED') throw error;
  }
}

/** Counts the replies of the agent, and waits for them. */
class ReplyCount {
  #count = 0;
  #ended = false;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#count += 1;
    this.#wake();
  }

  /** No more replies will come. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves with true when there are `count` replies or no more will come, with false after {@link MAX_ANSWER_MS}. */
  async reach(count: number): Promise<boolean> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, MAX_ANSWER_MS);
    while (this.#count < count && !this.#ended && !late)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(timer);
    return this.#count >= count || this.#ended;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
