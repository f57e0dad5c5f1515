import { getErrorMessage, jobsAPI, screenerAPI } from "@/lib/api-client";
import { ApiError, fieldProblems } from "@/lib/errors";
import { retryingFetch } from "@/lib/retry";
import { failure, fakeApi, json } from "../support/api";
import { screenerPage, stock } from "../support/wire";

const QUICK = { attempts: 3, firstDelayMs: 1 };
const QUERY = { page: 1, limit: 50, sort_by: "symbol", sort_order: "asc" as const, index: "NIFTY50" };

test("a result is the data or the error, never both", async () => {
  const { urls } = fakeApi({ "GET /api/screener/": screenerPage([stock("ARUVI")]) });
  const good = await screenerAPI.page(QUERY);
  expect(good.error).toBeNull();
  expect(good.data?.data[0]?.symbol).toBe("ARUVI");
  expect(urls[0]?.searchParams.get("index")).toBe("NIFTY50");

  fakeApi({ "GET /api/screener/": () => failure(404, "DATA_NOT_FOUND", "No index is named NIFTYX") });
  const bad = await screenerAPI.page({ ...QUERY, index: "NIFTYX" });
  expect(bad.data).toBeNull();
  expect(bad.error).toMatchObject({ code: "DATA_NOT_FOUND", status: 404, requestId: "4e1c9a70-0000" });
  expect(getErrorMessage(bad.error)).toBe("No index is named NIFTYX");
});

test("an answer without an envelope is an error that says so", async () => {
  fakeApi({ "GET /api/screener/": () => new Response("<html>", { status: 418 }) });
  const { error } = await screenerAPI.page(QUERY);
  expect(error?.message).toContain("418");
});

test("a GET is repeated while the server is away, then its answer is used", async () => {
  let calls = 0;
  globalThis.fetch = (async () => (++calls < 3 ? json({}, 503) : json({ ok: true }))) as typeof fetch;
  const response = await retryingFetch(new Request("http://localhost/api/health"), QUICK);
  expect(calls).toBe(3);
  expect(response.status).toBe(200);
});

test("a GET gives up after its attempts with a message a person can act on", async () => {
  let calls = 0;
  globalThis.fetch = (async () => {
    calls += 1;
    throw new TypeError("Failed to fetch");
  }) as typeof fetch;
  await expect(retryingFetch(new Request("http://localhost/api/health"), QUICK)).rejects.toMatchObject({
    code: "NETWORK_ERROR",
  });
  expect(calls).toBe(3);
});

test("a refused GET is not repeated", async () => {
  const { requests } = fakeApi({
    "GET /api/screener/": () => failure(422, "VALIDATION_ERROR", "limit: too small"),
  });
  await screenerAPI.page(QUERY);
  expect(requests).toHaveLength(1);
});

test("a POST is sent once, whatever happens", async () => {
  let calls = 0;
  globalThis.fetch = (async () => {
    calls += 1;
    return json({ error: { code: "DATABASE_ERROR", message: "away" } }, 503);
  }) as typeof fetch;
  const { error } = await jobsAPI.cancel("1");
  expect(calls).toBe(1);
  expect(error?.retryable).toBe(true);
});

test("the delay doubles", async () => {
  jest.useFakeTimers();
  const at: number[] = [];
  globalThis.fetch = (async () => {
    at.push(Date.now());
    return json({}, 503);
  }) as typeof fetch;
  const done = retryingFetch(new Request("http://localhost/x"), { attempts: 4, firstDelayMs: 100 });
  await jest.runAllTimersAsync();
  await done;
  jest.useRealTimers();
  const [a = 0, b = 0, c = 0, d = 0] = at;
  expect([b - a, c - b, d - c]).toEqual([100, 200, 400]);
});

test("problems of a validation are named by field", () => {
  const many = new ApiError("x", "VALIDATION_ERROR", 422, {
    field: "a",
    problems: [{ field: "limit", message: "too small" }, { bad: 1 }],
  });
  expect(fieldProblems(many)).toEqual([{ field: "limit", message: "too small" }]);
  const one = new ApiError("There is no file", "VALIDATION_ERROR", 422, { field: "path" });
  expect(fieldProblems(one)).toEqual([{ field: "path", message: "There is no file" }]);
  expect(fieldProblems(new ApiError("x", "CONFLICT", 409))).toEqual([]);
});
