/** @jsxImportSource preact */
/**
 * What runs in the browser on the page of a client's tasks.
 *
 * @module
 */

import { hydrate } from "preact";
import { ClientPage } from "./components/client_page.tsx";
import { createClientPage } from "./state.ts";
import { takeOver } from "./takeover.ts";

takeOver("client", (model, { root, ...options }) => {
  const page = createClientPage(model, options);
  hydrate(<ClientPage view={page.view} />, root);
  return { page };
});
