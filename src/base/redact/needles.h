/*
 * Many texts looked for at once, in one walk over what may hold them: the automaton of Aho and
 * Corasick (CACM 18, 1975). Its alphabet are units (private.h), not bytes.
 *
 *	needles_add(needles, units, count);   // any number of times
 *	needles_build(needles);               // before the next step
 *	at = needles_step(needles, at, previous, unit);
 *	needles->nodes[at].match              // so many units that end here are a needle; 0: none
 *
 * A state is a number; 0 means that at most one unit could be the beginning of a needle. States stay
 * valid when needles are added. Needles have NEEDLE_UNITS_MIN units or more; of those with under
 * NEEDLE_MIN, what is found must be as long as what they were made of, or "it's" would hide "its".
 */
#ifndef FSOPS_BASE_REDACT_NEEDLES_H
#define FSOPS_BASE_REDACT_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEEDLE_MIN       4
#define NEEDLE_UNITS_MIN 2
#define UNIT_NONE        0x100 /* in place of a unit: there was none before */

struct needle_node {
	uint32_t parent;
	uint32_t
	    fail; /* the longest other beginning of a needle that ends here, of 2 units or more */
	uint32_t match; /* units of the longest needle that ends here */
	uint32_t depth;
	uint32_t secret; /* which one it is that ends here */
	uint8_t least;   /* bytes of the text that the needle that ends here must take; 0: any */
	uint8_t unit;    /* that leads here from the parent */
	bool chained;    /* the next node is a child of this one */
	bool branched;   /* there are children in `edges` */
	bool end;        /* a needle ends here, and is as long as this is deep */
	bool tells;      /* what leads here is more than the scheme and the host of an address */
};

struct needle_edge {
	uint64_t key; /* node and unit; of node 0: two units */
	uint32_t child;
};

struct needles {
	struct needle_node *nodes; /* [0] is the root */
	size_t count;
	size_t room;
	struct needle_edge *edges; /* a hash table; child 0: empty */
	size_t edge_count;
	size_t edge_room;            /* a power of two */
	uint8_t pairs[0x101 * 0x20]; /* a bit for each two units that begin a needle */
	uint8_t
	    wakes[0x100 * 0x20]; /* the same for two bytes, the second of which may be no unit */
	bool first[0x101];       /* whether a needle begins with this unit */
	uint32_t secrets;        /* the number of the next one */
	size_t longest;          /* units of the longest needle */
	bool stale;              /* needles_build() is due */
};

void needles_init(struct needles *needles);
/* The memory is wiped. */
void needles_release(struct needles *needles);

/* COUNT is at least NEEDLE_UNITS_MIN; LEN is how many bytes they were. They are a form of the next secret: `secrets`
 * says its number, and is counted on by who knows that it has no more forms. */
void needles_add(struct needles *needles, const uint8_t *units, size_t count, size_t len);

/* Whether it is there, as a whole. */
bool needles_has(const struct needles *needles, const uint8_t *units, size_t count);

void needles_build(struct needles *needles);

/* The node below AT by UNIT; 0: none. */
uint32_t needles_child(const struct needles *needles, uint32_t at, uint8_t unit);

/* The node of two first units; 0: none begins so. FIRST may be UNIT_NONE. */
uint32_t needles_pair(const struct needles *needles, unsigned first, uint8_t second);

/* PREVIOUS is the unit before; UNIT_NONE at the beginning. */
uint32_t needles_step(const struct needles *needles, uint32_t at, unsigned previous, uint8_t unit);

#endif
