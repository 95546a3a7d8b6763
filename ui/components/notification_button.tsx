/** @jsxImportSource preact */
/**
 * The button that turns desktop notifications on and off, or explains why they cannot work.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import {
  type NotificationState,
  notificationState,
  toggleNotifications,
  WHY_NOT,
} from "../shared/notifications.ts";
import type { FrameView } from "../shared/view.ts";
import { Icon } from "./icons.tsx";

interface NotificationButtonProps {
  readonly view: FrameView;
}

/**
 * A button that toggles notifications; if they cannot work, it explains why. Rendered only if the page's
 * script runs.
 */
export function NotificationButton({ view }: NotificationButtonProps): JSX.Element | null {
  const [changed, setState] = useState<NotificationState | null>(null);
  const [isOpen, setOpen] = useState(false);
  if (!view.scripted.value) return null;
  const state = changed ?? notificationState();
  const why = state === "on" || state === "off" ? null : WHY_NOT[state];
  const words = why ?? "Notify when a task ends while this page is in the background";

  async function toggle(): Promise<void> {
    if (why !== null) return setOpen(!isOpen);
    const next = await toggleNotifications(view.frame.client);
    setState(next);
    setOpen(next in WHY_NOT);
  }

  return (
    <span class="notify">
      <button
        type="button"
        class="button button-icon button-notify"
        aria-label={words}
        title={words}
        {...(why === null ? { "aria-pressed": state === "on" } : { "aria-expanded": isOpen })}
        onClick={toggle}
      >
        <Icon name={state === "on" ? "bell" : "bell_off"} />
      </button>
      {isOpen && why !== null && <span class="notify-why" role="status">{why}</span>}
    </span>
  );
}
