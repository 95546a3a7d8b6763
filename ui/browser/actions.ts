/**
 * Calls the REST API for a page's buttons.
 *
 * @module
 */

import { copyText } from "./copy_text.ts";
import type { Cancellations } from "./cancellations.ts";
import { taskPageUrl, taskUrl } from "../shared/links.ts";
import type { PageFrame } from "../shared/model.ts";
import type { PageActions } from "../shared/view.ts";
import { readStartedId } from "../../lib/task/wire.ts";
import { call } from "./requests.ts";

/**
 * Creates the actions that a page's buttons perform.
 *
 * @param frame the data of the page: the requests use its base path and its client
 * @param cancellations holds back cancellations while they can still be undone
 * @returns the actions; each of them rejects with an error whose message can be shown to the user
 */
export function createActions(frame: PageFrame, cancellations: Cancellations): PageActions {
  return {
    async cancel(id) {
      const ids = await cancellations.hold([id]);
      if (ids.length > 0) await call("POST", `${taskUrl(frame, id)}/cancel`);
    },
    held: cancellations.held,
    undoCancel: (id) => cancellations.undo([id]),
    async remove(id) {
      await call("DELETE", taskUrl(frame, id));
    },
    async restore(id) {
      await call("POST", `${taskUrl(frame, id)}/restore`);
    },
    async retry(id) {
      const next = readStartedId(await call("POST", `${taskUrl(frame, id)}/retry`));
      if (next !== null) location.assign(taskPageUrl(frame, next));
    },
    copy: copyText,
  };
}
