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
#define TCP_OPTIONS_MAX (TCP_HEADER_BYTES_MAX - TCP_HEADER_BYTES)
#define TCP_OPTION_END 0
#define TCP_OPTION_PADDING 1
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

/* Offset of the option in the header, or 0; options behind a broken one are not looked at. */
static __always_inline __u32 find_toa(const struct tcp_header *tcp)
{
	__u32 end = (byte_at(tcp, 12) >> 4) * 4;
	__u32 at = TCP_HEADER_BYTES;
	__u32 i;

	for (i = 0; i < TCP_OPTIONS_MAX; i++) {
		__u32 kind, bytes;

		/* Changes nothing; the verifier then sees one state where it would follow each way to get here. */
		at &= sizeof(tcp->bytes) - 1;
		kind = byte_at(tcp, at);
		bytes = byte_at(tcp, at + 1);
		if (kind == TCP_OPTION_PADDING)
			bytes = 1;
		else if (kind == TCP_OPTION_END || bytes < 2 || at + bytes > end)
			return 0;
		else if (kind == TOA_KIND && (bytes == TOA_IPV4_BYTES || bytes == TOA_IPV6_BYTES))
			return at;
		at += bytes;
	}
	return 0;
}

/*
 * Fills in `client` and returns 1 if the header has the option. Not inlined, and not static: the verifier then looks at
 * it once, whoever calls.
 */
__attribute__((noinline)) int read_toa(const struct tcp_header *tcp, struct client *client)
{
	__u32 at, i;

	if (!tcp || !client)
		return 0;
	at = find_toa(tcp);
	if (!at)
		return 0;
	client->port = bpf_htons(byte_at(tcp, at + 2) << 8 | byte_at(tcp, at + 3));
	if (byte_at(tcp, at + 1) == TOA_IPV6_BYTES) {
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
