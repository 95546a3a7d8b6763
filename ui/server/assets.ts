/**
 * The static files of the pages. Each file's name contains a hash of its content, so that browsers can cache
 * it for ever.
 *
 * @module
 */

import type { PageAsset } from "../../lib/page_renderer.ts";
import listScript from "../dist/list.js" with { type: "text" };
import taskScript from "../dist/task.js" with { type: "text" };
import controlsScript from "../dist/controls.js" with { type: "text" };
import statsScript from "../dist/stats.js" with { type: "text" };
import fallbackScript from "../dist/fallback.js" with { type: "text" };
import copyScript from "../dist/copy.js" with { type: "text" };
import windowScript from "../dist/window.js" with { type: "text" };
import logSource from "../dist/log.js" with { type: "text" };
import valuesSource from "../dist/values.js" with { type: "text" };
import base from "../styles/base.css" with { type: "text" };
import frame from "../styles/frame.css" with { type: "text" };
import help from "../styles/help.css" with { type: "text" };
import rows from "../styles/rows.css" with { type: "text" };
import nested from "../styles/nested.css" with { type: "text" };
import elements from "../styles/elements.css" with { type: "text" };
import controls from "../styles/controls.css" with { type: "text" };
import code from "../styles/code.css" with { type: "text" };
import toolbar from "../styles/toolbar.css" with { type: "text" };
import list from "../styles/list.css" with { type: "text" };
import names from "../styles/names.css" with { type: "text" };
import task from "../styles/task.css" with { type: "text" };
import subtasks from "../styles/subtasks.css" with { type: "text" };
import log from "../styles/log.css" with { type: "text" };
import terminal from "../styles/terminal.css" with { type: "text" };
import timeline from "../styles/timeline.css" with { type: "text" };
import values from "../styles/values.css" with { type: "text" };
import docs from "../styles/docs.css" with { type: "text" };
import card from "../styles/card.css" with { type: "text" };
import adaptations from "../styles/adaptations.css" with { type: "text" };

// All styles are served as one file. The media queries come last, so that they override the other rules.
const styles = [
  base,
  frame,
  help,
  rows,
  nested,
  elements,
  controls,
  code,
  toolbar,
  list,
  names,
  task,
  subtasks,
  log,
  terminal,
  timeline,
  values,
  card,
  docs,
  adaptations,
].join("");

const taskName = `task-${hash(taskScript)}.js`;
// The scripts of sections import from the page's script, whose name is known only now.
const [logScript, valuesScript] = [logSource, valuesSource].map((source) =>
  source.replaceAll('"./task.js"', `"./${taskName}"`)
) as [string, string];

/**
 * The names of the files: one script for each kind of page, one for the controls of a list, one for windowing,
 * one for pages without a WebSocket, one for the log, one for values, one to copy blocks of code, and the stylesheet.
 */
export const assetNames: {
  readonly list: string;
  readonly task: string;
  readonly controls: string;
  readonly stats: string;
  readonly window: string;
  readonly fallback: string;
  readonly log: string;
  readonly values: string;
  readonly copy: string;
  readonly style: string;
} = {
  list: `list-${hash(listScript)}.js`,
  task: taskName,
  controls: `controls-${hash(controlsScript)}.js`,
  stats: `stats-${hash(statsScript)}.js`,
  window: `window-${hash(windowScript)}.js`,
  fallback: `fallback-${hash(fallbackScript)}.js`,
  log: `log-${hash(logScript)}.js`,
  values: `values-${hash(valuesScript)}.js`,
  copy: `copy-${hash(copyScript)}.js`,
  style: `style-${hash(styles)}.css`,
};

/** All files, by their name below `/assets/`. */
export const pageAssets: ReadonlyMap<string, PageAsset> = new Map([
  [assetNames.list, { body: listScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.task, { body: taskScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.controls, { body: controlsScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.stats, { body: statsScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.window, { body: windowScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.fallback, { body: fallbackScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.log, { body: logScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.values, { body: valuesScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.copy, { body: copyScript, contentType: "text/javascript; charset=utf-8" }],
  [assetNames.style, { body: styles, contentType: "text/css; charset=utf-8" }],
]);

/**
 * Calculates a 53-bit hash (cyrb53), which is good enough to distinguish versions of a file. Web Crypto is not an
 * option: it is asynchronous, and this module must load without waiting.
 */
function hash(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(36).padStart(11, "0");
}
