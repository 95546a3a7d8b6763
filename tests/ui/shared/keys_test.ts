import { isCommandKey, SHORTCUTS } from "../../../ui/shared/keys.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const PLAIN = { altKey: false, ctrlKey: false, metaKey: false, target: null };

/** Creates the target of a key event. */
function target(fields: { readonly tagName?: string; readonly isContentEditable?: boolean }): EventTarget {
  return Object.assign(new EventTarget(), fields);
}

Deno.test("isCommandKey() returns false while the user types into a field, and for the browser's own shortcuts", () => {
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

Deno.test("SHORTCUTS lists no key twice for the same kind of page", () => {
  const all = SHORTCUTS.flatMap(({ keys, where }) => keys.map((key) => `${where} ${key}`));
  assertEquals(new Set(all).size, all.length);
});
