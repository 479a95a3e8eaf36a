import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';

import { FfiWorld } from './ffi-worlds.fixture.js';

type Step = (world: FfiWorld) => void;

const globals = globalThis as { _ffiClientInstance?: unknown };
const before = globals._ffiClientInstance;
afterEach(() => {
  if (before === undefined) delete globals._ffiClientInstance;
  else globals._ffiClientInstance = before;
});

async function play(whose: 'stock' | 'ours', steps: readonly Step[]): Promise<FfiWorld> {
  const world = new FfiWorld(whose);
  for (const step of steps) {
    step(world);
    await world.settled();
  }
  return world;
}

/** Rooms with a stream each, all connected. */
const connected = (rooms: number): Step[] =>
  Array.from({ length: rooms }, () => [
    (world: FfiWorld) => world.connect(),
    (world: FfiWorld) => world.answer(0),
    (world: FfiWorld) => world.openStream(),
  ]).flat();

const place = fc.nat({ max: 4 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.constant((world: FfiWorld) => world.connect()),
  place.map((room) => (world: FfiWorld) => {
    if (world.rooms[room]?.handle !== undefined) world.disconnect(room);
  }),
  fc.constant((world: FfiWorld) => world.openStream()),
  place.map((stream) => (world: FfiWorld) => world.closeStream(stream)),
  place.map((stream) => (world: FfiWorld) => world.endStream(stream)),
  fc.tuple(place, fc.nat({ max: 9 })).map(
    ([stream, sample]) =>
      (world: FfiWorld) =>
        world.frame(stream, sample),
  ),
  place.map((name) => (world: FfiWorld) => world.capture(String(name))),
  fc.tuple(place, fc.boolean()).map(
    ([which, fails]) =>
      (world: FfiWorld) =>
        world.answer(which, fails),
  ),
  place.map((room) => (world: FfiWorld) => world.callerComes(room)),
  place.map(
    (room) => (world: FfiWorld) =>
      world.roomEvent(room, 'activeSpeakersChanged', { participantIdentities: [] }),
  ),
  place.map((room) => (world: FfiWorld) => world.roomEvent(room, 'disconnected', { reason: 1 })),
  place.map((room) => (world: FfiWorld) => world.text(room, ['hello', 'there'])),
  fc.constant((world: FfiWorld) => world.unknown()),
);

describe('native events', () => {
  test('reach the same rooms, streams and requests as with the client of rtc-node', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 60 }), async (steps) => {
        const stock = await play('stock', steps);
        const ours = await play('ours', steps);
        expect(ours.log).toEqual(stock.log);
        expect(ours.listeners).toBe(stock.listeners);
      }),
      { numRuns: 60 },
    );
  });

  test('are delivered to one listener each, whatever the number of calls', async () => {
    for (const rooms of [1, 20]) {
      const world = await play('ours', connected(rooms));
      const deliveries = () => world.client?.deliveries ?? Number.NaN;
      const counted = async (step: Step) => {
        const from = deliveries();
        step(world);
        await world.settled();
        return deliveries() - from;
      };
      expect(await counted(() => world.frame(0, 5))).toBe(1);
      expect(world.log.at(-1)).toBe('stream 0: frame 5');
      const speakers = (room: number) => () =>
        world.roomEvent(room, 'activeSpeakersChanged', { participantIdentities: [] });
      expect(await counted(speakers(rooms - 1))).toBe(1);
      for (let index = 0; index < rooms; index += 1) world.capture(String(index));
      expect(await counted(() => world.answer(rooms - 1))).toBe(1);
      expect(world.log.at(-1)).toBe(`capture ${rooms - 1} done`);
    }
  });

  test('of an unknown kind reach every listener', async () => {
    const world = await play('ours', connected(3));
    const from = world.client?.deliveries ?? Number.NaN;
    world.unknown();
    expect((world.client?.deliveries ?? 0) - from).toBe(6);
  });

  test('all reach a listener that the user has added', async () => {
    const world = new FfiWorld('ours');
    const heard: unknown[] = [];
    world.client?.on('ffi_event', (event: { message: { case: string } }) => {
      heard.push(event.message.case);
    });
    for (const step of connected(1)) {
      step(world);
      await world.settled();
    }
    world.frame(0, 1);
    expect(heard).toEqual(['connect', 'audioStreamEvent']);
  });

  test('have no listener left when rooms and streams are closed', async () => {
    const world = await play('ours', [
      ...connected(2),
      (w) => w.closeStream(0),
      (w) => w.endStream(1),
      (w) => w.disconnect(0),
      (w) => w.answer(0),
      (w) => w.disconnect(1),
      (w) => w.answer(0),
    ]);
    expect(world.unanswered).toBe(0);
    expect(world.listeners).toBe(0);
  });

  test('a wait rejects when its signal aborts', async () => {
    const world = new FfiWorld('ours');
    const abort = new AbortController();
    const waiting = world.client?.waitFor(() => false, abort);
    abort.abort(new Error('no more'));
    await expect(waiting).rejects.toThrow('no more');
    expect(world.listeners).toBe(0);
  });
});
