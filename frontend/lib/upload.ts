import { ApiError, toApiError } from "./errors";

export interface UploadOptions {
  signal?: AbortSignal;
  /** How much of the body has left this machine, and its whole size, both in bytes. */
  onProgress?: (sent: number, total: number) => void;
}

/**
 * A POST of files whose progress can be told, which fetch cannot. Answers with the parsed body; throws the ApiError of a refusal, and an
 * AbortError when the caller stopped it. Sent once: an upload that broke is not repeated by itself.
 */
export function sendFiles(
  address: string,
  files: readonly File[],
  { signal, onProgress }: UploadOptions = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.webkitRelativePath || file.name);
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const settle = (settled: () => void) => {
      signal?.removeEventListener("abort", stop);
      settled();
    };
    request.upload.addEventListener("progress", (event) => onProgress?.(event.loaded, event.total));
    request.addEventListener("load", () => settle(() => answered(request, resolve, reject)));
    request.addEventListener("error", () => settle(() => reject(broken())));
    request.addEventListener("abort", () =>
      settle(() => reject(new DOMException("The upload was stopped", "AbortError"))),
    );
    if (signal?.aborted) {
      reject(new DOMException("The upload was stopped", "AbortError"));
      return;
    }
    signal?.addEventListener("abort", stop);
    request.open("POST", address);
    request.send(form);
  });
}

function answered(
  request: XMLHttpRequest,
  resolve: (body: unknown) => void,
  reject: (error: unknown) => void,
): void {
  const body = parsed(request.responseText);
  if (request.status >= 200 && request.status < 300 && body !== undefined) {
    resolve(body);
    return;
  }
  const requestId = request.getResponseHeader("X-Request-ID");
  const response = new Response(null, {
    status: request.status >= 200 && request.status < 600 ? request.status : 500,
    headers: requestId ? { "X-Request-ID": requestId } : {},
  });
  reject(toApiError(body, response));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // not an answer of the API: the caller says so by its status
  }
}

const broken = (): ApiError =>
  new ApiError(
    "The upload broke off. Is SmartTrader still running, and is the folder below its upload limit?",
    "NETWORK_ERROR",
    0,
  );
