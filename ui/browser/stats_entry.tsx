/** @jsxImportSource preact */
/**
 * The entry script of the pages about past runs.
 *
 * @module
 */

import { effect } from "@preact/signals";
import { hydrate } from "preact";
import { StatsShell } from "../components/stats_shell.tsx";
import { guardClicks } from "./click_guard.ts";
import { hydratePage } from "./hydrate.ts";
import { createFrame } from "./state.ts";
import { StatsContent } from "./stats_content.ts";

hydratePage("stats", (model, { root, actions }) => {
  const frame = createFrame(model, actions);
  hydrate(<StatsShell view={frame} self={location.pathname} />, root);
  guardClicks(root);
  const content = new StatsContent(document.getElementById("stats")!, model.name);
  // The page shows times in the browser's time zone, and how long ago they were.
  effect(() => content.showTimes(frame.coarseNow.value));
  return {
    page: {
      frame,
      apply: ({ tasks }) => content.changed(tasks.values()),
      replace: () => content.reload(),
      title: () => model.title,
    },
  };
});
