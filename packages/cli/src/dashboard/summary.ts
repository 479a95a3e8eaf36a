import type { RuntimeSnapshot, SessionSnapshot } from '@openrtc/core';
import { placeText, printable } from '@openrtc/core/operate';

import { MIB, counted, durationText, rankedCounts } from '../live/figures.js';

const MAX_LINE = 400;
const MAX_NAME = 40;

/** The state of a worker in one line, for a log or another output that is not a terminal. */
export function summaryLine(snapshot: RuntimeSnapshot): string {
  const parts = [
    `${stateOf(snapshot)}, ${placesOf(snapshot)}`,
    agentsOf(snapshot),
    countsOf(snapshot),
    processOf(snapshot),
    `up ${durationText(snapshot.uptimeMs)}`,
    troubleOf(snapshot),
  ];
  return printable(`openrtc: ${parts.filter((each) => each !== '').join('; ')}`, MAX_LINE);
}

/** The same in four lines for a terminal, the most important first. */
export function summaryLines(snapshot: RuntimeSnapshot): readonly string[] {
  const { livekit, health, lastRoutedAgent } = snapshot;
  const first = [
    `openrtc ${stateOf(snapshot)}`,
    placesOf(snapshot),
    `up ${durationText(snapshot.uptimeMs)}`,
    `LiveKit ${livekit.state === 'none' ? 'not connected yet' : livekit.state}`,
    ...(health === null ? [] : [`health at ${health.host}:${health.port}`]),
  ];
  const routed = lastRoutedAgent === null ? [] : [`last for ${lastRoutedAgent}`];
  return [
    first.join(' · '),
    [agentsOf(snapshot), ...routed].filter((each) => each !== '').join(' · '),
    `${countsOf(snapshot)} · ${processOf(snapshot)}`,
    troubleOf(snapshot),
  ].map((line) => printable(line, MAX_LINE));
}

function stateOf({ state, notReady }: RuntimeSnapshot): string {
  const also = notReady.filter((why) => why !== state);
  return also.length === 0 ? state : `${state} (${also.join(', ')})`;
}

function placesOf(snapshot: RuntimeSnapshot): string {
  const { activeSessions, reservedSessions, maxConcurrentSessions } = snapshot;
  const reserved = reservedSessions === 0 ? '' : ` and ${reservedSessions} to come`;
  return `${activeSessions}${reserved} of ${maxConcurrentSessions} calls`;
}

/** The agents with calls, the busiest first, and the number of agents without a call. */
function agentsOf({ sessionsByAgent, registeredAgents }: RuntimeSnapshot): string {
  const busy = rankedCounts(Object.entries(sessionsByAgent), (agent) => printable(agent, MAX_NAME));
  const idle = registeredAgents.filter((agent) => sessionsByAgent[agent] === undefined).length;
  const rest = idle === 0 ? [] : [`${counted(idle, 'agent')} without a call`];
  return [...busy, ...rest].join(', ');
}

function countsOf(snapshot: RuntimeSnapshot): string {
  const refused = Object.entries(snapshot.refused).filter(([, count]) => count > 0);
  const sum = refused.reduce((total, [, count]) => total + count, 0);
  const reasons = refused.map(([reason, count]) => `${reason} ${count}`).join(', ');
  return [
    `${snapshot.totalSessionsStarted} started`,
    `${snapshot.totalSessionFailures} failed`,
    sum === 0 ? '0 refused' : `${sum} refused (${reasons})`,
  ].join(', ');
}

function processOf({ residentSet, eventLoopLagMs }: RuntimeSnapshot): string {
  const late = eventLoopLagMs === null ? '' : `, event loop ${Math.round(eventLoopLagMs)} ms late`;
  return `${Math.round(residentSet.bytes / MIB)} MiB RSS${late}`;
}

/** A call that is blocking the others right now, else calls that get no answers, else the last error. */
function troubleOf({ sessions, lastError }: RuntimeSnapshot): string {
  const slow = sessions.find(({ status }) => status === 'slow');
  const unanswered = sessions.filter(({ status }) => status === 'unanswered');
  if (slow === undefined && unanswered.length > 0) return unansweredText(unanswered);
  if (slow === undefined) return lastError === null ? '' : `last error: ${lastError}`;
  const { last } = slow.blocks;
  const where = last?.culprit === undefined ? '' : ` in ${placeText(last.culprit)}`;
  const room = printable(slow.room, MAX_NAME);
  return `slow: ${slow.agent} in the room ${room} held the event loop for ${Math.round(last?.durationMs ?? 0)} ms${where}`;
}

function unansweredText(calls: readonly SessionSnapshot[]): string {
  const [first] = calls;
  const failed = first?.faults.providers.at(-1);
  const why = failed === undefined ? '' : `: ${failed.kind} ${failed.code}`;
  return `${counted(calls.length, 'call')} without an answer, one of ${first?.agent ?? ''}${why}`;
}
