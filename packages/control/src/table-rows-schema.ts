import { z } from 'zod';

/** Rows of a table: a prime, since a member's preference list has to reach each row with any step. */
export const tableRows = z.int().min(2).max(16_777_213).refine(isPrime, 'is not a prime; 65537 is a good one');

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
