/**
 * Reads and toggles the setting for desktop notifications.
 *
 * @module
 */

/** The `localStorage` key whose presence means that notifications are on. */
const KEY = "taskscope-notifications";

/** Whether notifications are not supported, turned off, turned on, or denied in the browser's settings. */
export type NotificationState = "unavailable" | "off" | "on" | "blocked";

/** Returns the state of notifications in this browser. */
export function notificationState(): NotificationState {
  // The Notification API exists only in secure contexts: https and localhost.
  if (!("Notification" in globalThis) || !globalThis.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isRemembered() ? "on" : "off";
}

/**
 * Turns notifications on or off. Must be called in response to a click, because browsers ask for permission
 * only then.
 */
export async function toggleNotifications(): Promise<NotificationState> {
  const isOn = notificationState() === "on";
  if (!isOn) await Notification.requestPermission();
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "on");
  } catch {
    // Storage is disabled: the setting lasts only as long as the page.
  }
  return notificationState();
}

function isRemembered(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
