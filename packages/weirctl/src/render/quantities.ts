import type { Duration } from '@weir/admin-api';

const steps = ['', ' k', ' M', ' G', ' T', ' P'] as const;

/** Three digits and a decimal step: `987`, `12.3 k`, `1.23 M`. */
export function shortCount(count: number | bigint): string {
  let [value, step] = [Number(count), 0];
  while (Math.abs(value) >= 999.5 && step < steps.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.max(1, Math.abs(value)))));
  return `${value.toFixed(Number.isInteger(value) && step === 0 ? 0 : step === 0 ? 1 : digits)}${steps[step]}`;
}

/** `12,345` */
export function fullCount(count: number | bigint): string {
  return count.toLocaleString('en-GB');
}

/** Of packets: `1.23 Mpps`. */
export function packetRate(perSecond: number): string {
  return `${withUnit(Math.round(perSecond))}pps`;
}

/** Of bits: `4.56 Gb/s`. */
export function bitRate(bytesPerSecond: number): string {
  return `${withUnit(Math.round(bytesPerSecond * 8))}b/s`;
}

function withUnit(value: number): string {
  const text = shortCount(value);
  return text.includes(' ') ? text : `${text} `;
}

/** The two largest units: `3d 4h`, `12m 5s`, `7s`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0s';
  const parts = units.slice(first, first + 2).map(([unit, size], i, pair) => {
    const larger = i === 0 ? undefined : pair[i - 1]?.[1];
    return [Math.floor((larger === undefined ? seconds : seconds % larger) / size), unit] as const;
  });
  return parts
    .filter(([value], i) => i === 0 || value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ');
}

export function sinceText(date: Date | undefined, now = Date.now()): string {
  return date === undefined ? '' : ageText(now - date.getTime());
}

export function durationMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}

export function durationOf(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1_000_000) };
}

/** `[2001:db8::1]:80`; without a port, the address alone. */
export function endpointText(address: string, port: number): string {
  if (port === 0) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
