/** Runs a swarm in another isolate than the monitor's: its tasks are reported over the channel. */

import { runSwarm, type Swarm } from "./swarm.ts";

/** A message to the worker: its swarm, a heartbeat, or the request to stop. */
export type SwarmMessage = Swarm | "here" | "stop";

/** A link counts as lost after 1.5 s of silence, and then promises nothing; heartbeats share its fate. */
const SILENCE_MS = 1_000;
const ASK_EVERY_MS = 100;

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<SwarmMessage>) => void;
  postMessage(message: "there?" | "done"): void;
};

const stopped = new AbortController();
/** When the monitor's isolate was last silent for too long. */
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
