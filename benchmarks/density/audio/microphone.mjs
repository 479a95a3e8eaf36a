import { voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';

const SAMPLE_RATE = 16_000;

/** Audio input of a session without a room: it hears each frame as it is given. */
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
