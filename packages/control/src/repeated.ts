/** Each index whose value stood before, with the index of the first such. */
export function repeated(values: readonly string[]): [at: number, first: number][] {
  const firsts = new Map<string, number>();
  return values.flatMap((value, at): [number, number][] => {
    const first = firsts.get(value);
    if (first !== undefined) return [[at, first]];
    firsts.set(value, at);
    return [];
  });
}
