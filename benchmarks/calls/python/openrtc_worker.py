"""OpenRTC for Python: all calls in one process. Its refusal by sessions and by loop lag is off."""

import os

from openrtc import AgentPool
from openrtc.runtime.coroutine_runtime import CoroutinePool
from the_agent import TURN_HANDLING, TheAgent

# It must not refuse: how many calls it bears is what is measured.
CoroutinePool.current_load = lambda _self: 0.0

pool = AgentPool(
    isolation="coroutine", max_concurrent_sessions=200, port=int(os.environ["BENCH_PORT"])
)
pool.add("bench", TheAgent, session_kwargs={"turn_handling": TURN_HANDLING})

if __name__ == "__main__":
    pool.run()
