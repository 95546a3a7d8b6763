/**
 * Sends the forms that start tasks without leaving the page. They were rendered by the server, and stay as they are.
 *
 * @module
 */

import { readStartedId } from "../../lib/task/wire.ts";
import { sendForm } from "./actions.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { PageFrame } from "../shared/model.ts";

/** Sends them from now on. */
export function takeOverStartForms(frame: PageFrame): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-start]")) return;
    event.preventDefault();
    void send(form, frame);
  });
}

async function send(form: HTMLFormElement, frame: PageFrame): Promise<void> {
  const [button, answer, problem] = ["button", ".startable-answer", ".problem"].map((selector) =>
    form.querySelector<HTMLButtonElement>(selector)!
  );
  if (button!.disabled) return;
  button!.disabled = true;
  answer!.textContent = "Starting…";
  problem!.hidden = true;
  try {
    const id = readStartedId(await sendForm(form));
    if (id === null) throw new Error("The server took the task, but did not say its id");
    const link = document.createElement("a");
    link.href = taskPageUrl(frame, id);
    link.textContent = "watch it";
    answer!.replaceChildren("Started · ", link);
  } catch (error) {
    answer!.textContent = "";
    problem!.textContent = error instanceof Error ? error.message : String(error);
    problem!.hidden = false;
  }
  button!.disabled = false;
}
