const INSPECT = Symbol.for('nodejs.util.inspect.custom');

export type SecretKind = 'data key' | 'plaintext' | 'passphrase' | 'master key' | 'key-encryption key';

/**
 * Bytes that must not reach a log, an error message or a JSON document. Turning one into text or JSON is a bug and
 * throws; inspecting one (console.log, a stack trace, a test failure) shows its kind only. The bytes are owned: the
 * caller hands them over and does not keep the buffer. `destroy` overwrites them, as far as JavaScript can: copies made
 * by the runtime, and strings the bytes came from, stay until they are collected.
 */
export class Secret<Kind extends SecretKind> {
  readonly kind: Kind;
  #bytes: Buffer | undefined;

  constructor(kind: Kind, bytes: Buffer) {
    this.kind = kind;
    this.#bytes = bytes;
  }

  /** The bytes themselves, not a copy. Every use of a secret is a use of this word, so that a reader can find them. */
  expose(): Buffer {
    if (this.#bytes === undefined) throw new TypeError(`the ${this.kind} was already destroyed`);
    return this.#bytes;
  }

  destroy(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  toString(): never {
    throw new TypeError(`a ${this.kind} cannot become text`);
  }

  toJSON(): never {
    throw new TypeError(`a ${this.kind} cannot become JSON`);
  }

  [INSPECT](): string {
    return `[secret ${this.kind}]`;
  }
}

export type DataKey = Secret<'data key'>;
export type Plaintext = Secret<'plaintext'>;
export type Passphrase = Secret<'passphrase'>;
