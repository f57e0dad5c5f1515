import { ApiError } from "./errors";

export interface RetryPolicy {
  attempts: number;
  firstDelayMs: number;
}

export const GET_RETRY: RetryPolicy = { attempts: 3, firstDelayMs: 250 };

const PASSING = new Set([429, 502, 503, 504]);

/**
 * fetch that repeats a GET, and only a GET, when the network or the server is away: the delay doubles each time and a
 * Retry-After in seconds is honoured up to ten. Anything that changes state is sent once.
 */
export async function retryingFetch(request: Request, policy: RetryPolicy = GET_RETRY): Promise<Response> {
  const attempts = request.method === "GET" ? policy.attempts : 1;
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= attempts;
    try {
      const response = await fetch(last ? request : request.clone());
      if (last || !PASSING.has(response.status)) return response;
      await pause(retryAfter(response) ?? policy.firstDelayMs * 2 ** (attempt - 1), request.signal);
    } catch (error) {
      if (request.signal.aborted) throw error;
      if (last) {
        throw new ApiError(
          "SmartTrader does not answer. Is it still running on this machine?",
          "NETWORK_ERROR",
          0,
        );
      }
      await pause(policy.firstDelayMs * 2 ** (attempt - 1), request.signal);
    }
  }
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 10) * 1000 : null;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", abort, { once: true });
  });
}
