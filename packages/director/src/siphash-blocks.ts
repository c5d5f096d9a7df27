/** Bytes of the zeros that the module wants after a message: the rounds of finalization run over them. */
const FINAL_BYTES = 16;

/**
 * A message as the blocks of 8 bytes that SipHash takes: the last one is filled with zeros up to its last byte, which holds the
 * message's length modulo 256 (Aumasson and Bernstein, "SipHash", 2012, section 2.2). Two blocks of zeros follow.
 *
 * @param hashedBytes  how many bytes of the message come before these, a multiple of 8
 */
export function siphashBlocks(bytes: Uint8Array, hashedBytes = 0): Uint8Array {
  const messageBytes = (Math.floor(bytes.byteLength / 8) + 1) * 8;
  const blocks = new Uint8Array(messageBytes + FINAL_BYTES);
  blocks.set(bytes);
  blocks[messageBytes - 1] = hashedBytes + bytes.byteLength;
  return blocks;
}
