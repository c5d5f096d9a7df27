import { type ProbeRoute, probeMark } from '@weir/dataplane';
import { type ProbeWay, wayId } from './health-probes.js';

/** Which mark leads into which way; a way keeps its mark for as long as it is there. */
export class ProbeMarks {
  readonly #routes = new Map<string, ProbeRoute>();
  /** Numbers below {@link #next} that no way has. */
  readonly #free: number[] = [];
  #next = 0;

  /** Says which ways there are; resolves to each with its mark. */
  set(ways: readonly ProbeWay[]): readonly ProbeRoute[] {
    const wanted = new Map(ways.map((way) => [wayId(way), way]));
    for (const [id, { mark }] of this.#routes) {
      if (wanted.has(id)) continue;
      this.#routes.delete(id);
      this.#free.push(mark);
    }
    for (const [id, way] of wanted) {
      if (!this.#routes.has(id)) this.#routes.set(id, { ...way, mark: this.#freeMark() });
    }
    return [...this.#routes.values()];
  }

  markOf(way: ProbeWay): number | undefined {
    return this.#routes.get(wayId(way))?.mark;
  }

  #freeMark(): number {
    return this.#free.pop() ?? probeMark(this.#next++);
  }
}
