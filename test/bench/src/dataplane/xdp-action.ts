/** enum xdp_action of linux/bpf.h. */
export const XdpAction = { pass: 2, tx: 3 } as const;
