/** Of each job: from its assignment to the moment its agent is active in the room, as the server logs it. */
export function inAgentRoom(server) {
  return server.assignments().map(({ jobId }) => {
    const at = (fits) => server.log.find(fits)?.ts ?? Number.NaN;
    const assigned = at((line) => line.msg === 'assigned job to worker' && line.jobID === jobId);
    const active = at(
      (line) => line.msg === 'participant active' && line.participant === `agent-${jobId}`,
    );
    return Math.round((active - assigned) * 1_000);
  });
}
