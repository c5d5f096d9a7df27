// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way of a packet through a node: docs/design.md, "Life of a packet". */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "lib/choose.h"
#include "lib/clock.h"
#include "lib/count.h"
#include "lib/encap.h"
#include "lib/nexthop.h"
#include "lib/parse.h"
#include "lib/service.h"
#include "lib/ttl.h"

SEC("xdp")
int weir(struct xdp_md *ctx)
{
	struct packet packet = {};
	struct service *service;
	struct backend *backend;
	struct backend_cpu *mine;
	__u32 hash, chosen, slot;
	int verdict;

	verdict = parse(ctx, &packet);
	if (verdict != PARSED)
		return verdict;

	service = find_service(&packet);
	if (!service)
		return XDP_PASS;

	hash = flow_hash(service->hash_seed, packet.source, packet.ports);
	chosen = choose_backend(service, hash);
	backend = bpf_map_lookup_elem(&backends, &chosen);
	slot = chosen * settings.cpus + bpf_get_smp_processor_id();
	mine = bpf_map_lookup_elem(&backend_cpus, &slot);
	if (!backend || !mine)
		return drop(DROP_NO_BACKEND);

	verdict = find_nexthop(ctx, backend, mine);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	if (packet.bytes + outer_bytes(backend) > mine->mtu)
		return drop(DROP_TOO_BIG);
	if (!take_hop(ctx, &packet))
		return drop(DROP_TTL_EXPIRED);
	verdict = encapsulate(ctx, backend, mine, &packet, hash);
	if (verdict != ENCAPSULATED)
		return verdict;

	mine->packets++;
	mine->bytes += packet.bytes;
	return mine->ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(mine->ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
