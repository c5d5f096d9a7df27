/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a service and a packet to a backend: the row of its table that the flow's hash points at. */
#pragma once
#include "hash.h"
#include "parse.h"
#include "tables.h"

/* Returns the index of the backend, or NO_BACKEND. */
static __always_inline __u32 choose_backend(const struct service *service, __u32 hash)
{
	__u64 table = *(const volatile __u64 *)&service->table; /* once: the first row and the count belong together */
	__u32 row = (table >> 32) + row_of(hash, (__u32)table);
	__u32 line_index = row / ROWS_PER_LINE;
	const struct row_line *line = bpf_map_lookup_elem(&rows, &line_index);

	return line ? line->backend[row % ROWS_PER_LINE] : NO_BACKEND;
}
