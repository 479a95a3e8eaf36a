"""The agent of `workers/paced-agent.mjs` in Python: the same words, pace, sound and turn handling."""

import asyncio
import math
import uuid

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    Agent,
    APIConnectOptions,
    llm,
    stt,
    tts,
    utils,
)

HEARD = "I would like to order a large pizza please"
ANSWER = (
    "of course I have noted one large pizza for you and it will be at your door in about half an hour"
)
GREETING = "Welcome to the benchmark and please tell me what you want."

# Turns end by VAD, and nothing is generated before that.
TURN_HANDLING = {
    "turn_detection": "vad",
    "interruption": {"mode": "vad"},
    "endpointing": {"mode": "fixed", "min_delay": 0.5, "max_delay": 3.0},
    "preemptive_generation": {"enabled": False},
}

SPEECH_RMS = 300
MIN_SPEECH_MS = 100
MIN_SILENCE_MS = 300
SLICE_MS = 10


class EnergyGate:
    """Finds speech by its level alone, in slices of 10 ms, like `ScriptedSTT` in Node."""

    def __init__(self) -> None:
        self._speaking = False
        self._opposite_ms = 0

    def push(self, frame: rtc.AudioFrame) -> list[str]:
        samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
        step = max(1, frame.sample_rate * SLICE_MS // 1000) * frame.num_channels
        events = []
        # All slices at once: a Python loop over samples would cost more than what is measured.
        whole = len(samples) // step * step
        levels = np.sqrt(np.mean(samples[:whole].reshape(-1, step) ** 2, axis=1))
        for level in levels:
            event = self._slice(bool(level >= SPEECH_RMS))
            if event is not None:
                events.append(event)
        return events

    def _slice(self, loud: bool) -> str | None:
        if loud == self._speaking:
            self._opposite_ms = 0
            return None
        self._opposite_ms += SLICE_MS
        if self._opposite_ms < (MIN_SPEECH_MS if loud else MIN_SILENCE_MS):
            return None
        self._speaking = loud
        self._opposite_ms = 0
        return "start" if loud else "end"


class ScriptedSTT(stt.STT):
    """Says the same line 300 ms after each time that speech ends."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))

    async def _recognize_impl(self, buffer, *, language=None, conn_options=None):
        raise NotImplementedError("only stream() is supported")

    def stream(self, *, language=None, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS):
        return ScriptedStream(stt=self, conn_options=conn_options)


class ScriptedStream(stt.RecognizeStream):
    async def _run(self) -> None:
        gate = EnergyGate()
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            for event in gate.push(frame):
                if event == "start":
                    self._send(stt.SpeechEventType.START_OF_SPEECH)
                else:
                    line = stt.SpeechData(language="en", text=HEARD, confidence=1.0)
                    self._send(stt.SpeechEventType.FINAL_TRANSCRIPT, [line])
                    self._send(stt.SpeechEventType.END_OF_SPEECH)

    def _send(self, kind: stt.SpeechEventType, alternatives=()) -> None:
        self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=list(alternatives)))


class PacedLLM(llm.LLM):
    """Always gives the same answer: 200 ms to the first word, 10 ms to each of the others."""

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools=None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_,
    ) -> llm.LLMStream:
        return PacedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class PacedStream(llm.LLMStream):
    async def _run(self) -> None:
        answer_id = f"paced-{uuid.uuid4()}"
        wait = 0.2
        for word in ANSWER.split():
            await asyncio.sleep(wait)
            delta = llm.ChoiceDelta(role="assistant", content=f"{word} ")
            self._event_ch.send_nowait(llm.ChatChunk(id=answer_id, delta=delta))
            wait = 0.01


SAMPLE_RATE = 24_000
MS_PER_WORD = 100
FRAME_MS = 100


class ToneTTS(tts.TTS):
    """A tone of 100 ms for each word, available at once in pieces of 100 ms."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS):
        return ToneStream(tts=self, input_text=text, conn_options=conn_options)


class ToneStream(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid(),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
        )
        tone = sine(len(self.input_text.split()) * MS_PER_WORD)
        step = SAMPLE_RATE * FRAME_MS // 1000 * 2
        for at in range(0, len(tone), step):
            output_emitter.push(tone[at : at + step])
        output_emitter.flush()


def sine(ms: int) -> bytes:
    at = np.arange(SAMPLE_RATE * ms // 1000)
    # A third of full scale, with edges of 5 ms that do not click.
    edge = np.minimum(1, np.minimum(at, at[::-1]) / (SAMPLE_RATE * 0.005))
    wave = 0.3 * 0x7FFF * edge * np.sin(2 * math.pi * 440 * at / SAMPLE_RATE)
    return wave.astype(np.int16).tobytes()


class TheAgent(Agent):
    def __init__(self) -> None:
        super().__init__(
            instructions="You take orders.", stt=ScriptedSTT(), llm=PacedLLM(), tts=ToneTTS()
        )

    async def on_enter(self) -> None:
        self.session.say(GREETING)
