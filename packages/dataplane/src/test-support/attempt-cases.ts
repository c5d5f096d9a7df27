import type { ConnectionAttempts } from '../dataplane.js';
import { backend, flag, segment } from '../portable/test-support/engine.js';

const syn = segment();
const refusal = segment({ client: backend[4], port: 8080, to: '192.0.2.10', toPort: 1234, flags: flag.rst | flag.ack });

type SeenAt = readonly [second: number, frame: string];

/** What an engine counts when these frames come, in a service of nat with one backend, 10.0.0.21 on port 8080. */
export const attemptCases: readonly (readonly [title: string, frames: readonly SeenAt[], ConnectionAttempts])[] = [
  ['a SYN is a connection that is tried', [[0, syn]], { tried: 1, unanswered: 0, refused: 0 }],
  [
    'one that comes again after seconds was not answered, which counts once',
    [
      [0, syn],
      [1, syn],
      [3, syn],
      [7, syn],
    ],
    { tried: 1, unanswered: 1, refused: 0 },
  ],
  [
    'a copy within the same second says nothing',
    [
      [0, syn],
      [0, syn],
      [0, syn],
    ],
    { tried: 1, unanswered: 0, refused: 0 },
  ],
  [
    'where every SYN comes twice, one that comes again after a second was not answered',
    [
      [0, syn],
      [0, syn],
      [1, syn],
      [1, syn],
    ],
    { tried: 1, unanswered: 1, refused: 0 },
  ],
  [
    'a SYN after a refusal is not held against the refused one',
    [
      [0, syn],
      [0, refusal],
      [1, syn],
    ],
    { tried: 2, unanswered: 0, refused: 1 },
  ],
  [
    'a client that tries again at once where it is refused has tried twice, and failed twice',
    [
      [0, syn],
      [0, refusal],
      [0, syn],
      [0, refusal],
    ],
    { tried: 2, unanswered: 0, refused: 2 },
  ],
  [
    'a connection after a refusal that nobody answers fails as well',
    [
      [0, syn],
      [0, refusal],
      [1, syn],
      [2, syn],
    ],
    { tried: 2, unanswered: 1, refused: 1 },
  ],
];
