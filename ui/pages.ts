/**
 * The pages, as the server's handler asks for them.
 *
 * @module
 */

import type { PageContext, PageRenderer } from "../lib/page_renderer.ts";
import { assetNames, pageAssets } from "./assets.ts";
import { kinOf } from "./kin.ts";
import { argumentsFromForm, type PageFrame, pageOfTasks } from "./model.ts";
import { renderClientPage, renderProblemPage, renderTaskPage } from "./render.tsx";
import { foldSteps, MOST_STEPS, stepsOf } from "./timeline.ts";

/**
 * Makes the renderer of pages.
 *
 * @param version the program's version, which pages show
 * @returns the renderer
 */
export function pageRenderer(version: string): PageRenderer {
  const frameOf = (context: PageContext, script: string): PageFrame => ({
    ...context,
    version,
    assets: {
      script: `${context.basePath}/assets/${script}`,
      style: `${context.basePath}/assets/${assetNames.style}`,
    },
  });
  return {
    assets: pageAssets,
    client: (context, { summaries, record }, page, startable) => {
      const slice = pageOfTasks(summaries, page);
      // Only what the page shows is read.
      const tasks = slice.tasks.map(({ id }) => record(id)).filter((task) => task !== undefined);
      return renderClientPage({ ...frameOf(context, assetNames.list), ...slice, tasks, startable });
    },
    task: (context, { all, history, ...shown }) =>
      renderTaskPage({
        ...frameOf(context, assetNames.task),
        ...shown,
        ...kinOf(all, shown.task),
        steps: foldSteps(stepsOf(history), shown.task.finished_at ?? context.now, MOST_STEPS),
      }),
    problem: (problem) =>
      renderProblemPage({ ...problem, style: `${problem.basePath}/assets/${assetNames.style}` }),
    argumentsFrom: (input, fields) => argumentsFromForm(input, fields),
  };
}
