import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/**
 * The colours of the standard output: none unless it is a terminal, and there not with NO_COLOR. What picocolors takes for
 * support alone will not do: with CI in the environment it colours pipes and files too.
 */
export const outputColours: Colours = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
