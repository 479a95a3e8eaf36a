import { voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';

const SAMPLE_RATE = 16_000;

/** A session's ear without a room: hears what it is given, when it is given. */
export class Microphone extends voice.AudioInput {
  #line;

  constructor() {
    super();
    this.multiStream.addInputStream(
      new ReadableStream({ start: (controller) => void (this.#line = controller) }),
    );
  }

  hear(samples) {
    this.#line.enqueue(new AudioFrame(samples, SAMPLE_RATE, 1, samples.length));
  }
}
