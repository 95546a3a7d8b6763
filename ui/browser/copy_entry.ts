/**
 * The script of pages with code blocks to copy: adds a copy button to each block. Without the script, the blocks are
 * plain text.
 *
 * @module
 */

import { copyText } from "./copy_text.ts";

/** How long a button shows that the text was copied, in milliseconds. */
const COPIED_MS = 1_500;

const status = document.createElement("p");
status.className = "visually-hidden";
status.setAttribute("role", "status");
document.querySelector("main")?.append(status);
for (const block of document.querySelectorAll<HTMLElement>("pre.docs-code")) addButton(block);

function addButton(block: HTMLElement): void {
  const frame = document.createElement("div");
  frame.className = "docs-block";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button docs-copy";
  button.textContent = "Copy";
  button.onclick = () => void copy(block, button);
  block.replaceWith(frame);
  frame.append(block, button);
}

async function copy(block: HTMLElement, button: HTMLButtonElement): Promise<void> {
  const done = await copyText(block.textContent ?? "").then(() => "Copied", () => "Copy failed");
  button.textContent = status.textContent = done;
  setTimeout(() => {
    button.textContent = "Copy";
    status.textContent = "";
  }, COPIED_MS);
}
