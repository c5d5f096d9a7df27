/** Told once when the store goes and once when it is back, whatever happens in between. */
export type StoreLog = (
  level: 'info' | 'warn',
  message: string,
  details: Readonly<Record<string, string | number>>,
) => void;
