/** enum xdp_action of linux/bpf.h. */
export const XdpAction = { drop: 1, pass: 2, tx: 3 } as const;
