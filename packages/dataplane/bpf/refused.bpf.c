// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For the test of the error that shows the verifier's log: reads a packet without looking where it ends. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int refused(struct xdp_md *ctx)
{
	return *(__u8 *)(long)ctx->data;
}

char _license[] SEC("license") = "Dual BSD/GPL";
