/** What a failed call carries: the API's error envelope, or a code of our own when no envelope came back. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
    readonly details?: unknown,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether the same call can succeed later without a change by the user. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface FieldProblem {
  field: string;
  message: string;
}

const UNKNOWN = "The request failed and gave no reason.";

export function toApiError(body: unknown, response: Response): ApiError {
  const requestId = response.headers.get("X-Request-ID") ?? undefined;
  if (isEnvelope(body)) {
    const { code, message, details, request_id } = body.error;
    return new ApiError(message, code, response.status, details, request_id ?? requestId);
  }
  return new ApiError(`The server answered ${response.status} without saying why.`, "UNREADABLE_ANSWER", response.status, undefined, requestId);
}

/** A sentence for a person, from anything that can be thrown. */
export function getErrorMessage(error: unknown): string {
  if (error instanceof Error && error.message) return error.message;
  if (typeof error === "string" && error) return error;
  if (isEnvelope(error)) return error.error.message;
  return UNKNOWN;
}

/** Field messages of a VALIDATION_ERROR, the field named by its last path segments. */
export function fieldProblems(error: unknown): FieldProblem[] {
  if (!(error instanceof ApiError) || error.code !== "VALIDATION_ERROR") return [];
  const list = Array.isArray(error.details) ? error.details : (error.details as { errors?: unknown } | undefined)?.errors;
  if (!Array.isArray(list)) {
    const single = error.details as { field?: unknown } | undefined;
    return typeof single?.field === "string" ? [{ field: single.field, message: error.message }] : [];
  }
  return list.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null) return [];
    const entry = item as { field?: unknown; loc?: unknown; message?: unknown; msg?: unknown };
    const field = typeof entry.field === "string" ? entry.field : Array.isArray(entry.loc) ? entry.loc.filter((part) => part !== "body" && part !== "query").join(".") : "";
    const message = typeof entry.message === "string" ? entry.message : typeof entry.msg === "string" ? entry.msg : error.message;
    return [{ field, message }];
  });
}

interface Envelope {
  error: { code: string; message: string; details?: unknown; request_id?: string };
}

function isEnvelope(body: unknown): body is Envelope {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const inner = (body as { error: unknown }).error;
  return typeof inner === "object" && inner !== null && typeof (inner as { message?: unknown }).message === "string";
}
