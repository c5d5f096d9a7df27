/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The TCP option that tells a client's address, as Alibaba's module toa writes it: kind 254, length 8 or 20.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |      254      |  8 or 20      |             Port              |
 * |               IPv4 or IPv6 address                            |
 */
#pragma once
#include <linux/types.h>
#include <bpf/bpf_endian.h>

#define TCP_HEADER_BYTES 20
#define TCP_HEADER_BYTES_MAX 60
#define TOA_KIND 254
#define TOA_IPV4_BYTES 8
#define TOA_IPV6_BYTES 20

/* A TCP header with its options. A power of two, so that an offset that is masked lies within. */
struct tcp_header {
	__u8 bytes[64];
};
#define byte_at(header, offset) ((header)->bytes[(offset) & (sizeof((header)->bytes) - 1)])

/* Who a connection is from; in network order, IPv4 as ::ffff:a.b.c.d. */
struct client {
	__u8 address[16];
	__be16 port;
};

/*
 * Fills in `client` and returns 1 if the header has the option right behind its fixed part, where nodes write it. There
 * alone: a node makes padding of a client's own options, but sees no further than a first fragment reaches, which is
 * beyond that place (RFC 1858 section 3 has why a shorter one is dropped). Not inlined, and not static: the verifier then
 * looks at it once, whoever calls.
 */
__attribute__((noinline)) int read_toa(const struct tcp_header *tcp, struct client *client)
{
	const __u32 at = TCP_HEADER_BYTES;
	__u32 bytes, i;

	if (!tcp || !client)
		return 0;
	bytes = byte_at(tcp, at + 1);
	if (byte_at(tcp, at) != TOA_KIND || (bytes != TOA_IPV4_BYTES && bytes != TOA_IPV6_BYTES))
		return 0;
	if (at + bytes > (byte_at(tcp, 12) >> 4) * 4u)
		return 0;
	client->port = bpf_htons(byte_at(tcp, at + 2) << 8 | byte_at(tcp, at + 3));
	if (bytes == TOA_IPV6_BYTES) {
		for (i = 0; i < sizeof(client->address); i++)
			client->address[i] = byte_at(tcp, at + 4 + i);
		return 1;
	}
	__builtin_memset(client->address, 0, sizeof(client->address));
	client->address[10] = client->address[11] = 0xff;
	for (i = 0; i < 4; i++)
		client->address[12 + i] = byte_at(tcp, at + 4 + i);
	return 1;
}
