/**
 * Submits the forms that start tasks without leaving the page.
 * @module
 */

import { readStartedId } from "../../lib/task/wire.ts";
import { sendForm } from "./requests.ts";
import { taskPageUrl } from "../shared/links.ts";
import type { PageFrame } from "../shared/model.ts";

/** Registers the submit listener for all forms with `data-start`. */
export function enhanceStartForms(frame: PageFrame): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.matches("[data-start]")) return;
    event.preventDefault();
    void send(form, frame);
  });
}

async function send(form: HTMLFormElement, frame: PageFrame): Promise<void> {
  const [button, answer, problem] = ["button", ".start-form-result", ".problem"].map((selector) =>
    form.querySelector<HTMLButtonElement>(selector)!
  );
  if (button!.disabled) return;
  button!.disabled = true;
  answer!.textContent = "Starting…";
  problem!.hidden = true;
  try {
    const id = readStartedId(await sendForm(form));
    if (id === null) throw new Error("The server started the task but returned no id");
    const link = document.createElement("a");
    link.href = taskPageUrl(frame, id);
    link.textContent = "view task";
    answer!.replaceChildren("Started · ", link);
  } catch (error) {
    answer!.textContent = "";
    problem!.textContent = error instanceof Error ? error.message : String(error);
    problem!.hidden = false;
  }
  button!.disabled = false;
}
