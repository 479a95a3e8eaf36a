import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const RATE = 24_000;
const SPOKEN_MS = 300;

/** Answers requests on a free port of this machine. */
export async function listening(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request, response)).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The API of OpenAI as one tenant uses it: it has a key of its own, and notes each key it is called with. */
export class StubOpenAI implements AsyncDisposable {
  /** Whether it rejects its own key too. */
  rejects = false;
  /** The keys of all requests. */
  readonly keys: string[] = [];
  readonly #name: string;
  #rotations = 0;
  #server: Server | undefined;
  #url = '';

  private constructor(name: string) {
    this.#name = name;
  }

  static async start(name: string): Promise<StubOpenAI> {
    const stub = new StubOpenAI(name);
    const { server, url } = await listening((request, response) => stub.#answer(request, response));
    stub.#server = server;
    stub.#url = url;
    return stub;
  }

  /** The key that it takes. */
  get apiKey(): string {
    return `marker-key-${this.#rotations}-of-${this.#name}`;
  }

  /** Takes another key from now on, and no longer the one it took. */
  rotateKey(): void {
    this.#rotations += 1;
  }

  /** Where its API is. */
  get baseURL(): string {
    return `${this.#url}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = (request.headers.authorization ?? '').replace('Bearer ', '');
    this.keys.push(key);
    if (this.rejects || key !== this.apiKey) {
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ error: { message: `Incorrect API key provided: ${key.slice(0, 6)}***` } }),
      );
      return;
    }
    const body = (await json(request)) as { messages?: { role: string; content: unknown }[] };
    if (body.messages === undefined) {
      response.writeHead(200, { 'content-type': 'audio/pcm' });
      response.end(tone());
      return;
    }
    const asked = body.messages.findLast(({ role }) => role === 'user')?.content;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(streamOf(`${this.#name} heard: ${textOf(asked)}.`));
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = content as { text?: string }[];
  return parts.map(({ text }) => text ?? '').join('');
}

function streamOf(content: string): string {
  const chunk = (delta: object, reason: string | null) => ({
    id: 'stub',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'stub',
    choices: [{ index: 0, delta, finish_reason: reason }],
  });
  const chunks = [chunk({ role: 'assistant', content }, null), chunk({}, 'stop')];
  return [...chunks.map((each) => JSON.stringify(each)), '[DONE]']
    .map((data) => `data: ${data}\n\n`)
    .join('');
}

function tone(): Buffer {
  const samples = Int16Array.from({ length: (RATE * SPOKEN_MS) / 1_000 }, (_, at) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * 440 * at) / RATE)),
  );
  return Buffer.from(samples.buffer);
}
