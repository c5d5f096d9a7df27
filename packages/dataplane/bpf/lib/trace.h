/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is decided about a packet, step by step, for who asks (trace.bpf.c). In the program that forwards nothing of this is
 * left: its object is the same with and without. Steps are read by src/xdp/decode-trace.ts.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* `number` and `words` of each. An address takes two words; IPv4 stands in the first four bytes. */
enum trace_kind {
	TRACE_PARSED = 1,   /* ports; source, destination as struct packet has them, then packed_facts() */
	TRACE_LINK_ADDRESS, /* none of this node's: nothing after it matters */
	TRACE_TAKEN_OVER,
	TRACE_SERVICE,    /* index + 1; 0: none */
	TRACE_GUARD,      /* is it denied? */
	TRACE_ROW,        /* counted through all tables; backend, is it kept, the first row of its table */
	TRACE_CHOICES,    /* the first; the others, as in struct choice */
	TRACE_FLOW,       /* 0: unknown, else 1; value, age */
	TRACE_OWNER,      /* slot, or NO_BACKEND; hops */
	TRACE_ASKED,      /* 0: too many, 1: handed up */
	TRACE_RATE,       /* 0: of the source, 1: of the node; is it admitted? */
	TRACE_PERSISTENCE, /* slot, or NO_BACKEND */
	TRACE_SCHEDULED,  /* slot, or NO_BACKEND; enum pick */
	TRACE_REMEMBERED, /* enum flow_state */
	TRACE_TRANSLATION, /* ports, as in the packet; source, destination */
	TRACE_ANSWER,     /* the same: of the VIP and of the client */
	TRACE_FRAGMENT,   /* is the way of the first one known? */
	TRACE_ICMP,       /* enum traced_icmp */
	TRACE_METHOD,     /* slot */
	TRACE_NEXT_HOP,   /* 0: found, else enum drop_reason + 1; ifindex, mtu, vlan, destination MAC */
	TRACE_TOO_BIG,    /* bytes; mtu */
};

enum traced_icmp { TRACED_ECHO_REQUEST, TRACED_ICMP_ERROR, TRACED_ICMP_OTHER };

#define TRACE_STEPS_MAX 64
#define TRACE_WORDS 7

struct trace_step {
	__u32 kind;
	__u32 number;
	__u64 words[TRACE_WORDS];
};

struct trace_log {
	__u32 count;
	__u32 closed;  /* the list is complete, though the packet may go on */
	__u32 dropped; /* enum drop_reason + 1; 0: it was not */
	__u32 padding;
	struct trace_step steps[TRACE_STEPS_MAX];
};

#ifdef TRACING

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_log);
} trace_logs SEC(".maps");

static __always_inline struct trace_log *trace_log(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&trace_logs, &only);
}

static __always_inline struct trace_step *next_step(__u32 kind, __u32 number)
{
	struct trace_log *log = trace_log();
	struct trace_step *step;
	__u32 at;

	if (!log || log->closed)
		return NULL;
	at = log->count;
	/* The verifier is to see the bound that follows. */
	asm volatile("" : "+r"(at));
	if (at >= TRACE_STEPS_MAX)
		return NULL;
	log->count = at + 1;
	step = &log->steps[at];
	step->kind = kind;
	step->number = number;
	return step;
}

static __always_inline void note_step(__u32 kind, __u32 number, __u64 first, __u64 second, __u64 third)
{
	struct trace_step *step = next_step(kind, number);

	if (!step)
		return;
	step->words[0] = first;
	step->words[1] = second;
	step->words[2] = third;
}

/* trace(kind, number), with up to three words */
#define trace(...) trace_of(__VA_ARGS__, 0, 0, 0, 0)
#define trace_of(KIND, NUMBER, FIRST, SECOND, THIRD, ...) note_step(KIND, NUMBER, FIRST, SECOND, THIRD)

/* What comes after this tells nothing new. */
static __always_inline void trace_end(void)
{
	struct trace_log *log = trace_log();

	if (log)
		log->closed = 1;
}

/* A packet that is looked at begins its own list; one that came out of a handover goes on with that. */
#define trace_begin(GOES_ON)                                        \
	do {                                                        \
		struct trace_log *log_ = trace_log();               \
		if (log_ && !log_->closed && !(GOES_ON))            \
			log_->count = 0;                            \
	} while (0)

/* What stands in struct packet, and whether the frame is for this node. */
#define trace_packet(CURRENT, PACKET)                                                                              \
	do {                                                                                                       \
		struct trace_step *step_ = next_step(TRACE_PARSED, (PACKET)->ports);                               \
		if (step_) {                                                                                       \
			step_->words[0] = (PACKET)->source[0];                                                     \
			step_->words[1] = (PACKET)->source[1];                                                     \
			step_->words[2] = (PACKET)->destination[0];                                                \
			step_->words[3] = (PACKET)->destination[1];                                                \
			step_->words[4] = (PACKET)->family | (__u32)(PACKET)->protocol << 8 |                      \
					  (__u32)(PACKET)->ttl << 16 | (__u32)(PACKET)->tcp_flags << 24;           \
			step_->words[5] = (PACKET)->bytes | (__u32)(PACKET)->begins_fragments << 16 |              \
					  (__u32)((PACKET)->kind == KIND_LATER_FRAGMENT) << 17;                    \
			if (!is_for_this_node(CURRENT, PACKET)) {                                                  \
				trace(TRACE_LINK_ADDRESS, 0);                                                      \
				trace_end();                                                                       \
			}                                                                                          \
		}                                                                                                  \
	} while (0)

static __always_inline void trace_dropped(__u32 reason)
{
	struct trace_log *log = trace_log();

	if (log)
		log->dropped = reason + 1;
}

/* Of nat or fullnat: struct ends. */
#define trace_ends(KIND, ENDS)                                                                                   \
	do {                                                                                                       \
		struct trace_step *step_ =                                                                         \
			next_step(KIND, (ENDS)->source_port | (__u32)(ENDS)->destination_port << 16);          \
		if (step_) {                                                                                       \
			__builtin_memcpy(&step_->words[0], &(ENDS)->source, 16);                                 \
			__builtin_memcpy(&step_->words[2], &(ENDS)->destination, 16);                            \
		}                                                                                                  \
	} while (0)

#define trace_nexthop(NEXTHOP)                                                                                     \
	do {                                                                                                       \
		struct trace_step *step_ = next_step(TRACE_NEXT_HOP, 0);                                           \
		if (step_) {                                                                                       \
			step_->words[0] = (NEXTHOP)->ifindex;                                                      \
			step_->words[1] = (NEXTHOP)->mtu;                                                          \
			step_->words[2] = (NEXTHOP)->vlan;                                                         \
			__builtin_memcpy(&step_->words[3], (NEXTHOP)->ethernet, 8);                                \
		}                                                                                                  \
	} while (0)

/* `TYPE`: where the message begins. */
#define trace_icmp(PACKET, TYPE, END)                                                                              \
	do {                                                                                                       \
		if ((void *)((TYPE) + 1) <= (END) && !(PACKET)->begins_fragments)                                  \
			trace(TRACE_ICMP, is_icmp_echo((PACKET)->family, *(TYPE))  ? TRACED_ECHO_REQUEST :         \
					  is_icmp_error((PACKET)->family, *(TYPE)) ? TRACED_ICMP_ERROR :           \
										     TRACED_ICMP_OTHER);           \
	} while (0)

#else

#define trace(...)
#define trace_icmp(...)
#define trace_begin(...)
#define trace_end(...)
#define trace_dropped(...)
#define trace_packet(...)
#define trace_ends(...)
#define trace_nexthop(...)

#endif
