/** @jsxImportSource preact */
/**
 * The button that turns desktop notifications on and off.
 *
 * @module
 */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { notificationState, toggleNotifications } from "../shared/notification_permission.ts";
import type { FrameView } from "../shared/view.ts";
import { Icon } from "./icons.tsx";

interface NotificationButtonProps {
  readonly view: FrameView;
}

/**
 * A button that toggles notifications. Rendered only if the page's script runs and the browser supports
 * notifications.
 */
export function NotificationButton({ view }: NotificationButtonProps): JSX.Element | null {
  const isScripted = view.scripted.value;
  const [changed, setState] = useState<ReturnType<typeof notificationState> | null>(null);
  const state = !isScripted ? "unavailable" : changed ?? notificationState();
  if (state === "unavailable") return null;
  const isBlocked = state === "blocked";
  const words = isBlocked
    ? "Notifications are blocked in the browser's settings"
    : "Notify when a task ends while this page is in the background";
  return (
    <button
      type="button"
      class="button button-icon button-notify"
      aria-label={words}
      title={words}
      aria-pressed={state === "on"}
      disabled={isBlocked}
      onClick={() => void toggleNotifications().then(setState)}
    >
      <Icon name={state === "on" ? "bell" : "bell_off"} />
    </button>
  );
}
