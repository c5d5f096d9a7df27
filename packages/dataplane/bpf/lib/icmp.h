/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP, RFC 792. The kernel's header <linux/icmp.h> pulls in the C library's sockets, which BPF has none of. */
#pragma once
#include <linux/types.h>

#define ICMP_DEST_UNREACH 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_ECHO 8
#define ICMP_TIME_EXCEEDED 11
#define ICMP_EXC_TTL 0
#define ICMP_PARAMETERPROB 12

struct icmp_header {
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be16 unused;
	__be16 mtu; /* of "fragmentation needed": RFC 1191, section 4 */
};
