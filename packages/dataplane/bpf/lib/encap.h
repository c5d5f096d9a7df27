/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Outer headers (outer.h) in front of a client's packet. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "choice.h"
#include "count.h"
#include "ethernet.h"
#include "outer.h"
#include "parse.h"
#include "tables.h"

static __always_inline int is_tunnel(__u8 method)
{
	return method < METHOD_DR;
}

static __always_inline __u32 address_bytes(const struct backend *backend)
{
	return backend->outer_family == 4 ? 4 : 16;
}

static __always_inline __u32 outer_bytes(const struct backend *backend, __u64 hops)
{
	__u32 bytes = backend->outer_family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	if (!is_tunnel(backend->method))
		return 0;
	if (backend->method == METHOD_HOPS)
		return bytes + GUE_BYTES + sizeof(struct hop_list) + hop_count(hops) * address_bytes(backend);
	return bytes + shim_bytes(backend->method);
}

static __always_inline int write_outer(struct xdp_md *ctx, const struct backend *backend, const struct nexthop *nexthop,
				       const struct packet *packet, __u32 hash, const __u32 ip_bytes,
				       const enum method method)
{
	const __u32 shim = shim_bytes(method);
	__u8 protocol = method == METHOD_IPIP ? inner_protocol(packet->family) :
			method == METHOD_GRE  ? IPPROTO_GRE :
						IPPROTO_UDP;
	__be16 ethertype = ip_bytes == sizeof(struct iphdr) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	void *outer = write_ethernet(ctx, packet, nexthop, ethertype, ip_bytes + shim);

	if (!outer)
		return drop(DROP_NO_HEADROOM);
	if (ip_bytes == sizeof(struct iphdr))
		write_ipv4(outer, backend, packet->traffic_class, protocol, ip_bytes + shim + packet->bytes);
	else
		write_ipv6(outer, backend, packet->traffic_class, protocol, shim + packet->bytes, hash);
	write_shim(outer + ip_bytes, backend, packet->family, packet->bytes, hash, method);
	return WRITTEN;
}

/* Each call has constant lengths: the verifier and the compiler both want them. */
static __always_inline int encapsulate_over(struct xdp_md *ctx, const struct backend *backend,
					    const struct nexthop *nexthop, const struct packet *packet, __u32 hash,
					    const __u32 ip_bytes)
{
	switch (backend->method) {
	case METHOD_IPIP:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_IPIP);
	case METHOD_GUE:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_GUE);
	case METHOD_FOU:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_FOU);
	default:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_GRE);
	}
}

/* Addresses of the hops, one after another. */
static __always_inline int write_hops(void *at, void *end, __u64 hops, const __u32 bytes)
{
	for (__u32 i = 0; i < HOPS_MAX; i++) {
		__u32 slot = slot_at(hops, i);
		const struct backend *backend;

		if (slot == NO_BACKEND)
			break;
		backend = bpf_map_lookup_elem(&backends, &slot);
		if (!backend || at + bytes > end)
			return drop(DROP_NO_HEADROOM);
		__builtin_memcpy(at, &backend->destination, bytes);
		at += bytes;
	}
	return WRITTEN;
}

static __always_inline int write_outer_with_hops(struct xdp_md *ctx, const struct backend *backend,
						 const struct nexthop *nexthop, const struct packet *packet,
						 __u32 hash, __u64 hops, const __u32 ip_bytes)
{
	const __u32 hop_bytes = ip_bytes == sizeof(struct iphdr) ? 4 : 16;
	__be16 ethertype = ip_bytes == sizeof(struct iphdr) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__u32 count = hop_count(hops);
	__u32 optional = sizeof(struct hop_list) + count * hop_bytes, shim = GUE_BYTES + optional;
	void *outer = write_ethernet(ctx, packet, nexthop, ethertype, ip_bytes + shim);
	void *end = (void *)(long)ctx->data_end;
	struct gue_header *gue = outer + ip_bytes + sizeof(struct udphdr);
	struct hop_list *list = (void *)(gue + 1);

	if (!outer || (void *)(list + 1) > end)
		return drop(DROP_NO_HEADROOM);
	if (ip_bytes == sizeof(struct iphdr))
		write_ipv4(outer, backend, packet->traffic_class, IPPROTO_UDP, ip_bytes + shim + packet->bytes);
	else
		write_ipv6(outer, backend, packet->traffic_class, IPPROTO_UDP, shim + packet->bytes, hash);
	write_udp(outer + ip_bytes, backend, sizeof(*gue) + optional + packet->bytes, hash);
	gue->variant_control_length = optional / 4;
	gue->protocol = inner_protocol(packet->family);
	gue->flags = 0;
	list->type = ip_bytes == sizeof(struct iphdr) ? bpf_htons(HOPS_IPV4) : bpf_htons(HOPS_IPV6);
	list->next = 0;
	list->count = count;
	return write_hops(list + 1, end, hops, hop_bytes);
}

static __always_inline int encapsulate_with_hops(struct xdp_md *ctx, const struct backend *backend,
						 const struct nexthop *nexthop, const struct packet *packet,
						 __u32 hash, __u64 hops)
{
	if (backend->outer_family == 4)
		return write_outer_with_hops(ctx, backend, nexthop, packet, hash, hops, sizeof(struct iphdr));
	return write_outer_with_hops(ctx, backend, nexthop, packet, hash, hops, sizeof(struct ipv6hdr));
}

static __always_inline int encapsulate(struct xdp_md *ctx, const struct backend *backend, const struct nexthop *nexthop,
				       const struct packet *packet, __u32 hash)
{
	if (backend->outer_family == 4)
		return encapsulate_over(ctx, backend, nexthop, packet, hash, sizeof(struct iphdr));
	return encapsulate_over(ctx, backend, nexthop, packet, hash, sizeof(struct ipv6hdr));
}
