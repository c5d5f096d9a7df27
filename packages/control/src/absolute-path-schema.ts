import { z } from 'zod';

/** A path from the root of the file system. */
export const absolutePath = z.string().regex(/^\//, 'is not an absolute path');
