import {
  type Caller,
  type CallerProcess,
  type LiveKitServer,
  startCallers,
} from '@openrtc/test-rig';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';

import { GapWatch } from './gap-watch.js';
import { noServer, roomName, startServer } from './real-server.js';
import { WorkerProcess, type WorkerSetup } from './worker-process.js';

// Longer than the tests of one file.
const UNDISTURBED_MS = 1_200_000;

/** How a caller calls. */
export interface CallOptions {
  /** Default: `caller`. */
  readonly identity?: string;
  /** Of the room, which is made with it before the caller comes; without it the caller's join makes the room. */
  readonly metadata?: string | object;
  /** Default: true, as a telephone does. */
  readonly microphone?: boolean;
  /** Name of the process the caller lives in; default: all in one. */
  readonly from?: string;
}

/** A real server, real callers and real workers: what end-to-end tests are made of. */
export class RealCalls {
  readonly #callers = new Map<string, Promise<CallerProcess>>();
  readonly #workers: WorkerProcess[] = [];
  readonly #servers: LiveKitServer[] = [];
  #undisturbed: Promise<Caller> | undefined;

  /** A server of its own. */
  get server(): LiveKitServer {
    const [server] = this.#servers;
    if (server === undefined) throw new Error('open() comes first.');
    return server;
  }

  /** How many workers were started so far. */
  get started(): number {
    return this.#workers.length;
  }

  async open(): Promise<void> {
    this.#servers.push(await startServer());
  }

  /** Starts a worker; resolves once the server knows it. `url`: a proxy in front of the server. */
  async startWorker(setup?: WorkerSetup, url = this.server.url): Promise<WorkerProcess> {
    const { apiKey, apiSecret } = this.server;
    const worker = await WorkerProcess.start({ url, apiKey, apiSecret }, setup);
    this.#workers.push(worker);
    return worker;
  }

  /** Comes into a room, whether anybody answers or not. */
  async join(room: string, options: CallOptions = {}): Promise<Caller> {
    const { identity = 'caller', metadata, microphone = true, from = '' } = options;
    // Before the room is made: what an agent without a voice says to an empty room nobody ever reads.
    const callers = await this.#process(from);
    if (metadata !== undefined) {
      const text = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
      await this.server.createRoom(room, text);
    }
    const token = await this.server.createToken(identity, room);
    return callers.join({ url: this.server.url, token, microphone });
  }

  /** Calls an agent, and waits until it listens: what is said before is lost. */
  async joinListening(
    metadata: { readonly agent: string; readonly tenant?: string },
    { microphone = false }: Pick<CallOptions, 'microphone'> = {},
  ): Promise<Caller> {
    const caller = await this.join(roomName(metadata.agent), { metadata, microphone });
    await this.untilListening(caller);
    return caller;
  }

  /** Waits until the agent of a call listens. */
  async untilListening({ room }: Caller): Promise<void> {
    await vi.waitFor(
      async () => {
        const there = await this.server.listParticipants(room);
        const states = there.map(({ attributes }) => attributes['lk.agent.state']);
        expect(states).toContain('listening');
      },
      { timeout: 60_000, interval: 250 },
    );
  }

  /** Calls an agent that talks without a break, and resolves once it is heard. */
  async listen(talkMs: number, from?: string): Promise<Caller> {
    const caller = await this.join(roomName('monologue'), {
      metadata: { agent: 'monologue', talkMs },
      microphone: false,
      ...(from !== undefined && { from }),
    });
    try {
      await caller.waitForAudio({ fromJoin: true, minMs: 500 });
    } catch (error) {
      const logs = this.#workers.map(({ output }) => output.slice(-4_000)).join('\n');
      throw new Error(`The call in ${caller.room} was not answered. The workers wrote:\n${logs}`, {
        cause: error,
      });
    }
    return caller;
  }

  /** The same for so many calls that come at the same time. */
  listenTogether(count: number, talkMs: number, from?: string): Promise<Caller[]> {
    return Promise.all(Array.from({ length: count }, () => this.listen(talkMs, from)));
  }

  /**
   * Watches what callers hear, beside a call that no test touches.
   * @param from - name of the process the callers live in; default: that of all
   */
  async watchGaps(callers: readonly Caller[], from = ''): Promise<GapWatch> {
    this.#undisturbed ??= this.#callNobodyTouches(from);
    return GapWatch.start(callers, await this.#undisturbed);
  }

  /** Ends a process of callers, as a power failure would: they say no goodbye. */
  async loseCallers(from: string): Promise<void> {
    const callers = await this.#callers.get(from);
    if (callers !== undefined) process.kill(callers.pid, 'SIGKILL');
  }

  /** Ends the workers that were started after so many others. */
  async closeWorkers(after = 0): Promise<void> {
    for (const worker of this.#workers.slice(after)) await worker.close();
  }

  async close(): Promise<void> {
    await this.closeWorkers();
    for (const callers of this.#callers.values()) await (await callers).close();
    for (const server of this.#servers) await server.close();
  }

  /** A caller who hears a tone in the same process as others: from no worker, and through a server of its own. */
  async #callNobodyTouches(from: string): Promise<Caller> {
    const server = await startServer();
    this.#servers.push(server);
    const [hearing, sounding] = await Promise.all([
      this.#process(from),
      this.#process('undisturbed'),
    ]);
    const room = roomName('undisturbed');
    const join = async (where: CallerProcess, identity: string, kind: 'agent' | 'standard') =>
      where.join({
        url: server.url,
        token: await server.createToken(identity, room, { kind }),
        microphone: kind === 'agent',
      });
    const tone = await join(sounding, 'tone', 'agent');
    const caller = await join(hearing, 'caller', 'standard');
    // It ends with its process.
    tone.playTone({ hz: 440, durationMs: UNDISTURBED_MS }).catch(() => undefined);
    await caller.waitForAudio({ fromJoin: true, minMs: 500 });
    return caller;
  }

  #process(name: string): Promise<CallerProcess> {
    const known = this.#callers.get(name) ?? startCallers();
    this.#callers.set(name, known);
    return known;
  }
}

/**
 * Tests against a real server of their own; skipped, with the reason in their title, where none can be
 * had. A worker started within a test ends with it, one of a `beforeAll` with the last.
 */
export function describeRealCalls(title: string, tests: (real: RealCalls) => void): void {
  describe.skipIf(noServer)(`${title}${noServer ? `: ${noServer}` : ''}`, () => {
    const real = new RealCalls();
    let before = 0;
    beforeAll(() => real.open());
    beforeEach(() => {
      before = real.started;
    });
    afterEach(() => real.closeWorkers(before));
    afterAll(() => real.close());
    tests(real);
  });
}
