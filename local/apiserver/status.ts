/**
 * What the server answers when it refuses: a Kubernetes `Status`. Everything in this room throws a StatusError; the app
 * turns it into the body and the HTTP code. Codes and reasons are those that Kubernetes' clients act on; the sentences
 * are ours.
 */

/** One wrong field, as `details.causes` lists it. `reason` is one of Kubernetes' cause types, such as FieldValueInvalid. */
export interface StatusCause {
  readonly reason: string;
  readonly field?: string;
  readonly message: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export class StatusError extends Error {
  override readonly name = "StatusError";
  /** HTTP status code. */
  readonly code: number;
  /** Kubernetes' machine-readable reason, such as NotFound; "" for none. */
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** What an error about an object must say of it. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

function qualified({ group, plural }: Subject): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Kubernetes puts the plural into `details.kind` for errors about a resource. */
function about(subject: Subject, name: string): StatusDetails {
  return {
    ...(name === "" ? {} : { name }),
    ...(subject.group === "" ? {} : { group: subject.group }),
    kind: subject.plural,
  };
}

export function notFound(subject: Subject, name: string): StatusError {
  return new StatusError(404, "NotFound", `${qualified(subject)} "${name}" not found`, about(subject, name));
}

export function noSuchPath(path: string): StatusError {
  return new StatusError(404, "NotFound", `the server serves nothing at ${path}`, {});
}

export function alreadyExists(subject: Subject, name: string): StatusError {
  return new StatusError(409, "AlreadyExists", `${qualified(subject)} "${name}" already exists`, about(subject, name));
}

export function conflict(subject: Subject, name: string, why: string): StatusError {
  return new StatusError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    about(subject, name),
  );
}

/** The object was changed since the client read it. */
export function modified(subject: Subject, name: string): StatusError {
  return conflict(subject, name, "the object has been modified; read the latest version and apply your change to that");
}

export function invalid(subject: Subject, name: string, causes: readonly StatusCause[]): StatusError {
  const sentences = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const list = sentences.length === 1 ? sentences[0] : `[${sentences.join(", ")}]`;
  const type = subject.group === "" ? subject.kind : `${subject.kind}.${subject.group}`;
  return new StatusError(422, "Invalid", `${type} "${name}" is invalid: ${list}`, {
    ...about(subject, name),
    kind: subject.kind,
    causes,
  });
}

/** What is wrong with a request's options: of a list, a patch, a delete. */
export function invalidOptions(options: string, causes: readonly StatusCause[]): StatusError {
  return invalid({ group: "meta.k8s.io", plural: options, kind: options }, "", causes);
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, "BadRequest", message);
}

export function forbidden(subject: Subject, name: string, why: string, causes?: readonly StatusCause[]): StatusError {
  const what = name === "" ? qualified(subject) : `${qualified(subject)} "${name}"`;
  return new StatusError(403, "Forbidden", `${what} is forbidden: ${why}`, {
    ...about(subject, name),
    ...(causes === undefined ? {} : { causes }),
  });
}

export function methodNotAllowed(subject: Subject, verb: string): StatusError {
  return new StatusError(405, "MethodNotAllowed", `${verb} is not supported on ${qualified(subject)}`, {
    ...(subject.group === "" ? {} : { group: subject.group }),
    kind: subject.plural,
  });
}

/** The version that a client wants to go on from is no longer kept: it must list again. */
export function expired(message: string): StatusError {
  return new StatusError(410, "Expired", message);
}

export function tooLarge(what: string, bytes: number, limit: number): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `${what} has ${bytes} bytes; at most ${limit} bytes are allowed`,
  );
}

/** Nothing was written; the same request works once there is room. */
export function noRoom(message: string): StatusError {
  return new StatusError(507, "InsufficientStorage", message, { retryAfterSeconds: 2 });
}

export function unsupportedMediaType(given: string, allowed: readonly string[]): StatusError {
  return new StatusError(
    415,
    "UnsupportedMediaType",
    `the body's content type ${JSON.stringify(given)} is not supported; send one of: ${allowed.join(", ")}`,
  );
}

/** Something that the server depends on failed. */
export function internalError(message: string): StatusError {
  return new StatusError(500, "InternalError", `Internal error occurred: ${message}`, {
    causes: [{ reason: "", message }],
  });
}

/** The `Status` object of an error. */
export function statusBody(error: StatusError): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    ...(error.reason === "" ? {} : { reason: error.reason }),
    ...(error.details === undefined ? {} : { details: error.details }),
    code: error.code,
  };
}

/** The `Status` that a delete answers when the object is gone at once. */
export function deletedBody(subject: Subject, name: string, uid: string): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { ...about(subject, name), uid },
  };
}
