import createClient from "openapi-fetch";
import type { paths } from "../api-types";
import { ApiError, toApiError } from "../errors";
import { noteAnswer } from "../market-seen";
import { retryingFetch } from "../retry";

/** Same origin when built; NEXT_PUBLIC_API_URL only in development, when the rewrite of next.config is not wanted. */
export function apiBase(): string {
  if (process.env.NODE_ENV === "development" && process.env.NEXT_PUBLIC_API_URL)
    return process.env.NEXT_PUBLIC_API_URL;
  return typeof window === "undefined" ? "http://127.0.0.1:8000" : window.location.origin;
}

async function heardFetch(request: Request): Promise<Response> {
  const asked = performance.now();
  const response = await retryingFetch(request);
  if (request.method === "GET") noteAnswer(response, asked); // a switch in this window is no news to it
  return response;
}

export const api = createClient<paths>({ baseUrl: apiBase(), fetch: heardFetch });

/** One of the two is set. */
export type Result<T> = { data: T; error: null } | { data: null; error: ApiError };

export interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Settles a call: never throws, except when the caller itself aborted it. */
export async function result<T>(call: Promise<Answer>): Promise<Result<T>> {
  try {
    const { data, error, response } = await call;
    if (!response.ok || error !== undefined) return { data: null, error: toApiError(error, response) };
    return { data: data as T, error: null };
  } catch (thrown) {
    if (thrown instanceof ApiError) return { data: null, error: thrown };
    if (thrown instanceof DOMException && thrown.name === "AbortError") throw thrown;
    return {
      data: null,
      error: new ApiError("The answer could not be read.", "UNREADABLE_ANSWER", 0, String(thrown)),
    };
  }
}

/** For queries: the data, or the ApiError thrown. */
export async function unwrap<T>(settled: Promise<Result<T>>): Promise<T> {
  const { data, error } = await settled;
  if (error) throw error;
  return data as T;
}
