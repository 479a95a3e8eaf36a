"""OpenRTC for Python: all calls in one process. Its refusal by sessions and by loop lag is off."""

import os
import sys
import types

from openrtc import AgentPool
from openrtc.runtime.coroutine_runtime import CoroutinePool
from the_agent import TURN_HANDLING, TheAgent

# The pool wants a turn detector to be installed and starts a process for it, also where turns end by VAD. This is a
# name with nothing behind it: no process, no memory, no download.
PLUGIN = "livekit.plugins.turn_detector"
sys.modules[PLUGIN] = types.ModuleType(PLUGIN)
sys.modules[f"{PLUGIN}.multilingual"] = types.ModuleType(f"{PLUGIN}.multilingual")
sys.modules[f"{PLUGIN}.multilingual"].MultilingualModel = type("MultilingualModel", (), {})

# It must not refuse: how many calls it bears is what is measured.
CoroutinePool.current_load = lambda _self: 0.0

pool = AgentPool(
    isolation="coroutine", max_concurrent_sessions=200, port=int(os.environ["BENCH_PORT"])
)
pool.add("bench", TheAgent, session_kwargs={"turn_handling": TURN_HANDLING})

if __name__ == "__main__":
    pool.run()
