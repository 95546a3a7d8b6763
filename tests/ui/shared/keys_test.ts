import { isCommandKey, SHORTCUTS } from "../../../ui/shared/keys.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const PLAIN = { altKey: false, ctrlKey: false, metaKey: false, target: null };

/** What an event names as its target. */
function target(fields: { readonly tagName?: string; readonly isContentEditable?: boolean }): EventTarget {
  return Object.assign(new EventTarget(), fields);
}

Deno.test("isCommandKey() leaves letters in fields and the browser's own shortcuts alone", () => {
  assert(isCommandKey(PLAIN));
  assert(isCommandKey({ ...PLAIN, target: target({ tagName: "BUTTON" }) }));
  for (const tagName of ["INPUT", "TEXTAREA", "SELECT"]) {
    assertEquals(isCommandKey({ ...PLAIN, target: target({ tagName }) }), false);
  }
  assertEquals(
    isCommandKey({ ...PLAIN, target: target({ tagName: "DIV", isContentEditable: true }) }),
    false,
  );
  for (const key of ["altKey", "ctrlKey", "metaKey"] as const) {
    assertEquals(isCommandKey({ ...PLAIN, [key]: true }), false);
  }
});

Deno.test("SHORTCUTS names no key twice in one place", () => {
  const all = SHORTCUTS.flatMap(({ keys, where }) => keys.map((key) => `${where} ${key}`));
  assertEquals(new Set(all).size, all.length);
});
