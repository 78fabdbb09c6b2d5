/** A refusal in vLLM's error shape. `type` and `param` are what vLLM writes for the same fault. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;

  constructor(status: number, type: string, message: string, param: string | null = null) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
  }
}

/** A field has a shape or value that no request may have. */
export function invalidField(param: string, message: string): ApiError {
  return new ApiError(400, 'Bad Request', message, param);
}

/** A request that is well formed and that this model cannot serve. */
export function badRequest(message: string, param: string | null = null): ApiError {
  return new ApiError(400, 'BadRequestError', message, param);
}

export function modelNotFound(model: string): ApiError {
  return new ApiError(404, 'NotFoundError', `The model \`${model}\` does not exist.`, 'model');
}

/**
 * A fault that vLLM finds only in its engine: a 400 for a plain request, and an error event inside a stream that has
 * begun with 200.
 */
export class EngineRefusal extends ApiError {
  constructor(message: string) {
    super(400, 'BadRequestError', message);
  }
}

/** The body vLLM sends with an error, and inside a stream that fails. */
export function errorBody(error: unknown) {
  const { status, type, message, param } = toApiError(error);
  return { error: { message, type, param, code: status } };
}

export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // Fastify's own refusals (bad JSON, no JSON, too large) carry their status.
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status === 413) return new ApiError(413, 'Bad Request', message);
  if (status >= 400 && status < 500) return new ApiError(400, 'Bad Request', message);
  return new ApiError(500, 'InternalServerError', message);
}
