import { createHash, webcrypto } from "node:crypto";
import { TextEncoder } from "node:util";
import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { axe } from "jest-axe";
import { Alerts } from "@/features/settings/alerts";
import { browserName } from "@/lib/push";
import type { PushBrowser, PushStatus } from "@/lib/types";
import { failure, fakeApi, json } from "../support/api";
import { renderApp } from "../support/render";

const KEY = "BAMBAgME";
const ENDPOINT = "https://push.example.net/p/s3cret";
const DIGEST = createHash("sha256").update(ENDPOINT).digest("hex");
const EVENTS = {
  data: [],
  meta: { page: 1, limit: 1, total: 0, total_pages: 0, unread: 0, mail_to: "trader@example.com" },
};

const browser = (change: Partial<PushBrowser> = {}): PushBrowser => ({
  id: 7,
  name: "Firefox on Linux",
  digest: DIGEST,
  service: "push.example.net",
  created_at: "2026-11-20T12:00:00Z",
  last_success_at: null,
  last_failure_at: null,
  last_failure: null,
  ended_at: null,
  other_key: false,
  ...change,
});

const status = (...browsers: PushBrowser[]): PushStatus => ({
  enabled: true,
  reason: null,
  public_key: KEY,
  browsers,
});

interface Fake {
  permission?: NotificationPermission;
  answer?: NotificationPermission;
  subscribed?: boolean;
  fails?: Error;
}

/** The parts of a browser that jsdom lacks: a permission, a worker's registration and a push service. */
function fakeBrowser({ permission = "default", answer = "granted", subscribed = false, fails }: Fake = {}) {
  const subscription = {
    endpoint: ENDPOINT,
    options: { applicationServerKey: Uint8Array.from(Buffer.from(KEY, "base64url")).buffer },
    toJSON: () => ({ endpoint: ENDPOINT, expirationTime: null, keys: { p256dh: "POINT", auth: "SECRET" } }),
    unsubscribe: jest.fn(async () => {
      current = null;
      return true;
    }),
  };
  let current: typeof subscription | null = subscribed ? subscription : null;
  const pushManager = {
    getSubscription: jest.fn(async () => current),
    subscribe: jest.fn(async () => {
      if (fails) throw fails;
      current = subscription;
      return subscription;
    }),
  };
  const registration = { pushManager };
  const register = jest.fn(async () => registration);
  const notification: { permission: NotificationPermission; requestPermission: jest.Mock } = {
    permission,
    requestPermission: jest.fn(async () => (notification.permission = answer)),
  };
  define(navigator, "serviceWorker", {
    register,
    ready: Promise.resolve(registration),
    getRegistration: async () => (current || register.mock.calls.length ? registration : undefined),
  });
  define(window, "PushManager", class {});
  define(window, "Notification", notification);
  define(globalThis, "crypto", webcrypto);
  define(globalThis, "TextEncoder", TextEncoder);
  return { subscription, pushManager, register, notification };
}

const define = (on: object, name: string, value: unknown) =>
  Object.defineProperty(on, name, { configurable: true, value });

afterEach(() => {
  for (const name of ["PushManager", "Notification"]) Reflect.deleteProperty(window, name);
  Reflect.deleteProperty(navigator, "serviceWorker");
});

const answers = (push: PushStatus) => ({ "GET /api/push": push, "GET /api/screener/events": EVENTS });

test("while the server is not set up, what to set is said and nothing is asked", async () => {
  const { notification } = fakeBrowser();
  fakeApi(answers({ enabled: false, reason: "Web push is off: set X", public_key: null, browsers: [] }));
  renderApp(<Alerts />);
  expect(await screen.findByText("Web push is off: set X.")).toBeVisible();
  expect(screen.queryByRole("button")).toBeNull();
  expect(notification.requestPermission).not.toHaveBeenCalled();
  expect(screen.getByText(/mailed to trader@example.com/)).toBeVisible();
  expect(screen.getByText(/no live feed yet, so none come during the session/)).toBeVisible();
});

test("a browser without web push is told so", async () => {
  fakeApi(answers(status()));
  renderApp(<Alerts />);
  expect(await screen.findByText(/it has no web push/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Notify this browser" })).toBeNull();
});

test("a browser that denied notifications is told where to allow them", async () => {
  fakeBrowser({ permission: "denied" });
  fakeApi(answers(status()));
  renderApp(<Alerts />);
  expect(await screen.findByText(/Allow them beside its address/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Notify this browser" })).toBeNull();
});

test("the permission is asked for on the click alone; then the server is given the subscription", async () => {
  const { notification, pushManager, register } = fakeBrowser();
  let push = status();
  const { requests } = fakeApi({
    ...answers(push),
    "GET /api/push": () => push,
    "POST /api/push/subscriptions": () => {
      push = status(browser());
      return json(browser(), 201);
    },
  });
  const { container } = renderApp(<Alerts />);
  const button = await screen.findByRole("button", { name: "Notify this browser" });
  expect(notification.requestPermission).not.toHaveBeenCalled();
  expect(register).not.toHaveBeenCalled();
  await userEvent.click(button);
  expect(await screen.findByText("This browser is notified")).toBeVisible();
  expect(register).toHaveBeenCalledWith("/sw.js", { scope: "/" });
  expect(pushManager.subscribe).toHaveBeenCalledWith({ userVisibleOnly: true, applicationServerKey: KEY });
  const sent = requests.find((request) => request.method === "POST");
  expect(await sent?.json()).toEqual({
    endpoint: ENDPOINT,
    keys: { p256dh: "POINT", auth: "SECRET" },
    name: browserName(navigator.userAgent),
  });
  expect(screen.getByText("This browser", { exact: true })).toBeVisible();
  expect(await axe(container)).toHaveNoViolations();
});

test("a question that is closed or denied turns nothing on and says so", async () => {
  const { pushManager } = fakeBrowser({ answer: "denied" });
  fakeApi(answers(status()));
  renderApp(<Alerts />);
  await userEvent.click(await screen.findByRole("button", { name: "Notify this browser" }));
  expect(await screen.findByText(/Allow them beside its address/)).toBeVisible();
  expect(pushManager.subscribe).not.toHaveBeenCalled();
});

test("a push service that cannot be reached is named, with what the browser said", async () => {
  fakeBrowser({ fails: new DOMException("Registration failed - push service not available", "AbortError") });
  fakeApi(answers(status()));
  renderApp(<Alerts />);
  await userEvent.click(await screen.findByRole("button", { name: "Notify this browser" }));
  expect(await screen.findByRole("alert")).toHaveTextContent(
    /push service of this browser gave it no address.*push service not available/,
  );
  expect(screen.getByRole("button", { name: "Notify this browser" })).toBeEnabled();
});

test("a server that refuses the subscription leaves the browser without one", async () => {
  const { subscription } = fakeBrowser();
  fakeApi({
    ...answers(status()),
    "POST /api/push/subscriptions": () => failure(409, "CONFLICT", "20 browsers are told already"),
  });
  renderApp(<Alerts />);
  await userEvent.click(await screen.findByRole("button", { name: "Notify this browser" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("20 browsers are told already");
  expect(subscription.unsubscribe).toHaveBeenCalled();
});

test("a test message says what its push service answered", async () => {
  fakeBrowser({ permission: "granted", subscribed: true });
  const job = (result: object | null) => ({
    id: "5e1c9a70-0000-4000-8000-000000000000",
    kind: "push",
    state: result ? "SUCCEEDED" : "QUEUED",
    result,
    events: [],
  });
  fakeApi({
    ...answers(status(browser())),
    "POST /api/push/subscriptions/7/test": () => json({ job: job(null) }, 202),
    "GET /api/jobs/5e1c9a70-0000-4000-8000-000000000000": job({ taken: 0, reason: "it answered (403)" }),
  });
  renderApp(<Alerts />);
  await userEvent.click(await screen.findByRole("button", { name: "Send a test" }));
  expect(await screen.findByText("Not sent: it answered (403).")).toBeVisible();
});

test("turned off, the server forgets the browser and the browser its subscription", async () => {
  const { subscription } = fakeBrowser({ permission: "granted", subscribed: true });
  let push = status(browser());
  const { requests } = fakeApi({
    ...answers(push),
    "GET /api/push": () => push,
    "DELETE /api/push/subscriptions/7": () => {
      push = status();
      return new Response(null, { status: 204 });
    },
  });
  renderApp(<Alerts />);
  await userEvent.click(await screen.findByRole("button", { name: "Turn off" }));
  expect(await screen.findByRole("button", { name: "Notify this browser" })).toBeVisible();
  expect(requests.some((request) => request.method === "DELETE")).toBe(true);
  expect(subscription.unsubscribe).toHaveBeenCalled();
});

test("the list says of each browser what is last known of it", async () => {
  fakeBrowser({ permission: "granted", subscribed: true });
  const dropped = {
    id: 8,
    name: "Old phone",
    digest: "x",
    ended_at: "2026-11-25T13:00:00Z",
    last_failure: "push.example.net does not know this browser any more (410)",
  };
  const failed = {
    id: 9,
    name: "Laptop",
    digest: "y",
    last_success_at: "2026-11-24T13:00:00Z",
    last_failure_at: "2026-11-25T13:00:00Z",
    last_failure: "push.example.net wants fewer messages (429)",
  };
  const strange = { id: 10, name: "Other home", digest: "z", other_key: true };
  const { container } = renderAfter(status(browser(), browser(dropped), browser(failed), browser(strange)));
  const old = (await screen.findByText("Old phone")).closest("li") as HTMLElement;
  expect(within(old).getByText("Dropped")).toBeVisible();
  expect(old).toHaveTextContent("(410). Turn it on again in it.");
  expect(screen.getByText("Laptop").closest("li")).toHaveTextContent("wants fewer messages (429).");
  expect(screen.getByText("Other home").closest("li")).toHaveTextContent("another key of this server");
  await waitFor(() => expect(screen.getByText("This browser", { exact: true })).toBeVisible());
  expect(await axe(container)).toHaveNoViolations();
});

function renderAfter(push: PushStatus) {
  fakeApi(answers(push));
  return renderApp(<Alerts />);
}

test.each([
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
    "Chrome on Linux",
  ],
  ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Windows"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0",
    "Edge on Windows",
  ],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15", "Safari on macOS"],
  ["curl/8", "A browser on an unknown system"],
])("%s is called %s", (agent, name) => expect(browserName(agent)).toBe(name));
