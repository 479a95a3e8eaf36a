import { LogBook } from '../base/log-book.js';
import type { FakeConnection, FakeServer } from './fake-server.js';
import { type LinkTimings, defaultLinkTimings } from './link-timings.js';
import type { Acceptance, Assignment, LinkRefusal } from './pending-offers.js';
import { WorkerLink, type WorkerLinkOptions } from './worker-link.js';

/** Timings under which only what a test is about can run out. */
const patient: LinkTimings = {
  ...defaultLinkTimings,
  statusMs: 60_000,
  heartbeatMs: 60_000,
  answerMs: 30_000,
  assignmentMs: 30_000,
  backoff: { firstMs: 1, capMs: 5 },
};

export interface HarnessOptions extends Partial<Omit<WorkerLinkOptions, 'timings'>> {
  readonly timings?: Partial<LinkTimings>;
}

/** A link to a fake server, for the tests of this folder. It accepts every offer unless told otherwise. */
export function linkTo(server: Pick<FakeServer, 'url'>, options: HarnessOptions = {}) {
  const log = new LogBook();
  const acceptances = new Map<string, FakeAcceptance>();
  const terminated: string[] = [];
  const refused: LinkRefusal[] = [];
  const link = new WorkerLink({
    endpoint: { url: server.url, apiKey: 'key', apiSecret: 'a-secret-of-thirty-two-characters!' },
    registration: {
      jobType: 'room',
      agentName: '',
      deployment: '',
      version: '1.2.3',
      permissions: { canPublish: true },
    },
    logger: log,
    onOffer: ({ jobId }) => {
      const acceptance = new FakeAcceptance(jobId);
      acceptances.set(jobId, acceptance);
      return acceptance;
    },
    onRefused: (reason) => refused.push(reason),
    onTermination: (jobId) => terminated.push(jobId),
    status: () => ({ full: false, load: 0.25, jobCount: 1 }),
    ...options,
    timings: { ...patient, ...options.timings },
  });
  return { link, log, acceptances, terminated, refused };
}

/** A yes that remembers what became of it. */
export class FakeAcceptance implements Acceptance {
  readonly identity: string;
  readonly name = 'Ada';
  readonly attributes = { 'lk.agent.name': 'sales' };
  readonly outcome: Promise<Assignment | string>;
  readonly outcomes: (Assignment | string)[] = [];
  #tell!: (outcome: Assignment | string) => void;

  constructor(jobId: string) {
    this.identity = `agent-${jobId}`;
    this.outcome = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  assigned(assignment: Assignment): void {
    this.outcomes.push(assignment);
    this.#tell(assignment);
  }

  abandoned(why: string): void {
    this.outcomes.push(why);
    this.#tell(why);
  }
}

/** A worker that has registered, and the server's end of it. */
export async function registered(server: FakeServer, options: HarnessOptions = {}) {
  const harness = linkTo(server, options);
  await harness.link.start();
  const connection: FakeConnection = await server.connection();
  return { ...harness, connection };
}

/** An offer of a job. */
export function offer(jobId: string) {
  return {
    case: 'availability' as const,
    value: {
      job: {
        id: jobId,
        metadata: 'job md',
        agentName: 'sales',
        room: { name: 'lobby', metadata: 'room md' },
      },
    },
  };
}

/** The job, given to this worker. */
export function assignment(jobId: string, url?: string) {
  return {
    case: 'assignment' as const,
    value: { job: { id: jobId }, token: 'join-token', ...(url === undefined ? {} : { url }) },
  };
}
