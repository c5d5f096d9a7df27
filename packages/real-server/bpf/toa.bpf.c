// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On a backend behind fullnat: connections come from a local address of a node, and a TCP option of the handshake says
 * who the client is. Servers in a cgroup get to know it from accept() and getpeername(), unchanged and without a kernel
 * module; the kernel itself goes on with the address in the packets.
 */
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lib/toa_option.h"

/* Of linux/in.h and sys/socket.h, which do not go together here. */
#define AF_INET 2
#define IPPROTO_TCP 6

/* Who each connection is from; an entry goes with its socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct client);
} clients SEC(".maps");

/* Networks that the nodes' local addresses are in; IPv4 as ::ffff:a.b.c.d. */
struct network {
	__u32 bits;
	__be32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, __u32);
} trusted SEC(".maps");

/* Anybody can write the option; it is believed only of nodes. */
static __always_inline int is_trusted(struct bpf_sock_ops *ops)
{
	struct network source = { .bits = 128 };
	__be32 ipv4 = ops->remote_ip4;

	/* Kept apart: the verifier takes no pointer into the context that two branches have computed. */
	asm volatile("" : "+r"(ipv4));
	source.address[0] = ops->remote_ip6[0];
	source.address[1] = ops->remote_ip6[1];
	source.address[2] = ops->remote_ip6[2];
	source.address[3] = ops->remote_ip6[3];
	if (ops->family == AF_INET) {
		source.address[0] = source.address[1] = 0;
		source.address[2] = bpf_htonl(0xffff);
		source.address[3] = ipv4;
	}
	return bpf_map_lookup_elem(&trusted, &source) != 0;
}

/* The segment that ended the handshake. */
static __always_inline int find_in_segment(struct bpf_sock_ops *ops, struct client *client)
{
	struct tcp_header tcp = {};
	const __u8 *bytes = ops->skb_data;
	__u32 i;

	for (i = 0; i < TCP_HEADER_BYTES_MAX; i++) {
		if ((const void *)(bytes + i + 1) > ops->skb_data_end)
			break;
		tcp.bytes[i] = bytes[i];
	}
	return read_toa(&tcp, client);
}

/*
 * Where the listener kept the SYN, its word alone is taken. A client may make a node believe that the handshake is over, by
 * a segment that this host ignores; the node no longer looks at what it sends then, such as the real last segment with an
 * option of its own. A listener that is older than this program keeps none, and a SYN cookie leaves none.
 */
static __always_inline int find_client(struct bpf_sock_ops *ops, struct client *client)
{
	struct tcp_header tcp = {};

	if (bpf_getsockopt(ops, IPPROTO_TCP, TCP_BPF_SYN, &tcp, TCP_HEADER_BYTES_MAX) < 0)
		return find_in_segment(ops, client);
	return read_toa(&tcp, client);
}

SEC("sockops")
int learn_client(struct bpf_sock_ops *ops)
{
	struct client client = {};
	struct bpf_sock *socket;
	int yes = 1;

	if (ops->op == BPF_SOCK_OPS_TCP_LISTEN_CB) {
		bpf_setsockopt(ops, IPPROTO_TCP, TCP_SAVE_SYN, &yes, sizeof(yes));
		return 1;
	}
	if (ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB || !is_trusted(ops))
		return 1;
	socket = ops->sk;
	if (socket && find_client(ops, &client))
		bpf_sk_storage_get(&clients, socket, &client, BPF_SK_STORAGE_GET_F_CREATE);
	return 1;
}

/* A socket of IPv4 has no way to name a client of IPv6. */
SEC("cgroup/getpeername4")
int tell_client4(struct bpf_sock_addr *ctx)
{
	struct client *client = ctx->sk ? bpf_sk_storage_get(&clients, ctx->sk, 0, 0) : 0;
	__be32 *words = client ? (void *)client->address : 0;

	if (words && !words[0] && !words[1] && words[2] == bpf_htonl(0xffff)) {
		ctx->user_ip4 = words[3];
		ctx->user_port = client->port;
	}
	return 1;
}

SEC("cgroup/getpeername6")
int tell_client6(struct bpf_sock_addr *ctx)
{
	struct client *client = ctx->sk ? bpf_sk_storage_get(&clients, ctx->sk, 0, 0) : 0;
	__be32 *words = client ? (void *)client->address : 0;

	if (words) {
		ctx->user_ip6[0] = words[0];
		ctx->user_ip6[1] = words[1];
		ctx->user_ip6[2] = words[2];
		ctx->user_ip6[3] = words[3];
		ctx->user_port = client->port;
	}
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
