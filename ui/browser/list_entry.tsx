/** @jsxImportSource preact */
/**
 * The entry script of the list page.
 *
 * @module
 */

import { hydrate } from "preact";
import { ClientPage } from "../components/client_page.tsx";
import { startList } from "./list_start.ts";
import { hydratePage } from "./hydrate.ts";

hydratePage("client", (model, { root, announcer, ...options }) => {
  const { page, view, ready } = startList(
    model,
    options,
    (text, topic = "list") => announcer.announce(topic, text),
  );
  hydrate(<ClientPage view={view} />, root);
  return { page, ready, refetch: () => view.list?.retry() };
});
