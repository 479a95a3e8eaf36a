import { LogBook } from '../base/log-book.js';
import type { FakeConnection, FakeServer } from './fake-server.js';
import { type LinkTimings, defaultLinkTimings } from './link-timings.js';
import type { Acceptance, Assignment, LinkRefusal } from './pending-offers.js';
import { WorkerLink, type WorkerLinkOptions } from './worker-link.js';

/** Long timings: in a test only the time box that it shortens runs out. */
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

/** Creates a link to a fake server, for the tests of this folder. By default it accepts every offer. */
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

/** An acceptance that records its outcome. */
export class FakeAcceptance implements Acceptance {
  readonly identity: string;
  readonly name = 'Ada';
  readonly attributes: Readonly<Record<string, string>>;
  readonly outcome: Promise<Assignment | string>;
  readonly outcomes: (Assignment | string)[] = [];
  wasSent = false;
  #resolve!: (outcome: Assignment | string) => void;

  constructor(jobId: string, agentName = 'sales') {
    this.identity = `agent-${jobId}`;
    this.attributes = { 'lk.agent.name': agentName };
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  sent(): void {
    this.wasSent = true;
  }

  assigned(assignment: Assignment): void {
    this.outcomes.push(assignment);
    this.#resolve(assignment);
  }

  abandoned(why: string): void {
    this.outcomes.push(why);
    this.#resolve(why);
  }
}

/** Creates a link that has registered, with the server's end of its connection. */
export async function registered(server: FakeServer, options: HarnessOptions = {}) {
  const harness = linkTo(server, options);
  await harness.link.start();
  const connection: FakeConnection = await server.connection();
  return { ...harness, connection };
}

/** The message that offers a job. */
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

/** The message that assigns a job to this worker. */
export function assignment(jobId: string, url?: string) {
  return {
    case: 'assignment' as const,
    value: { job: { id: jobId }, token: 'join-token', ...(url === undefined ? {} : { url }) },
  };
}
