/**
 * Ignores clicks that would act on something the user did not aim at, because rows of a live page move while
 * the user points at them.
 *
 * @module
 */

import { rowLinkOf } from "./row_link.ts";

/** How long a control must have been under a resting pointer before a click on it counts, in milliseconds. */
const REST_MS = 500;
/** How long people take to notice that a control has moved, in milliseconds. */
const REACTION_MS = 200;
/** A pointer that moved less than this counts as resting, in CSS pixels. */
const SLOP: Readonly<Record<string, number>> = { touch: 24, mouse: 8 };
/** A control that moved less than this stays in its place, in CSS pixels. */
const TOLERANCE = 4;
const CONTROLS = "a[href],button,input,select,summary";
/** The `sessionStorage` key under which a page leaves the position of the pointer to the next one of its tab. */
const POINTER_KEY = "taskscope-pointer";

/** Where a control is, and when and how it got there. */
interface Place {
  readonly x: number;
  readonly y: number;
  /** What a click on the control does, if its action can change. */
  readonly does: string | undefined;
  readonly scroll: number;
  /** When the control came to this place, in milliseconds. */
  readonly since: number;
  /**
   * How far the pointer had moved in all when the control got here, in CSS pixels, and whether the pointer was moving
   * then.
   */
  readonly travelled: number;
  readonly isAiming: boolean;
}

/** The control that was pressed, and whether the user can have aimed at it. */
interface Press {
  readonly control: HTMLElement;
  readonly does: string | undefined;
  readonly counts: boolean;
}

/**
 * Guards all controls below an element. A click counts only if
 *
 * - the pointer was pressed and released on the same control, and the control still does the same,
 * - the control was clicked before, or it did not come under a resting pointer within the last
 *   {@linkcode REST_MS},
 * - and it did not move within the last {@linkcode REACTION_MS} while a finger or a moving pointer approached.
 *
 * A key counts only once while it is held, and a second key press does not act on another task right after
 * the first one. A control whose click is ignored flashes.
 */
export function guardClicks(root: HTMLElement): void {
  let places = new Map<Element, Place>();
  let [pointerX, pointerY] = readPointer();
  let travelled = 0;
  let [movedMs, releasedMs, activatedMs] = [-Infinity, -Infinity, -Infinity];
  /** The last press; `null` if it was not on a control, `undefined` once the click that followed the press is over. */
  let press: Press | null | undefined;
  /** The last press that was accepted: pressing the same control again is no mistake. */
  let last: Press | undefined;
  let isRepeated = false;
  /** The task that a key acted on last; `undefined` if the user has pressed another key since. */
  let keyedTask: string | undefined;

  function measure(): void {
    const now = performance.now();
    const isAiming = movedMs > releasedMs && now - movedMs < REACTION_MS / 2;
    const next = new Map<Element, Place>();
    for (const control of root.querySelectorAll<HTMLElement>(CONTROLS)) {
      const { x, y, width } = control.getBoundingClientRect();
      if (width === 0) continue;
      const { does } = control.dataset;
      const place = { does, x, y, scroll: scrollY, since: now, travelled, isAiming };
      const known = places.get(control);
      next.set(
        control,
        known === undefined || !isSamePlace(known, place) ? place : { ...known, x, y, scroll: scrollY },
      );
    }
    places = next;
  }

  function counts(control: HTMLElement, pointerType: string): boolean {
    const place = places.get(control);
    if (place === undefined || isSame(last, control)) return true;
    const age = performance.now() - place.since;
    if (travelled - place.travelled < (SLOP[pointerType] ?? SLOP.touch!)) return age >= REST_MS;
    return age >= REACTION_MS || (pointerType === "mouse" && !place.isAiming);
  }

  function mayClick(control: HTMLElement, event: MouseEvent): boolean {
    if (event.detail !== 0) {
      const pressed = press;
      // Assistive technology sends a click without a press before it.
      press = undefined;
      if (pressed === undefined) return true;
      if (!pressed?.counts || !isSame(pressed, control)) return false;
      last = pressed;
      return true;
    }
    if (isRepeated) return false;
    const task = taskOf(control);
    const isOther = keyedTask !== undefined && task !== undefined && task !== keyedTask;
    if (isOther && performance.now() - activatedMs < REST_MS) return false;
    [keyedTask, activatedMs] = [task, performance.now()];
    return true;
  }

  const listen = <Type extends keyof WindowEventMap>(type: Type, on: (event: WindowEventMap[Type]) => void) =>
    addEventListener(type, on, { capture: true, passive: type !== "click" });
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const way = Math.hypot(clientX - pointerX, clientY - pointerY);
    [pointerX, pointerY, travelled] = [clientX, clientY, travelled + way];
    return way;
  };
  listen("pointermove", (event) => {
    if (follow(event) > 0) movedMs = performance.now();
  });
  listen("pointerdown", (event) => {
    follow(event);
    const control = controlOf(event);
    press = control && { control, does: control.dataset.does, counts: counts(control, event.pointerType) };
  });
  listen("pointerup", () => releasedMs = performance.now());
  listen("pointercancel", () => press = undefined);
  // The pointer is still in the same position when the next page opens.
  listen("pagehide", () => writePointer([pointerX, pointerY]));
  listen("keydown", ({ key, repeat }) => {
    isRepeated = repeat;
    if (key !== "Enter" && key !== " ") keyedTask = undefined;
  });
  listen("click", (event) => {
    const control = controlOf(event);
    if (!event.isTrusted || control === null || mayClick(control, event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    control.toggleAttribute("data-ignored", true);
    setTimeout(() => control.toggleAttribute("data-ignored", false), REST_MS);
  });

  measure();
  new MutationObserver(measure).observe(root, {
    childList: true,
    subtree: true,
    attributeFilter: ["data-does", "data-open", "hidden", "open"],
  });
  // A text that grows moves the controls below it.
  new ResizeObserver(measure).observe(root);
}

function isSame(press: Press | undefined, control: HTMLElement): boolean {
  return press?.control === control && press.does === control.dataset.does;
}

/** A control stays in its place if it moves only because the user scrolls, or if scrolling keeps it in view. */
function isSamePlace(before: Place, after: Place): boolean {
  const isNear = (left: number, right: number) => Math.abs(left - right) < TOLERANCE;
  return before.does === after.does && isNear(before.x, after.x) &&
    (isNear(before.y, after.y) || isNear(before.y + before.scroll, after.y + after.scroll));
}

function readPointer(): [x: number, y: number] {
  try {
    return JSON.parse(sessionStorage.getItem(POINTER_KEY) ?? "[0,0]");
  } catch {
    // The browser may not permit access to storage.
    return [0, 0];
  }
}

function writePointer(pointer: [x: number, y: number]): void {
  try {
    sessionStorage.setItem(POINTER_KEY, JSON.stringify(pointer));
  } catch {
    // Without the position, the next page counts the first movement as a long one.
  }
}

function controlOf({ target }: Event): HTMLElement | null {
  const element = (target as Element).closest<HTMLElement>(`label,${CONTROLS}`);
  if (element === null) return rowLinkOf(target as Element);
  return element instanceof HTMLLabelElement ? element.control ?? element : element;
}

function taskOf(control: HTMLElement): string | undefined {
  return control.closest<HTMLElement>("[data-task-id]")?.dataset.taskId;
}
