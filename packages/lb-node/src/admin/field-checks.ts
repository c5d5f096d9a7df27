import { type FieldViolation, invalid } from './admin-error.js';

/** What is wrong with the fields of a request, told all at once. */
export class FieldChecks {
  readonly #violations: FieldViolation[] = [];

  /** @param field  path in the request */
  check(field: string, isRight: boolean, description: string): void {
    if (!isRight) this.#violations.push({ field, description });
  }

  get found(): boolean {
    return this.#violations.length > 0;
  }

  /** @throws {AdminError} INVALID_ARGUMENT, if anything was wrong */
  refuse(): void {
    if (this.found) throw invalid(this.#violations);
  }
}
