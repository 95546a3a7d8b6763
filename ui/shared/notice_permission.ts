/**
 * Whether this browser shows desktop notifications, and the switch for them.
 *
 * @module
 */

/** Where the browser remembers that somebody asked for them. */
const KEY = "taskscope-notifications";

/** Whether they come: the browser has none, nobody asked, somebody did, or the browser was told to let none through. */
export type NoticeState = "unavailable" | "off" | "on" | "blocked";

/** How it stands with them in this browser. */
export function noticeState(): NoticeState {
  // Pages that do not come from https or this machine have none.
  if (!("Notification" in globalThis) || !globalThis.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isRemembered() ? "on" : "off";
}

/** Turns them on, or off. Asks for permission, so it is only called when somebody clicks. */
export async function toggleNotices(): Promise<NoticeState> {
  const isOn = noticeState() === "on";
  if (!isOn) await Notification.requestPermission();
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "on");
  } catch {
    // A browser that keeps nothing of this page.
  }
  return noticeState();
}

function isRemembered(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
