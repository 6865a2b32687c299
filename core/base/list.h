/* SPDX-License-Identifier: Apache-2.0 */
/* Doubly linked lists with the link inside the object. No locking of their own. */
#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

#include "core/base/types.h"

struct list_node {
	struct list_node *prev, *next;
};

/* An empty list, or a node on none, points at itself. */
static inline void list_init(struct list_node *node)
{
	node->prev = node;
	node->next = node;
}

static inline bool list_is_empty(const struct list_node *head)
{
	return head->next == head;
}

/* Puts `node` before `pos`; with the head as `pos`, at the end. */
static inline void list_insert(struct list_node *pos, struct list_node *node)
{
	node->prev = pos->prev;
	node->next = pos;
	pos->prev->next = node;
	pos->prev = node;
}

/* Safe on a node that is on no list. */
static inline void list_remove(struct list_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#endif
