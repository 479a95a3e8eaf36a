// A strategy as others write it, and a command that hosts pools. It is compiled, and not run.
import type { IsolationStrategy } from '@openrtc/core';
import { type CommandHost, checkConfiguration, hostCommand, startLogs } from '@openrtc/core/host';
import {
  type Channel,
  type HangUp,
  type Isolation,
  type JobTicket,
  type Logger,
  OpenRtcError,
  type PlainError,
  RemoteSessions,
  type SessionOutcome,
  beforeDeadline,
  toPlainError,
} from '@openrtc/core/isolation';
import { readWorkers } from '@openrtc/core/operate';
import { describeIsolation, startEmbeddedLiveKit } from '@openrtc/core/testing';

export function elsewhere(start: (ticket: JobTicket) => Promise<Channel>): IsolationStrategy {
  return {
    name: 'elsewhere',
    async open(host): Promise<Isolation> {
      const all: RemoteSessions[] = [];
      return {
        async run(ticket, signal) {
          const why: HangUp | undefined = signal.reason;
          host.logger.debug({ why, room: ticket.info.room, revision: ticket.revision }, 'starting');
          const channel = await beforeDeadline(start(ticket), signal);
          const sessions = new RemoteSessions({ host, channel });
          await sessions.open(new AbortController().signal);
          all.push(sessions);
          await sessions.run(ticket, signal);
        },
        async prepareChange(change) {
          const prepared = await Promise.all(all.map((each) => each.prepareChange(change)));
          return {
            commit: async () => (await Promise.all(prepared.map((each) => each.commit()))).flat(),
          };
        },
        reserve: ({ tenant }) =>
          tenant === 'blocked'
            ? { refused: 'isolation', message: 'blocked' }
            : { release: () => {} },
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

/** What such a strategy needs, it finds in its own entry. */
export function lost(logger: Logger, { detail }: SessionOutcome): PlainError {
  const error = new OpenRtcError('ISOLATION_LOST', detail ?? 'gone');
  logger.warn({ error }, 'lost a call');
  return toPlainError(error);
}

const host: CommandHost = { run: async (pool, options) => pool.run({ ...options, cli: false }) };
export const release = hostCommand(host);
export const check = checkConfiguration;
startLogs({ pretty: false, level: 'info' });

export const workers = readWorkers;
export const suite = describeIsolation;
export const endpoint = startEmbeddedLiveKit;
