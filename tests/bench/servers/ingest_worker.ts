/**
 * A worker that sends updates to the isolate that started it, as reports over the channel or as bare messages.
 *
 * @module
 */

import { channelSink } from "../../../lib/channel/channel_sink.ts";
import type { Report } from "../../../lib/task/protocol.ts";
import { TaskReporter } from "../../../lib/reporter/task_reporter.ts";
import { pause } from "../support/clock.ts";
import { CLIENT, type IngestOrder, updateOf } from "../support/records.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<IngestOrder>) => void;
  postMessage(message: string): void;
};

scope.onmessage = ({ data: { way, id, count } }) => {
  if (way === "ours") void report(id, count);
  else post(id, count);
};

async function report(id: string, count: number): Promise<void> {
  const sink = channelSink("bench");
  const handlers = { onCancel: () => {}, onInterrupt: () => {}, warn: () => {} };
  const task = new TaskReporter(sink, { client: CLIENT, id }, handlers, {
    flushIntervalMs: 0,
  });
  task.begin({
    type: "create",
    name: "ingested",
    metadata: {},
    tags: [],
    parent_id: null,
    weight: 1,
    share: null,
    attempt: 1,
    retry_of: null,
    retryable: false,
    stale_after: null,
  });
  for (let step = 0; step < count; step++) {
    // Updates would be coalesced while the channel does not accept reports.
    while (!sink.ready) await pause(0);
    task.update(updateOf(step));
  }
  task.end({ type: "finish", result: null });
}

function post(id: string, count: number): void {
  for (let step = 0; step <= count; step++) {
    const change = step < count ? updateOf(step) : { type: "finish", result: null } as const;
    const report: Report = { client: CLIENT, id, at: Date.now() / 1000, change };
    scope.postMessage(JSON.stringify(report));
  }
}
