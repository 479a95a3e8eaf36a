import { type EmbeddedLiveKit, startEmbeddedLiveKit } from '@openrtc/core/testing';
import type { SessionResult } from '@openrtc/core';
import { type Caller } from '@openrtc/test-rig';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

import { RealCalls } from './real-calls.js';
import { roomName } from './real-server.js';
import { type LiveKitAddress, WorkerProcess } from './worker-process.js';

const PATIENCE = { timeout: 30_000 };
// Dispatched by name: a warm transfer opens a second room, which is nobody's call.
const AGENT_NAME = 'examples';

/** A call to an example, typed or spoken. */
export interface ExampleCall {
  readonly room: string;
  /** Types, and returns the next thing that the agent says. */
  say(text: string): Promise<string>;
  /** The next thing that the agent says. */
  next(): Promise<string>;
  /** What the example has written down under this name, see fixtures/examples/_notes.mjs. */
  noted(kind: string): Promise<unknown>;
  hangUp(): Promise<void>;
}

/** The same with a caller who has a microphone and ears. */
export interface SpokenCall extends ExampleCall {
  readonly caller: Caller;
}

/** One shape of the SDK's examples. */
export interface Example<Call extends ExampleCall> {
  /** As docs/examples.md calls it. */
  readonly shape: string;
  /** The file in fixtures/examples, without its extension. */
  readonly agent: string;
  /** False when a file cannot have it. */
  readonly inFile?: false;
  /** How the call ends. Default: the caller hangs up. */
  readonly reason?: SessionResult['reason'];
  /** Failures that belong to the example. Default: none. */
  readonly faults?: Partial<SessionResult['faults']>;
  /** Asserts what the example is for. */
  talk(call: Call): Promise<void>;
  /** Asserts what is known when the call is over. */
  afterwards?(call: Call): Promise<void>;
}

/** Where examples are called. */
export interface ExampleEndpoint<Call extends ExampleCall> extends LiveKitAddress {
  call(agent: string, noted: (room: string, kind: string) => Promise<unknown>): Promise<Call>;
  close(): Promise<void>;
}

export async function typedEndpoint(): Promise<ExampleEndpoint<ExampleCall>> {
  const livekit: EmbeddedLiveKit = await startEmbeddedLiveKit();
  const { url, apiKey, apiSecret } = livekit;
  return {
    url,
    apiKey,
    apiSecret,
    async call(agent, noted) {
      const room = roomName(agent);
      const call = await livekit.call({
        room,
        agentName: AGENT_NAME,
        metadata: { agent },
        joinTimeoutMs: 60_000,
      });
      return {
        room,
        say: (text) => call.say(text),
        next: () => call.nextReply(),
        noted: (kind) => noted(room, kind),
        hangUp: async () => call.hangUp(),
      };
    },
    close: () => livekit.close(),
  };
}

export async function spokenEndpoint(): Promise<ExampleEndpoint<SpokenCall>> {
  const real = new RealCalls();
  await real.open();
  const { url, apiKey, apiSecret } = real.server;
  return {
    url,
    apiKey,
    apiSecret,
    async call(agent, noted) {
      const room = roomName(agent);
      const caller = await real.join(room, { metadata: { agent } });
      await real.server.createDispatch(room, AGENT_NAME);
      const next = async () => (await caller.nextTranscript('agent')).text.trim();
      return {
        room,
        caller,
        next,
        say: async (text) => {
          await caller.sendText(text);
          return next();
        },
        noted: (kind) => noted(room, kind),
        hangUp: () => caller.hangUp(),
      };
    },
    close: () => real.close(),
  };
}

/** A worker with every example, from its file and added in code, at an endpoint of its own. */
export class ExampleWorker<Call extends ExampleCall> {
  readonly #worker: WorkerProcess;
  readonly #endpoint: ExampleEndpoint<Call>;
  readonly #directory: string;

  private constructor(worker: WorkerProcess, endpoint: ExampleEndpoint<Call>, directory: string) {
    this.#worker = worker;
    this.#endpoint = endpoint;
    this.#directory = directory;
  }

  static async start<Call extends ExampleCall>(
    open: () => Promise<ExampleEndpoint<Call>>,
    isolation: string,
  ): Promise<ExampleWorker<Call>> {
    const endpoint = await open();
    const directory = mkdtempSync(join(tmpdir(), 'openrtc-examples-'));
    writeFileSync(join(directory, 'notes'), '');
    const env = { OPENRTC_E2E_NOTES: join(directory, 'notes') };
    const { apiKey: LIVEKIT_API_KEY, apiSecret: LIVEKIT_API_SECRET } = endpoint;
    const worker = await WorkerProcess.start(endpoint, {
      agents: 'examples',
      isolation,
      env,
      pool: { agentName: AGENT_NAME },
      // For the examples that call LiveKit's API themselves.
      processes: { env: { LIVEKIT_API_KEY, LIVEKIT_API_SECRET } },
    });
    return new ExampleWorker(worker, endpoint, directory);
  }

  /** Calls an agent, talks with it, and returns how the call has ended. */
  async call(
    agent: string,
    talk: (call: Call) => Promise<void>,
    afterwards: (call: Call) => Promise<void>,
    hangsUp: boolean,
  ): Promise<SessionResult> {
    const call = await this.#endpoint.call(agent, (room, kind) => this.#noted(room, kind));
    try {
      await talk(call);
      if (hangsUp) await call.hangUp();
      const { outcome } = await this.#worker.ended(call.room);
      await afterwards(call);
      return outcome;
    } catch (error) {
      const log = this.#worker.output.split('\n').filter((line) => line.includes(call.room));
      // It must not disturb the next one. It may have hung up already.
      await call.hangUp().catch(() => {});
      throw new Error(`${agent} failed. Its worker wrote:\n${log.join('\n').slice(-6_000)}`, {
        cause: error,
      });
    }
  }

  /** What keeps the process of the worker busy, by kind. */
  resources(): Promise<Record<string, number>> {
    return this.#worker.resources();
  }

  /** Resolves once no process has a call. */
  async idle(): Promise<void> {
    await vi.waitFor(async () => {
      const busy = (await this.#worker.processes()).flatMap(({ jobIds }) => jobIds);
      if (busy.length === 0) return;
      const log = this.#worker.output
        .split('\n')
        .filter((line) => busy.some((id) => line.includes(id)));
      throw new Error(`Calls have not ended:\n${log.join('\n').slice(-6_000)}`);
    }, PATIENCE);
  }

  async close(): Promise<void> {
    await this.#worker.close();
    await this.#endpoint.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #noted(room: string, kind: string): Promise<unknown> {
    const found = () =>
      readFileSync(join(this.#directory, 'notes'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { room: string; kind: string; value: unknown })
        .find((each) => each.room === room && each.kind === kind);
    const missing = new Error(`${kind} was not noted in ${room}`);
    return vi.waitFor(() => {
      const note = found();
      if (note === undefined) throw missing;
      return note.value;
    }, PATIENCE);
  }
}
