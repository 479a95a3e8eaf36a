import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startLiveKitServer, type LiveKitServer } from '../server/livekit-server.js';
import { describeOnRealServer, found, gone } from '../real-server.fixture.js';
import { startCallers, type CallerProcess } from './caller-process.js';
import type { Caller } from './caller.js';
import type { CallerEvent } from './protocol.js';
import { speech } from '../speech.js';

const TRANSCRIPTION = 'lk.transcription';
// A gap a listener would notice.
const NOTICED_MS = 200;
const PAUSE_MS = 600;

describeOnRealServer('callers in a room of a real server', () => {
  let server: LiveKitServer;
  let callers: CallerProcess;
  let talker: Caller;
  let listener: Caller;
  /** The longest gap in a tone that has none: what this machine makes of it, now. */
  let baselineMs = Number.NaN;
  const room = 'rig-room';

  beforeAll(async () => {
    server = await startLiveKitServer({ found });
    callers = await startCallers();
    const join = async (
      identity: string,
      kind: 'standard' | 'agent',
      speech?: 'hours',
    ): Promise<Caller> => {
      const token = await server.createToken(identity, room, { kind });
      return callers.join({ url: server.url, token, ...(speech && { speech }) });
    };
    listener = await join('listener', 'standard');
    // A participant of kind 'agent' is what callers measure; nothing else makes this one an agent.
    talker = await join('talker', 'agent', 'hours');
  });

  afterAll(async () => {
    await callers?.close();
    await server?.close();
  });

  it('sees who is in the room', async () => {
    expect(await listener.waitForAgent()).toBe('talker');
    const identities = (await server.listParticipants(room)).map(({ identity }) => identity);
    expect(identities.toSorted()).toEqual(['listener', 'talker']);
    expect([listener.identity, listener.room]).toEqual(['listener', room]);
  });

  it('says so when a caller cannot join, and goes on', async () => {
    await expect(callers.join({ url: server.url, token: 'no token' })).rejects.toThrow(
      /token|401/iu,
    );
    expect(await server.listParticipants(room)).toHaveLength(2);
  });

  it('recognises a tone and finds no gap in it', async () => {
    const heard = listener.waitForAudio({ minMs: 300 });
    const played = talker.playTone({ hz: 440, durationMs: 4_000 });
    await heard;
    await listener.startGapWatch();
    await listener.waitForAudio({ minMs: 2_500 });
    const watched = await listener.stopGapWatch();
    await played;
    const segment = (await listener.audio()).segments.at(-1);
    console.info('tone of 440 Hz:', JSON.stringify({ watched, segment }));
    expect(segment?.dominantHz).toBe(440);
    expect(segment?.tones).toHaveLength(1);
    // The next tests are judged against it; a pause must stand out from it.
    baselineMs = watched.longestGapMs;
    expect(baselineMs).toBeLessThan(PAUSE_MS);
  });

  it('hears a spoken sentence in one piece', async () => {
    await listener.waitForSilence();
    const before = (await listener.audio()).segments.length;
    const heard = listener.waitForAudio({ minMs: 1_000 });
    const spoken = await talker.speak();
    await heard;
    expect(spoken.completed).toBe(true);
    const segments = (await listener.audio()).segments.slice(before);
    console.info('spoken sentence:', JSON.stringify(segments));
    expect(segments).toHaveLength(1);
    expect(segments[0]?.heardMs).toBeGreaterThan(0.75 * speech.hours.durationMs);
    expect(segments[0]?.longestGapMs).toBeLessThan(Math.max(NOTICED_MS, 2 * baselineMs));
  });

  it('finds the gap when the sound stops for 600 ms', async () => {
    await listener.waitForSilence();
    const heard = listener.waitForAudio({ minMs: 300 });
    const first = talker.playTone({ hz: 440, durationMs: 1_000 }, { tailMs: 0 });
    await heard;
    await listener.startGapWatch();
    await first;
    await listener.waitForSilence();
    const again = listener.waitForAudio({ minMs: 500 });
    const second = talker.playTone({ hz: 880, durationMs: 1_200 });
    await again;
    const watched = await listener.stopGapWatch();
    await second;
    console.info('a pause of 600 ms:', JSON.stringify(watched));
    expect(watched.longestGapMs).toBeGreaterThan(baselineMs + PAUSE_MS / 2);
    expect((await listener.audio()).segments.at(-1)?.dominantHz).toBe(880);
  });

  it('finds the gap that a sender who stands still leaves in a constant tone', async () => {
    await listener.waitForSilence();
    await using others = await startCallers();
    const token = await server.createToken('stopped', room, { kind: 'agent' });
    const stopped = await others.join({ url: server.url, token });
    const heard = listener.waitForAudio({ minMs: 500 });
    const played = stopped.playTone({ hz: 660, durationMs: 3_000 });
    await heard;
    await listener.startGapWatch();
    const pid = Number(others.pid);
    process.kill(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    process.kill(pid, 'SIGCONT');
    await listener.waitForAudio({ minMs: 500 });
    const watched = await listener.stopGapWatch();
    await played;
    console.info('a sender that stood still for 600 ms:', JSON.stringify(watched));
    expect(watched.longestGapMs).toBeGreaterThan(baselineMs + 250);
    expect(watched.concealedMs).toBeGreaterThan(baselineMs + 250);
  });

  it('carries typed words both ways', async () => {
    await listener.sendText('hello talker');
    expect(await talker.nextChat()).toBe('hello talker');
    await talker.sendText('hello listener');
    expect(await listener.nextChat()).toBe('hello listener');
  });

  it("tells the agent's words from what the agent understood of the caller", async () => {
    await talker.sendText('Sunday from ten to four.', {
      topic: TRANSCRIPTION,
      pieces: 5,
      attributes: { 'lk.segment_id': 'SG_1', 'lk.transcription_final': 'false' },
    });
    const versions = [
      ['What are', 'false'],
      ['What are your hours', 'true'],
    ] as const;
    for (const [text, final] of versions) {
      await talker.sendText(text, {
        topic: TRANSCRIPTION,
        senderIdentity: 'listener',
        attributes: { 'lk.segment_id': 'SG_2', 'lk.transcription_final': final },
      });
    }
    expect(await listener.nextTranscript('agent')).toMatchObject({
      text: 'Sunday from ten to four.',
      segmentId: 'SG_1',
      complete: true,
    });
    expect(await listener.nextTranscript('user')).toMatchObject({
      text: 'What are your hours',
      identity: 'listener',
    });
    expect(listener.transcripts).toHaveLength(2);
  });

  it('hangs up in the middle of a sentence', async () => {
    const heard = listener.waitForAudio();
    const cut = talker.speak('order');
    await heard;
    await talker.hangUp();
    expect((await cut).completed).toBe(false);
    const isTalker = (event: CallerEvent): boolean =>
      event.type === 'agentLeft' && event.identity === 'talker';
    await vi.waitUntil(() => listener.events.some(isTalker), { timeout: 30_000 });
    expect(await talker.waitForEnd()).toBe('CLIENT_INITIATED');
  });

  it('tells the caller that its room was deleted, and leaves no process behind', async () => {
    await server.deleteRoom(room);
    expect(await listener.waitForEnd()).toBe('ROOM_DELETED');
    const pids = [callers.pid, server.pid].map(Number);
    await callers.close();
    await server.close();
    await Promise.all(pids.map((pid) => gone(pid)));
    await expect(listener.audio()).rejects.toThrow('ended');
  });
});
