import { messageOf, OpenRtcError } from '../base/errors.js';
import type { JobTypeName } from '../call/job-offer.js';
import type { WorkerLoad } from './load-curve.js';
import type { AnswerOffer } from './pending-offers.js';
import {
  type LinkState,
  type Registration,
  WorkerLink,
  type WorkerLinkOptions,
} from './worker-link.js';

/** What one registration of the worker looks like at this moment: plain data. */
export interface RegistrationSnapshot {
  /** Empty for automatic dispatch. */
  readonly agentName: string;
  readonly jobType: JobTypeName;
  readonly state: LinkState;
  readonly workerId: string;
  readonly reconnects: number;
}

/** {@link WorkerLinkOptions} of every link alike. */
export interface WorkerLinksOptions extends Omit<WorkerLinkOptions, 'registration' | 'onOffer'> {
  /** Decides an offer. What the call says of itself later goes to the link it came by. */
  readonly onOffer: (
    ...args: [...Parameters<AnswerOffer>, link: WorkerLink]
  ) => ReturnType<AnswerOffer>;
}

interface Entry {
  readonly registration: Registration;
  readonly link: WorkerLink;
  /** No new calls; it closes with its last one. */
  retired: boolean;
}

// The worst first.
const STATES: readonly LinkState[] = ['reconnecting', 'connecting', 'registered', 'closed'];

/**
 * All registrations of one worker. LiveKit knows a worker by one agent name and one job type; a worker
 * that serves several has a link for each, and all of them report the load of the whole.
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

  /** LiveKit's id of this worker's first registration, empty before it. */
  get workerId(): string {
    return this.registrations[0]?.workerId ?? '';
  }

  /** Connections that were lost and made anew, of all registrations together. */
  get reconnects(): number {
    const live = [...this.#entries.values(), ...this.#retired];
    return live.reduce((sum, { link }) => sum + link.reconnects, this.#pastReconnects);
  }

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
   * Connects; resolves once all are registered, or once {@link callOff} was called and some are.
   * @throws OpenRtcError `LINK_UNAUTHORIZED` when LiveKit refuses the credentials, `LINK_CLOSED` when
   * it was called off and none is registered.
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

  /** Stops connecting. What is registered stays: it may have been given a call already. */
  callOff(): void {
    this.#closing = true;
    for (const { link } of this.#entries.values())
      if (link.state === 'connecting') void link.close();
  }

  /** Registers what is new and retires what is gone: a retired one takes no calls and closes with its last. */
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

  /** Sends the status on every registration now. */
  sendStatus(): void {
    for (const { link } of [...this.#entries.values(), ...this.#retired]) link.sendStatus();
  }

  /** Closes every connection in good order. */
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

  /** Calls are live: what LiveKit refuses now is tried for ever, as after a lost connection. */
  async #connect(link: WorkerLink): Promise<void> {
    try {
      await link.start({ giveUpWhenUnauthorized: false });
    } catch (error) {
      this.#options.logger.debug({ error: messageOf(error) }, 'a registration was called off');
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
