import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

import { type JobContext, getJobContext, llm, type voice } from '@livekit/agents';

import { EchoLLM } from '../testing/providers/echo-llm.js';
import { Talker, quietWithTool } from './contained-failures.fixture.js';

/** Something that all calls share, such as a subscriber: it runs what it is given. */
export interface Client {
  do(work: () => void): void;
  close(): void;
}

function queue() {
  const waiting: (() => void)[] = [];
  return { waiting, runAll: () => waiting.splice(0).forEach((work) => work()) };
}

function polling(): Client {
  const { waiting, runAll } = queue();
  const timer = setInterval(runAll, 5);
  return { do: (work) => void waiting.push(work), close: () => clearInterval(timer) };
}

function subscribed(): Client {
  const { waiting, runAll } = queue();
  const { port1, port2 } = new MessageChannel();
  port1.on('message', runAll);
  return {
    do: (work) => {
      waiting.push(work);
      port2.postMessage('');
    },
    close: () => port1.close(),
  };
}

function looping(): Client {
  const { waiting, runAll } = queue();
  const bell = new EventEmitter();
  let open = true;
  void (async () => {
    while (open) {
      await EventEmitter.once(bell, 'ring');
      runAll();
    }
  })();
  return {
    do: (work) => {
      waiting.push(work);
      bell.emit('ring');
    },
    close: () => {
      open = false;
      bell.emit('ring');
    },
  };
}

export const clients = [
  ['an interval', polling],
  ['a message port', subscribed],
  ['an asynchronous loop', looping],
] as const;

/** In which room code runs, by the name of the code. */
export class Witness {
  readonly #seen = new Map<string, (string | undefined)[]>();
  readonly #wake = new EventEmitter();

  /** Notes the room of the code that calls this. */
  note(what: string): void {
    const rooms = [...(this.#seen.get(what) ?? []), getJobContext(false)?.room.name];
    this.#seen.set(what, rooms);
    this.#wake.emit('note');
  }

  forget(): void {
    this.#seen.clear();
  }

  /** Waits for code of that name, and returns its room. */
  async of(what: string): Promise<string | undefined> {
    for (;;) {
      const rooms = this.#seen.get(what);
      if (rooms !== undefined) return rooms[0];
      await EventEmitter.once(this.#wake, 'note');
    }
  }
}

/** A call as code outside of it may hold it. */
export interface Held {
  readonly session: voice.AgentSession;
  readonly ctx: JobContext;
}

/** An agent whose every part says in which call it runs. */
export class Watched extends Talker {
  readonly #witness: Witness;
  readonly #entered: (held: Held) => void;

  constructor(
    witness: Witness,
    entered: (held: Held) => void,
    act: () => unknown,
    model?: llm.RealtimeModel,
  ) {
    const { toolCtx, llm: calling } = quietWithTool(() => {
      witness.note('tool');
      return act();
    });
    super({ llm: model ?? (calling as llm.LLM), tools: toolCtx.tools });
    this.#witness = witness;
    this.#entered = entered;
  }

  override async onEnter(): Promise<void> {
    if (!(this.llm instanceof llm.RealtimeModel)) await super.onEnter();
    this.#entered({ session: this.session, ctx: getJobContext() });
  }

  override async onExit(): Promise<void> {
    this.#witness.note('onExit');
  }

  override async llmNode(
    ...args: Parameters<voice.Agent['llmNode']>
  ): ReturnType<voice.Agent['llmNode']> {
    this.#witness.note('llmNode');
    return super.llmNode(...args);
  }

  override async transcriptionNode(
    ...args: Parameters<voice.Agent['transcriptionNode']>
  ): ReturnType<voice.Agent['transcriptionNode']> {
    this.#witness.note('transcriptionNode');
    return super.transcriptionNode(...args);
  }
}

/** An agent that takes over and says in which call it begins. */
export class Next extends Talker {
  readonly #witness: Witness;

  constructor(witness: Witness) {
    super({
      llm: new EchoLLM({
        reply: (text) => {
          witness.note('model');
          return text;
        },
      }),
    });
    this.#witness = witness;
  }

  override async onEnter(): Promise<void> {
    this.#witness.note('onEnter');
  }
}
