import { messageOf, OpenRtcError } from '../base/errors.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { WorkerLoad } from './load-curve.js';
import type { AnswerOffer } from './pending-offers.js';
import type { Registration } from './registration.js';
import { type LinkState, WorkerLink, type WorkerLinkOptions } from './worker-link.js';

/** The state of one registration of the worker at this moment, as plain data. */
export interface RegistrationSnapshot {
  /** The agent name; empty for automatic dispatch. */
  readonly agentName: string;
  /** The type of the jobs it takes. */
  readonly jobType: JobTypeName;
  /** The state of its connection. */
  readonly state: LinkState;
  /** LiveKit's id of this worker; empty before the first registration. */
  readonly workerId: string;
  /** The number of reconnects so far. */
  readonly reconnects: number;
}

/** The {@link WorkerLinkOptions} that all links share. */
export interface WorkerLinksOptions extends Omit<WorkerLinkOptions, 'registration' | 'onOffer'> {
  /** Decides an offer that came by `link`; job updates of the call must go to the same link. */
  readonly onOffer: (
    ...args: [...Parameters<AnswerOffer>, link: WorkerLink]
  ) => ReturnType<AnswerOffer>;
}

interface Entry {
  readonly registration: Registration;
  readonly link: WorkerLink;
  /** Takes no new calls, and closes after its last one. */
  retired: boolean;
}

// The worst first.
const STATES: readonly LinkState[] = ['reconnecting', 'connecting', 'registered', 'closed'];

/**
 * All registrations of one worker. At LiveKit a worker has one agent name and one job type, so a worker with several
 * has a link for each. All links report the load of the whole worker.
 */
export class WorkerLinks {
  readonly #options: WorkerLinksOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #retired = new Set<Entry>();
  #pastReconnects = 0;
  #started = false;
  #closing = false;

  constructor(options: WorkerLinksOptions, registrations: readonly Registration[]) {
    this.#options = options;
    for (const registration of registrations) this.#add(registration);
  }

  /** The worst state of any registration; `closed` when there is none. */
  get state(): LinkState {
    const states = [...this.#entries.values()].map(({ link }) => link.state);
    return STATES.find((state) => states.includes(state)) ?? 'closed';
  }

  /** LiveKit's id of the worker in its first registration; empty before that. */
  get workerId(): string {
    return this.registrations[0]?.workerId ?? '';
  }

  /** The number of reconnects of all registrations together. */
  get reconnects(): number {
    const live = [...this.#entries.values(), ...this.#retired];
    return live.reduce((sum, { link }) => sum + link.reconnects, this.#pastReconnects);
  }

  /** The state of each registration; removed ones are left out. */
  get registrations(): readonly RegistrationSnapshot[] {
    return [...this.#entries.values()].map(({ registration: { agentName, jobType }, link }) => ({
      agentName,
      jobType,
      state: link.state,
      workerId: link.workerId,
      reconnects: link.reconnects,
    }));
  }

  /**
   * Connects. Resolves when all links are registered, or after {@link callOff} when some are.
   * @throws OpenRtcError `LINK_UNAUTHORIZED` when LiveKit refuses the credentials, `LINK_CLOSED` after
   * {@link callOff} when none is registered.
   */
  async start(): Promise<void> {
    this.#started = true;
    const entries = [...this.#entries.values()];
    await Promise.all(
      entries.map(({ link }) =>
        link.start().catch((error: unknown) => {
          if (!this.#closing) throw error;
        }),
      ),
    );
    if (this.#closing && !entries.some(({ link }) => link.state === 'registered'))
      throw new OpenRtcError('LINK_CLOSED', 'The worker is closing.');
  }

  /** Cancels the start. Registered links stay open: they may have a call already. */
  callOff(): void {
    this.#closing = true;
    for (const { link } of this.#entries.values())
      if (link.state === 'connecting') void link.close();
  }

  /** Adds new registrations and removes old ones; a removed one takes no new calls and closes after its last call. */
  sync(registrations: readonly Registration[]): void {
    if (this.#closing) return;
    const wanted = new Map(
      registrations.map((registration) => [keyOf(registration), registration]),
    );
    for (const [key, entry] of this.#entries) if (!wanted.has(key)) void this.#retire(key, entry);
    for (const [key, registration] of wanted) {
      if (this.#entries.has(key)) continue;
      const { link } = this.#add(registration);
      if (this.#started) void this.#connect(link);
    }
  }

  /** Sends the status on every link at once. */
  sendStatus(): void {
    for (const { link } of [...this.#entries.values(), ...this.#retired]) link.sendStatus();
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(
      [...this.#entries.values(), ...this.#retired].map(({ link }) => link.close()),
    );
  }

  #add(registration: Registration): Entry {
    const entry: Entry = {
      registration,
      retired: false,
      link: new WorkerLink({
        ...this.#options,
        registration,
        status: () => this.#statusOf(entry),
        onOffer: (offer) => {
          if (!entry.retired) return this.#options.onOffer(offer, entry.link);
          this.#options.onRefused('draining');
          return { refused: 'draining' };
        },
      }),
    };
    this.#entries.set(keyOf(registration), entry);
    return entry;
  }

  #statusOf({ retired }: Entry): WorkerLoad {
    const status = this.#options.status();
    return retired ? { ...status, full: true, load: 1 } : status;
  }

  /** Keeps trying when LiveKit refuses the credentials, as after a lost connection: calls may be live. */
  async #connect(link: WorkerLink): Promise<void> {
    try {
      await link.start({ giveUpWhenUnauthorized: false });
    } catch (error) {
      this.#options.logger.debug({ error: messageOf(error) }, 'a registration was cancelled');
    }
  }

  async #retire(key: string, entry: Entry): Promise<void> {
    this.#entries.delete(key);
    this.#retired.add(entry);
    entry.retired = true;
    entry.link.sendStatus();
    if (entry.link.state !== 'connecting') await entry.link.idle();
    await entry.link.close();
    this.#retired.delete(entry);
    this.#pastReconnects += entry.link.reconnects;
  }
}

function keyOf({ jobType, agentName }: Registration): string {
  return `${jobType}/${agentName}`;
}
