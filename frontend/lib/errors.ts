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
  return new ApiError(
    `The server answered ${response.status} without saying why.`,
    "UNREADABLE_ANSWER",
    response.status,
    undefined,
    requestId,
  );
}

/** A sentence for a person, from anything that can be thrown. */
export function getErrorMessage(error: unknown): string {
  if (error instanceof Error && error.message) return error.message;
  if (typeof error === "string" && error) return error;
  if (isEnvelope(error)) return error.error.message;
  return UNKNOWN;
}

/** What a VALIDATION_ERROR says of each field: the list of `problems`, or the one field that `details` names. */
export function fieldProblems(error: unknown): FieldProblem[] {
  if (!(error instanceof ApiError) || error.code !== "VALIDATION_ERROR") return [];
  const details = (error.details ?? {}) as { field?: unknown; problems?: unknown };
  if (Array.isArray(details.problems))
    return details.problems.filter(isProblem).map(({ field, message }) => ({ field, message }));
  return typeof details.field === "string" ? [{ field: details.field, message: error.message }] : [];
}

/** The message as it stands under its field: the field's own name in front of it is left out. */
export function underField({ field, message }: FieldProblem): string {
  const bare = message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1)}${/[.?!]$/.test(bare) ? "" : "."}`;
}

function isProblem(value: unknown): value is FieldProblem {
  const problem = value as Partial<FieldProblem> | null;
  return typeof problem?.field === "string" && typeof problem.message === "string";
}

interface Envelope {
  error: { code: string; message: string; details?: unknown; request_id?: string };
}

function isEnvelope(body: unknown): body is Envelope {
  if (typeof body !== "object" || body === null || !("error" in body)) return false;
  const inner = (body as { error: unknown }).error;
  return (
    typeof inner === "object" &&
    inner !== null &&
    typeof (inner as { message?: unknown }).message === "string"
  );
}
