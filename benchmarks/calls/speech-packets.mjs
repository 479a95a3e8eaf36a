import { readWav, speech } from '@openrtc/test-rig';
import OpusScript from 'opusscript';

const SAMPLE_RATE = 16_000;
const PACKET_SAMPLES = SAMPLE_RATE / 50;
// Opus' number for the setting DTX: send nothing during silence.
const SET_DTX = 4016;
// Size of the packets that the encoder returns for silence that is not sent.
const UNSENT_BYTES = 2;
const BITS_PER_SECOND = 32_000;

/** The callers' sentence, encoded once: packets of 20 ms, as a browser with DTX would send them. */
export async function speechPackets() {
  const { path, durationMs } = speech.order;
  const samples = await readWav(path);
  const words = Math.ceil(samples.length / PACKET_SAMPLES);
  const encoder = new OpusScript(SAMPLE_RATE, 1, OpusScript.Application.VOIP);
  try {
    encoder.setBitrate(BITS_PER_SECOND);
    encoder.encoderCTL(SET_DTX, 1);
    // With two seconds of silence after the words: the encoder stops sending, then sends its first comfort noise.
    const all = Array.from({ length: words + 100 }, (_, index) => {
      const part = new Int16Array(PACKET_SAMPLES);
      part.set(samples.subarray(index * PACKET_SAMPLES, (index + 1) * PACKET_SAMPLES));
      return { opus: Buffer.from(encoder.encode(Buffer.from(part.buffer), PACKET_SAMPLES)), part };
    });
    const silence = all.slice(words);
    const tail = silence.findIndex((each) => !isSent(each));
    const comfort = silence.slice(tail).find(isSent);
    if (tail === -1 || comfort === undefined)
      throw new Error('The Opus encoder sends silence like sound: DTX does not work.');
    return {
      durationMs,
      packets: {
        words: all.slice(0, words).map(toPacket),
        tail: silence.slice(0, tail).map(toPacket),
        comfort: toPacket(comfort),
      },
    };
  } finally {
    encoder.delete();
  }
}

/** A packet that is not sent is empty; it still takes its time. */
function toPacket({ opus, part }) {
  return { opus: isSent({ opus }) ? opus.toString('base64') : '', level: minusDbov(part) };
}

function isSent({ opus }) {
  return opus.length > UNSENT_BYTES;
}

/** The audio level for the header of a packet: 0 is the loudest, 127 is silence. */
function minusDbov(samples) {
  const square = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  if (square === 0) return 127;
  return Math.min(127, Math.round(-20 * Math.log10(Math.sqrt(square) / 0x8000)));
}
