/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands in a packet of nat or fullnat when it leaves: towards the backend, and back to the client. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include "answer_table.h"
#include "parse.h"
#include "tables.h"

struct ends {
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
};

/* Towards the backend: all of it stands with the backend and in the packet, but for the address that fullnat takes. */
static __always_inline void ends_of_flow(struct ends *ends, const struct packet *packet, const struct backend *backend,
					 const struct translation *there)
{
	const struct answer_addresses *addresses;
	__be16 client_port = bpf_htons(packet->ports), vip_port = bpf_htons(packet->ports >> 16);

#ifdef TRACING
	/* They are not in the packet, and not written to it. */
	if (packet->kind == KIND_LATER_FRAGMENT) {
		const struct answer *answer = answer_at(there->answer);

		client_port = answer ? answer->client_port : 0;
		vip_port = answer ? answer->vip_port : 0;
	}
#endif
	ends->destination = backend->destination;
	ends->destination_port = backend->port ? backend->port : vip_port;
	if (backend->method == METHOD_NAT) {
		address_from_source(&ends->source, packet);
		ends->source_port = client_port;
		return;
	}
	ends->source_port = there->local_port;
	if (packet->family == 4) {
		ends->source.word[0] = there->local;
		return;
	}
	addresses = addresses_at(there->answer);
	if (addresses)
		ends->source = addresses->local;
}

/* Back to the client. */
static __always_inline void ends_of_answer(struct ends *ends, const struct answer *answer, __u32 place, __u8 family)
{
	const struct answer_addresses *addresses;

	ends->source_port = answer->vip_port;
	ends->destination_port = answer->client_port;
	if (family == 4) {
		ends->source.word[0] = answer->vip;
		ends->destination.word[0] = answer->client;
		return;
	}
	addresses = addresses_at(place);
	if (!addresses)
		return;
	ends->source = addresses->vip;
	ends->destination = addresses->client;
}

#ifdef TRACING
/* By itself: stacks are nearly full. */
SEPARATE int trace_answer(__u32 place, __u32 family)
{
	const struct answer *answer = answer_at(place);
	struct ends ends = {};

	if (!answer)
		return 0;
	ends_of_answer(&ends, answer, place, family);
	trace_ends(TRACE_ANSWER, &ends);
	return 0;
}
#else
#define trace_answer(...)
#endif
