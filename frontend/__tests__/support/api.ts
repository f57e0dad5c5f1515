/** A fake network under the real client: answers by "METHOD /path", remembers every request. */
type Answer = unknown | ((url: URL, request: Request) => unknown | Response | Promise<unknown>);

export interface FakeApi {
  requests: Request[];
  urls: URL[];
}

export function fakeApi(answers: Record<string, Answer>): FakeApi {
  const requests: Request[] = [];
  const urls: URL[] = [];
  globalThis.fetch = (async (input: RequestInfo | URL) => {
    const request = input as Request;
    const url = new URL(request.url);
    requests.push(request.clone());
    urls.push(url);
    const answer = answers[`${request.method} ${url.pathname}`];
    if (answer === undefined) return failure(404, "DATA_NOT_FOUND", `There is nothing at ${url.pathname}`);
    const body = typeof answer === "function" ? await answer(url, request) : answer;
    return body instanceof Response ? body : json(body);
  }) as typeof fetch;
  return { requests, urls };
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

export const failure = (status: number, code: string, message: string, details?: unknown): Response =>
  new Response(JSON.stringify({ error: { code, message, details, request_id: "4e1c9a70-0000" } }), {
    status,
    headers: { "Content-Type": "application/json", "X-Request-ID": "4e1c9a70-0000" },
  });
