// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The far end of a veth whose near end runs native XDP: without a program here, packets sent by XDP_TX wait in the ring. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
