"""The SDK's own worker, with one process per call. It does not refuse calls by CPU load."""

import math
import os

from livekit.agents import AgentServer, AgentSession, JobContext, JobProcess, cli
from livekit.plugins import silero
from the_agent import TURN_HANDLING, TheAgent


def no_load(*_) -> float:
    return 0.0


def prewarm(proc: JobProcess) -> None:
    proc.userdata["vad"] = silero.VAD.load()


server = AgentServer(
    load_fnc=no_load,
    load_threshold=math.inf,
    port=int(os.environ["BENCH_PORT"]),
    initialize_process_timeout=60.0,
    setup_fnc=prewarm,
)


@server.rtc_session()
async def entry(ctx: JobContext) -> None:
    session = AgentSession(vad=ctx.proc.userdata["vad"], turn_handling=TURN_HANDLING)
    await ctx.connect()
    await session.start(agent=TheAgent(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)
