// The worker of notifications: it shows what is pushed and opens the page that it is about. It keeps nothing and
// answers no request of a page. Messages are written by backend/app/services/push/messages.py.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, screen_url } = event.notification.data;
  event.waitUntil(go(event.action === "screen" ? screen_url : url));
});

// the browser has got another address: the server learns it, or it would send to one that is dead
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(moved(event)));

async function show(data) {
  // whatever comes must be shown: a browser takes the right to push away from a page that stays silent
  let told = {};
  try {
    told = data?.json() ?? {};
  } catch {
    told = {};
  }
  const own = (address) => typeof address === "string" && /^\/(?![/\\])/.test(address);
  await self.registration.showNotification(
    typeof told.title === "string" ? told.title : "Something happened in the screens you watch",
    {
      body: typeof told.body === "string" ? told.body : "",
      tag: typeof told.tag === "string" ? told.tag : "alerts",
      icon: "/icon-192.png",
      badge: "/icon-192.png",
      data: {
        url: own(told.url) ? told.url : "/screener/alerts/",
        screen_url: own(told.screen_url) ? told.screen_url : null,
      },
      actions: own(told.screen_url) ? [{ action: "screen", title: "Open the screen" }] : [],
    },
  );
}

async function go(address) {
  const url = new URL(address, self.location.origin).href;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((one) => one.url === url);
  if (shown) return shown.focus();
  return self.clients.openWindow(url);
}

async function moved(event) {
  let now = event.newSubscription;
  if (!now) {
    const { public_key } = await (await fetch("/api/push")).json();
    if (!public_key) return; // push was switched off meanwhile
    now = await self.registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: public_key,
    });
  }
  const { endpoint, keys } = now.toJSON();
  const answer = await fetch("/api/push/subscriptions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ endpoint, keys, name: null, replaces: event.oldSubscription?.endpoint ?? null }),
  });
  if (!answer.ok) throw new Error(`the server did not take the new address: ${answer.status}`);
}
