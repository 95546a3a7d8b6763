/** Runs a swarm in a worker, so that its tasks are reported over the channel to the monitor in another isolate. */

import { runSwarm, type Swarm } from "./swarm.ts";

/** A message to the worker: the swarm to run, the response to a heartbeat, or the request to stop. */
export type SwarmMessage = Swarm | "here" | "stop";

/**
 * The time without a heartbeat after which the monitor may be disconnected, in milliseconds. A link of the
 * channel is lost after 1.5 s without a packet, and the outcome of a task then guarantees nothing; what
 * delays the packets delays the heartbeats, too.
 */
const SILENCE_MS = 1_000;
const ASK_EVERY_MS = 100;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SwarmMessage>) => void;
  postMessage(message: "there?" | "done"): void;
};

const stopped = new AbortController();
/** The last time at which the monitor's isolate had not answered a heartbeat for too long. */
let lostMs = -Infinity;
let heardMs = performance.now();

function listen(): void {
  const nowMs = performance.now();
  if (nowMs - heardMs > SILENCE_MS) lostMs = nowMs;
  scope.postMessage("there?");
}

scope.onmessage = async ({ data }) => {
  if (data === "here") heardMs = performance.now();
  else if (data === "stop") stopped.abort();
  else {
    const timer = setInterval(listen, ASK_EVERY_MS);
    await runSwarm(data, stopped.signal, (sinceMs) => {
      return lostMs < sinceMs - SILENCE_MS && performance.now() - heardMs < SILENCE_MS;
    });
    clearInterval(timer);
    scope.postMessage("done");
  }
};
