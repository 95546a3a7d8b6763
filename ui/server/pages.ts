/**
 * Implements the {@linkcode PageRenderer} that the HTTP handler calls.
 *
 * @module
 */

import { andThen } from "../../lib/task/maybe_promise.ts";
import type { PageContext, PageRenderer } from "../../lib/page_renderer.ts";
import { assetNames, pageAssets } from "./assets.ts";
import { bulkResultText } from "../shared/bulk_text.ts";
import { clientCommands, firstTaskCommands } from "../shared/commands.ts";
import { relationsOf } from "../shared/relations.ts";
import { listSearch, readListQuery } from "../shared/list_query.ts";
import { readBounds, readSlice } from "../shared/list_slice.ts";
import { argumentsFromForm } from "../shared/arguments.ts";
import type { PageFrame } from "../shared/model.ts";
import type { ProseAssets } from "./prose.tsx";
import { renderDocsPage } from "./render_docs.tsx";
import { renderInstallPage } from "./render_install.tsx";
import { renderOverviewPage } from "./render_overview.tsx";
import { renderSharePage, renderSignInPage } from "./render_access.tsx";
import {
  renderClientPage,
  renderNamePage,
  renderNamesPage,
  renderProblemPage,
  renderTaskPage,
} from "./render.tsx";
import { foldSteps, MAX_STEPS, stepsOf } from "../shared/steps.ts";
import type { BulkAction } from "../shared/view.ts";

/**
 * Creates the page renderer, which uses the components and static files of this folder.
 *
 * @param version the program's version, and the name of the node in a cluster, as shown in the footer
 * @returns the page renderer
 */
export function pageRenderer(version: string): PageRenderer {
  const frameOf = (context: PageContext, script: string): PageFrame => ({
    ...context,
    version,
    assets: {
      script: `${context.basePath}/assets/${script}`,
      controls: `${context.basePath}/assets/${assetNames.controls}`,
      windowing: `${context.basePath}/assets/${assetNames.window}`,
      fallback: `${context.basePath}/assets/${assetNames.fallback}`,
      log: `${context.basePath}/assets/${assetNames.log}`,
      values: `${context.basePath}/assets/${assetNames.values}`,
      style: `${context.basePath}/assets/${assetNames.style}`,
    },
  });
  return {
    assets: pageAssets,
    client(context, source, params, registered) {
      const { query, page, problems } = readListQuery(params);
      const frame = frameOf(context, assetNames.list);
      // Read-only visitors get no forms and no commands, because forms and commands require a key.
      const { mayChange } = context.visitor;
      const startable = mayChange ? registered : [];
      const commands = mayChange ? clientCommands(frame, startable) : [];
      const gettingStarted = mayChange ? firstTaskCommands(frame) : [];
      return andThen(
        readSlice(source, query, context.now, page),
        (slice) => renderClientPage({ ...frame, ...slice, problems, startable, commands, gettingStarted }),
      );
    },
    list: (source, params, now) =>
      andThen(
        readSlice(source, readListQuery(params).query, now, readBounds(params)),
        (slice) => JSON.stringify(slice),
      ),
    canonicalSearch(params) {
      const { query, page, problems } = readListQuery(params);
      const isByForm = [...params].some(([name, value]) =>
        (value === "" && name !== "page") || (name === "view" && value === "split")
      );
      return isByForm && problems.length === 0 ? listSearch(query, page) : null;
    },
    bulkWords: (action, done, reasons) => bulkResultText(action as BulkAction, done, reasons),
    task: (context, { all, history, series, values, again, found, ...shown }) =>
      andThen(relationsOf(all, shown.task), (relations) =>
        renderTaskPage({
          ...frameOf(context, assetNames.task),
          ...shown,
          ...relations,
          progressHistory: series,
          steps: foldSteps(stepsOf(history), shown.task.finished_at ?? context.now, MAX_STEPS),
        }, { values, again, found })),
    names: (context, names, next) => renderNamesPage(frameOf(context, assetNames.stats), names, next),
    name: (context, stats, runs) => renderNamePage(frameOf(context, assetNames.stats), stats, runs),
    docs: (documentation) => renderDocsPage(documentation, proseAssets(documentation.basePath)),
    overview: (page) =>
      renderOverviewPage({ ...page, version }, `${page.basePath}/assets/${assetNames.style}`),
    install: (page) => renderInstallPage({ ...page, version }, proseAssets(page.basePath)),
    signIn: (page) => renderSignInPage({ ...page, style: `${page.basePath}/assets/${assetNames.style}` }),
    share: (page) => renderSharePage({ ...page, style: `${page.basePath}/assets/${assetNames.style}` }),
    problem: (problem) =>
      renderProblemPage({ ...problem, style: `${problem.basePath}/assets/${assetNames.style}` }),
    argumentsFrom: (input, fields) => argumentsFromForm(input, fields),
  };
}

function proseAssets(basePath: string): ProseAssets {
  return {
    style: `${basePath}/assets/${assetNames.style}`,
    script: `${basePath}/assets/${assetNames.copy}`,
  };
}
