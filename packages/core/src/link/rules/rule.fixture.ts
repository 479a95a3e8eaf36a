import type { JobTicket } from '../../call/job-ticket.js';
import { LogBook } from '../../base/log-book.js';
import { AgentPool } from '../../pool/agent-pool.js';
import { EchoAgent, Ends } from '../../pool/pool-harness.js';
import type { AgentPoolOptions } from '../../options/pool-options.js';
import { FakeServer, type FakeServerScript } from '../fake-server.js';
import { FakeAcceptance, type HarnessOptions, linkTo, registered } from '../link-harness.js';
import type { LinkRefusal } from '../pending-offers.js';
import type { WorkerLink } from '../worker-link.js';
import type { WorkerLinksOptions } from '../worker-links.js';

/** One rule of LiveKit's worker protocol, with a test of it. */
export interface Rule {
  /** The number in the list of rules. */
  readonly id: string;
  /** The rule, as the end of the sentence “A worker …”. */
  readonly must: string;
  run(bench: Bench): Promise<void>;
}

/** Creates servers, links and pools that are closed at the end of the test. */
export class Bench {
  readonly #ends: (() => Promise<unknown>)[] = [];

  async server(script: FakeServerScript = {}): Promise<FakeServer> {
    const server = await FakeServer.start(script);
    this.#ends.push(() => server.close());
    return server;
  }

  /** Creates a link that has not started. */
  link(server: Pick<FakeServer, 'url'>, options?: HarnessOptions) {
    const harness = linkTo(server, options);
    this.#ends.push(() => harness.link.close());
    return harness;
  }

  /** Creates a registered link. */
  async worker(server: FakeServer, options?: HarnessOptions) {
    const harness = await registered(server, options);
    this.#ends.push(() => harness.link.close());
    return harness;
  }

  /** The options of links that accept every offer. */
  linksTo(server: Pick<FakeServer, 'url'>) {
    const acceptances = new Map<string, FakeAcceptance>();
    const links = new Map<string, WorkerLink>();
    const refused: LinkRefusal[] = [];
    const log = new LogBook();
    const options: WorkerLinksOptions = {
      endpoint: { url: server.url, apiKey: 'key', apiSecret: 'a-secret-of-thirty-two-characters!' },
      logger: log,
      status: () => ({ full: false, load: 0.25, jobCount: 1 }),
      onTermination: () => {},
      onRefused: (reason) => refused.push(reason),
      onOffer: ({ jobId }, link) => {
        const acceptance = new FakeAcceptance(jobId);
        acceptances.set(jobId, acceptance);
        links.set(jobId, link);
        return acceptance;
      },
    };
    return { options, acceptances, links, refused, log };
  }

  later(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  /** Creates a registered pool whose calls last until the test ends them. */
  async pool(server: FakeServer, options: AgentPoolOptions = {}) {
    const { url } = server;
    const log = new LogBook();
    const ends = new Ends();
    const calls = new ManualCalls();
    const pool = new AgentPool({
      agents: { echo: () => new EchoAgent() },
      isolation: calls.strategy,
      models: null,
      logger: log,
      observers: [ends],
      livekit: { url, apiKey: 'key', apiSecret: 'a-secret-of-thirty-two-characters!' },
      ...options,
    });
    const running = pool.run({ processHandlers: false });
    this.#ends.push(() => {
      // Otherwise close() would wait for accepted jobs without an assignment.
      for (const each of server.connections) each.drop();
      return Promise.allSettled([pool.close(), running]);
    });
    const connection = await server.connection();
    await connection.next('updateWorker');
    await log.until('registered with LiveKit');
    return { pool, running, log, ends, calls, connection };
  }

  async close(): Promise<void> {
    // Closes workers before their servers.
    for (const end of this.#ends.splice(0).toReversed()) await end();
  }
}

/** Calls without a session: each lasts until the test ends it or the pool hangs up. */
class ManualCalls {
  readonly tickets: JobTicket[] = [];
  readonly hangUps: unknown[] = [];
  readonly #running = new Map<string, (error?: unknown) => void>();
  #waiting: (() => void)[] = [];

  readonly strategy = {
    name: 'manual',
    open: async (host: { report(event: { kind: 'joined'; jobId: string }): Promise<void> }) => {
      this.#report = (jobId) => host.report({ kind: 'joined', jobId });
      return {
        run: (ticket: JobTicket, signal: AbortSignal) => this.#run(ticket, signal),
        async [Symbol.asyncDispose]() {},
      };
    },
  };

  #report: (jobId: string) => Promise<void> = () => Promise.resolve();

  /** The agent is in its room. */
  join(jobId: string): Promise<void> {
    return this.#report(jobId);
  }

  end(jobId: string, error?: unknown): void {
    this.#running.get(jobId)?.(error);
  }

  async began(jobId: string): Promise<JobTicket> {
    for (;;) {
      const ticket = this.tickets.find((each) => each.info.jobId === jobId);
      if (ticket !== undefined) return ticket;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #run(ticket: JobTicket, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.tickets.push(ticket);
      this.#running.set(ticket.info.jobId, (error) =>
        error === undefined ? resolve() : reject(error),
      );
      const hangUp = () => {
        this.hangUps.push(signal.reason);
        resolve();
      };
      signal.addEventListener('abort', hangUp);
      if (signal.aborted) hangUp();
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }
}
