"""OpenRTC for Python, with all calls in one process. It does not refuse calls by sessions or loop lag."""

import os
import sys
import types

from openrtc import AgentPool
from openrtc.runtime.coroutine_runtime import CoroutinePool
from the_agent import TURN_HANDLING, TheAgent

# The pool needs an installed turn detector and starts a process for it, even when turns end by VAD. These are empty
# modules in its place: no process, no memory, no download.
PLUGIN = "livekit.plugins.turn_detector"
sys.modules[PLUGIN] = types.ModuleType(PLUGIN)
sys.modules[f"{PLUGIN}.multilingual"] = types.ModuleType(f"{PLUGIN}.multilingual")
sys.modules[f"{PLUGIN}.multilingual"].MultilingualModel = type("MultilingualModel", (), {})

# It must not refuse calls: how many it can take is what is measured.
CoroutinePool.current_load = lambda _self: 0.0

pool = AgentPool(
    isolation="coroutine", max_concurrent_sessions=200, port=int(os.environ["BENCH_PORT"])
)
pool.add("bench", TheAgent, session_kwargs={"turn_handling": TURN_HANDLING})

if __name__ == "__main__":
    pool.run()
