/**
 * Natural logarithm of a number from 2^-1022 on, to about 1 unit in the last place, the same on all machines.
 *
 * ECMAScript leaves the last bits of `Math.log` to the implementation (ECMA-262, section 21.3.2); two nodes must never
 * disagree about who has a row. Here are only +, -, * and / of doubles, whose results IEEE 754 fixes to the last bit,
 * and a constant that ECMA-262 fixes.
 *
 * ln(m 2^e) = e ln 2 + 2 artanh(s), s = (m - 1) / (m + 1); with m from 0.75 to 1.5 the series of artanh needs 11 terms.
 */
export function naturalLogarithm(value: number): number {
  let mantissa = value;
  let exponent = 0;
  for (; mantissa < 0.75; mantissa *= 2) exponent--;
  for (; mantissa > 1.5; mantissa /= 2) exponent++;
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let odd = 21; odd >= 1; odd -= 2) series = series * square + 1 / odd;
  return exponent * Math.LN2 + 2 * s * series;
}
