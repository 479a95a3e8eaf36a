import type { RuntimeSnapshot } from '@openrtc/core';
import { placeText } from '@openrtc/core/operate';

import { durationText } from '../live/figures.js';
import { printable } from '../terminal-text.js';

const MIB = 1_024 * 1_024;
const LONGEST_LINE = 400;
const LONGEST_NAME = 40;

/** What a worker does, in one line: for a log, or whatever is no terminal. */
export function summaryLine(snapshot: RuntimeSnapshot): string {
  const said = [
    `${stateOf(snapshot)}, ${placesOf(snapshot)}`,
    agentsOf(snapshot),
    countsOf(snapshot),
    processOf(snapshot),
    `up ${durationText(snapshot.uptimeSeconds)}`,
    troubleOf(snapshot),
  ];
  return printable(`openrtc: ${said.filter((each) => each !== '').join('; ')}`, LONGEST_LINE);
}

/** The same for a terminal: always as many lines, the most important first. */
export function summaryLines(snapshot: RuntimeSnapshot): readonly string[] {
  const { livekit, health, lastRoutedAgent } = snapshot;
  const first = [
    `openrtc ${stateOf(snapshot)}`,
    placesOf(snapshot),
    `up ${durationText(snapshot.uptimeSeconds)}`,
    `LiveKit ${livekit.state === 'none' ? 'not connected yet' : livekit.state}`,
    ...(health === null ? [] : [`health at ${health.host}:${health.port}`]),
  ];
  const routed = lastRoutedAgent === null ? [] : [`last for ${lastRoutedAgent}`];
  return [
    first.join(' · '),
    [agentsOf(snapshot), ...routed].filter((each) => each !== '').join(' · '),
    `${countsOf(snapshot)} · ${processOf(snapshot)}`,
    troubleOf(snapshot),
  ].map((line) => printable(line, LONGEST_LINE));
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

/** The busiest first; of those without a call only how many there are. */
function agentsOf({ sessionsByAgent, registeredAgents }: RuntimeSnapshot): string {
  const busy = Object.entries(sessionsByAgent)
    .toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .map(([agent, calls]) => `${printable(agent, LONGEST_NAME)} ${calls}`);
  const idle = registeredAgents.filter((agent) => sessionsByAgent[agent] === undefined).length;
  const rest = idle === 0 ? [] : [`${idle} ${idle === 1 ? 'agent' : 'agents'} without a call`];
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

/** A call that holds up the others at this moment, else the last error. */
function troubleOf({ sessions, lastError }: RuntimeSnapshot): string {
  const slow = sessions.find(({ status }) => status === 'slow');
  if (slow === undefined) return lastError === null ? '' : `last error: ${lastError}`;
  const { last } = slow.blocks;
  const where = last?.culprit === undefined ? '' : ` in ${placeText(last.culprit)}`;
  const room = printable(slow.room, LONGEST_NAME);
  return `slow: ${slow.agent} in the room ${room} held the event loop for ${Math.round(last?.durationMs ?? 0)} ms${where}`;
}
