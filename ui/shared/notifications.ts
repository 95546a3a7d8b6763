/**
 * Shows desktop notifications, and reads and toggles the setting for them.
 *
 * @module
 */

/** The `localStorage` key whose presence means that notifications are on. */
const KEY = "taskscope-notifications";

/** Whether notifications are turned off or on, or the reason why they cannot work. */
export type NotificationState = "off" | "on" | keyof typeof WHY_NOT;

/** The reasons why notifications cannot work, as sentences for the user. */
export const WHY_NOT = {
  insecure: "Notifications need HTTPS or localhost: browsers do not offer them on this page",
  apple: "Browsers on iPhone and iPad do not show notifications from a page",
  unsupported: "This browser does not support notifications",
  mobile: "Browsers on phones and tablets do not show notifications from a page",
  blocked: "Notifications are blocked in the browser's settings for this site",
} as const;

/** Whether the browser has refused to show a notification although it has the API, as browsers on Android do. */
let isRefused = false;

/** Returns the state of notifications in this browser. */
export function notificationState(): NotificationState {
  if (!globalThis.isSecureContext) return "insecure";
  if (!("Notification" in globalThis)) {
    return /iPhone|iPad|Macintosh.*Mobile/.test(navigator.userAgent) ? "apple" : "unsupported";
  }
  if (isRefused) return "mobile";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isRemembered() ? "on" : "off";
}

/**
 * Shows a notification, if the browser can. A notification replaces an earlier one of the same client, even from
 * another tab, because both have the same tag.
 */
export function showNotification(text: string, client: string): void {
  try {
    const notice = new Notification(text, { body: `Taskscope · ${client}`, tag: `taskscope ${client}` });
    notice.onclick = () => {
      focus();
      notice.close();
    };
  } catch {
    // Browsers on Android allow notifications only from service workers.
    isRefused = true;
  }
}

/**
 * Turns notifications on or off. When they are turned on, a first notification shows that they work. Must be called
 * in response to a click, because browsers ask for permission only then.
 */
export async function toggleNotifications(client: string): Promise<NotificationState> {
  const isOn = notificationState() === "on";
  if (!isOn && await Notification.requestPermission() === "granted") {
    showNotification("Notifications are on", client);
  }
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
