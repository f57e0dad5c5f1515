import { pushAPI, unwrap } from "./api-client";
import { getErrorMessage } from "./errors";
import type { PushBrowser } from "./types";

const WORKER = "/sw.js";
const PATIENCE_MS = 60_000;

/** What this browser says of notifications, before the server is asked. */
export interface OwnPush {
  supported: boolean;
  permission: NotificationPermission;
  /** SHA-256 of the address of its subscription, by which the server's list knows it; null: it has none. */
  digest: string | null;
}

export async function ownPush(): Promise<OwnPush> {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window))
    return { supported: false, permission: "default", digest: null };
  const subscription = await subscribed();
  return {
    supported: true,
    permission: Notification.permission,
    digest: subscription && (await digestOf(subscription.endpoint)),
  };
}

async function subscribed(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager?.getSubscription()) ?? null;
}

export async function digestOf(endpoint: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return [...new Uint8Array(hash)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Asks for the permission, so it is called on a click alone; then subscribes and makes it known to the server. */
export async function turnOn(publicKey: string): Promise<PushBrowser> {
  const permission = await Notification.requestPermission();
  if (permission !== "granted")
    throw new Error(
      permission === "denied"
        ? "This browser shows no notifications of this page."
        : "The question was closed without an answer: nothing was turned on.",
    );
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  // one that was made for another key of the server takes none of its messages
  const old = await registration.pushManager.getSubscription();
  if (old && base64url(old.options.applicationServerKey) !== publicKey) await old.unsubscribe();
  let subscription: PushSubscription;
  try {
    subscription = await inTime(
      registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }),
    );
  } catch (error) {
    throw new Error(
      `The push service of this browser gave it no address, so it cannot be notified. It said: ${getErrorMessage(error)}`,
    );
  }
  const { endpoint, keys } = subscription.toJSON();
  try {
    return await unwrap(
      pushAPI.subscribe({
        endpoint: endpoint ?? "",
        keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" },
        name: browserName(navigator.userAgent),
      }),
    );
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
}

/** Some browsers ask a push service that is away again and again, and never say so. */
function inTime<T>(asked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer within a minute")), PATIENCE_MS);
    asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** The server forgets it first: were that to fail, the browser would be told still, and say so. */
export async function turnOff(browserId: number): Promise<void> {
  await unwrap(pushAPI.unsubscribe(browserId));
  await (await subscribed())?.unsubscribe();
}

function base64url(key: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(key ?? new ArrayBuffer(0)));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A name to know it by in the list, such as "Firefox on Windows". */
export function browserName(agent: string): string {
  const first = (names: [RegExp, string][], other: string) =>
    names.find(([pattern]) => pattern.test(agent))?.[1] ?? other;
  const program = first(
    [
      [/Edg\//, "Edge"],
      [/OPR\//, "Opera"],
      [/Firefox\//, "Firefox"],
      [/Chrome\//, "Chrome"],
      [/Safari\//, "Safari"],
    ],
    "A browser",
  );
  const system = first(
    [
      [/Android/, "Android"],
      [/iPhone|iPad/, "iOS"],
      [/Windows/, "Windows"],
      [/Mac OS X/, "macOS"],
      [/CrOS/, "ChromeOS"],
      [/Linux/, "Linux"],
    ],
    "an unknown system",
  );
  return `${program} on ${system}`;
}
