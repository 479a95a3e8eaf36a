import { DEFAULT_API_CONNECT_OPTIONS, llm } from '@livekit/agents';
import { setTimeout as sleep } from 'node:timers/promises';

// The pace of a fast model: the time to its first token, and between tokens.
const FIRST_TOKEN_MS = 200;
const TOKEN_MS = 10;

/** A model that always gives the same answer, at the pace of a real one. */
export class PacedLLM extends llm.LLM {
  #words;

  constructor(answer) {
    super();
    this.#words = answer.match(/\S+\s*/g);
  }

  label() {
    return 'bench.PacedLLM';
  }

  chat({ chatCtx, toolCtx, connOptions = DEFAULT_API_CONNECT_OPTIONS }) {
    return new PacedStream(this, { chatCtx, toolCtx, connOptions }, this.#words);
  }
}

class PacedStream extends llm.LLMStream {
  #words;

  constructor(owner, options, words) {
    super(owner, options);
    this.#words = words;
  }

  async run() {
    const { signal } = this.abortController;
    const id = `paced-${crypto.randomUUID()}`;
    let wait = FIRST_TOKEN_MS;
    for (const content of this.#words) {
      // On abort it only ends early: an interruption is not an error of the model.
      await sleep(wait, undefined, { signal }).catch((error) => {
        if (!signal.aborted) throw error;
      });
      if (signal.aborted || this.queue.closed) return;
      this.queue.put({ id, delta: { role: 'assistant', content } });
      wait = TOKEN_MS;
    }
  }
}
