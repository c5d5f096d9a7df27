/** What a command says of a change that is done, or that the node which was asked has only written. */
export function changeText(done: string, isInForce: boolean): string {
  return isInForce ? done : `${done}\nwritten, not yet in force at the node that was asked; see "weirctl status"`;
}
