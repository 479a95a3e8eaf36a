import type { EmbeddedCall } from '@openrtc/core/testing';
import { createInterface } from 'node:readline';

import { codeOf } from '../../report-error.js';
import { withoutControls } from '../../terminal-text.js';
import type { Host } from '../../host.js';

/** A call in a terminal. */
export interface TalkOptions {
  readonly call: Pick<EmbeddedCall, 'nextReply' | 'nextUnderstood' | 'type' | 'hangUp'>;
  readonly host: Host;
  /** The agent speaks first. */
  readonly greeted: boolean;
  /** It is a conversation also when nothing is typed: the end of the input does not end it. */
  readonly spoken: boolean;
}

const PROMPT = '> ';
// An agent without a language model never answers, and a script would wait for ever.
const ANSWER_MS = 60_000;
const GOODBYE = new Set(['/quit', '/exit']);

/**
 * Carries lines to the agent and what it says back, until one of the two has enough. From a pipe each line waits for
 * the answer to the one before, so that a script reads like a conversation.
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
  // Now: lines that come before somebody asks for them would be lost.
  const lines = input[Symbol.asyncIterator]();
  const hangUp = () => call.hangUp();
  // Ctrl-C: of the terminal readline hears it, of anybody else the process does.
  input.on('SIGINT', hangUp);
  process.on('SIGINT', hangUp);
  process.on('SIGTERM', hangUp);
  if (typed) stderr.write('Type to the agent; /quit or Ctrl-D hangs up.\n');
  const print = (who: string, text: string) => {
    // Over the prompt and what is being typed, which readline then shows again.
    stdout.write(`${typed ? '\r\u001B[K' : ''}${who}: ${withoutControls(text)}\n`);
    if (typed) input.prompt(true);
  };
  const replying = untilOver(async () => {
    print('agent', await call.nextReply());
    replies.add();
  });
  const understanding = untilOver(async () => print('you', await call.nextUnderstood()));
  const printing = Promise.all([replying, understanding]).finally(() => {
    replies.end();
    input.close();
  });
  // Told when it is waited for, at the end; until then it must not count as unhandled.
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
      if (text !== '' && !(await said(call, text))) break;
      if (typed) input.prompt();
      else if (text !== '' && !(await replies.reach(before + 1)))
        stderr.write(`openrtc: no answer within ${ANSWER_MS / 1_000} s\n`);
    }
    if (spoken && !typed && !quit) await printing;
  } finally {
    call.hangUp();
    await printing;
    process.off('SIGINT', hangUp);
    process.off('SIGTERM', hangUp);
  }
}

/** False when the call is over. */
async function said(call: TalkOptions['call'], text: string): Promise<boolean> {
  try {
    await call.type(text);
    return true;
  } catch (error) {
    if (codeOf(error) === 'LINK_CLOSED') return false;
    throw error;
  }
}

/** Does something again and again, until the call says that it is over. */
async function untilOver(next: () => Promise<void>): Promise<void> {
  try {
    for (;;) await next();
  } catch (error) {
    if (codeOf(error) !== 'LINK_CLOSED') throw error;
  }
}

/** Counts what the agent has said, and lets one wait for it. */
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

  /** Nothing more will be said. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Resolves when so much was said, or nothing more will be; with false when neither came for {@link ANSWER_MS}. */
  async reach(count: number): Promise<boolean> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, ANSWER_MS);
    while (this.#count < count && !this.#ended && !late)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    clearTimeout(timer);
    return this.#count >= count || this.#ended;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
