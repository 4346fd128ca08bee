/** A refusal as it goes over the wire. Status codes are those of the KMS API Reference: 400 for the caller's, 500 for KMS's own. */
export class Refusal extends Error {
  readonly type: string;
  readonly status: number;
  /** Errors of the AWS front end write "Message", those of KMS "message"; both exist. */
  readonly member: 'message' | 'Message';

  constructor(type: string, message = '', details: { status?: number; member?: 'message' | 'Message' } = {}) {
    super(message);
    this.type = type;
    this.status = details.status ?? 400;
    this.member = details.member ?? 'message';
  }

  body(): string {
    return JSON.stringify({ __type: this.type, ...(this.message === '' ? {} : { [this.member]: this.message }) });
  }
}

export function validation(where: string, constraint: string): Refusal {
  return new Refusal(
    'ValidationException',
    `1 validation error detected: Value at '${where}' failed to satisfy constraint: ${constraint}`,
  );
}
