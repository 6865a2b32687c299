/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of the board: whose request is next, and who is told that one is done. */
#include "drivers/hw/blk/blk.h"

#include "core/base/errno.h"
#include "core/base/printk.h"

#define BATCH	 2 /* requests that are done in a step */
#define RESET_MS 1 /* between two looks whether it is reset */

static void push(struct blk_fifo *fifo, struct blk_request *request)
{
	request->next = NULL;
	if (fifo->first == NULL) {
		fifo->first = request;
	} else {
		fifo->last->next = request;
	}
	fifo->last = request;
}

static struct blk_request *pop(struct blk_fifo *fifo)
{
	struct blk_request *request = fifo->first;

	if (request != NULL) {
		fifo->first = request->next;
	}
	return request;
}

void blk_client_init(struct blk_client *client, struct blk_dev *dev,
		     void (*done)(struct blk_client *client))
{
	*client = (struct blk_client){.dev = dev, .done = done};
	list_init(&client->turn);
}

int blk_submit(struct blk_client *client, struct blk_request *request)
{
	struct blk_dev *dev = client->dev;
	int err = 0;

	request->client = client;
	spin_lock(&dev->lock);
	if (dev->broken) {
		err = -EIO;
	} else if (list_is_empty(&dev->turns) && dev->ops->start(dev, request) == 0) {
		client->under_way++;
	} else {
		push(&client->waiting, request);
		if (list_is_empty(&client->turn)) {
			list_insert(&dev->turns, &client->turn);
		}
	}
	spin_unlock(&dev->lock);
	return err;
}

struct blk_request *blk_take(struct blk_client *client)
{
	struct blk_request *request;

	spin_lock(&client->dev->lock);
	request = pop(&client->finished);
	spin_unlock(&client->dev->lock);
	return request;
}

bool blk_withdraw(struct blk_client *client)
{
	bool busy;

	spin_lock(&client->dev->lock);
	client->waiting.first = NULL;
	list_remove(&client->turn);
	busy = client->under_way != 0;
	spin_unlock(&client->dev->lock);
	return busy;
}

void blk_forget(struct blk_client *client)
{
	spin_lock(&client->dev->lock);
	client->finished.first = NULL;
	spin_unlock(&client->dev->lock);
}

/* The first request of the client whose turn it is, whose turn comes again behind the others. */
static struct blk_request *take_turn_locked(struct blk_dev *dev)
{
	struct blk_client *client = CONTAINER_OF(dev->turns.next, struct blk_client, turn);
	struct blk_request *request = pop(&client->waiting);

	list_remove(&client->turn);
	if (client->waiting.first != NULL) {
		list_insert(&dev->turns, &client->turn);
	}
	return request;
}

/* Room has come for one more. */
static void start_next_locked(struct blk_dev *dev)
{
	struct blk_client *client;

	if (list_is_empty(&dev->turns)) {
		return;
	}
	client = CONTAINER_OF(dev->turns.next, struct blk_client, turn);
	if (dev->ops->start(dev, client->waiting.first) == 0) {
		client->under_way++;
		take_turn_locked(dev);
	}
}

/* One of those that are lost with their device; NULL: none is left, or it is not at rest yet. */
static struct blk_request *lose_locked(struct blk_dev *dev)
{
	struct blk_request *request;

	dev->at_rest = dev->at_rest || dev->ops->reset(dev);
	if (!dev->at_rest) {
		return NULL;
	}
	request = dev->ops->forsake(dev);
	if (request != NULL) {
		request->client->under_way--;
	} else if (!list_is_empty(&dev->turns)) {
		request = take_turn_locked(dev);
	}
	if (request != NULL) {
		request->result = -EIO;
	}
	return request;
}

static struct blk_request *finish_locked(struct blk_dev *dev)
{
	struct blk_request *request = NULL;
	int got = dev->broken ? -EIO : dev->ops->finished(dev, &request);

	if (got > 0) {
		request->client->under_way--;
		start_next_locked(dev);
		return request;
	}
	if (got < 0) {
		dev->broken = true;
		return lose_locked(dev);
	}
	return NULL;
}

/* One request that is done; false: there is none. */
static bool finish_one(struct blk_dev *dev)
{
	struct blk_request *request;
	struct blk_client *client;
	bool was_broken;

	spin_lock(&dev->lock);
	was_broken = dev->broken;
	request = finish_locked(dev);
	client = request != NULL ? request->client : NULL;
	if (client != NULL) {
		push(&client->finished, request);
	}
	spin_unlock(&dev->lock);
	if (dev->broken && !was_broken) {
		log_error("the disk %s breaks the rules of its kind: it is reset, and what its "
			  "VMs ask of it fails from now on",
			  dev->name);
	}
	if (client != NULL) {
		client->done(client);
	}
	return client != NULL;
}

/* Patient work: as much as a step may be, and a gap after it. */
static void go_on(struct deadline *deadline)
{
	struct blk_dev *dev = CONTAINER_OF(deadline, struct blk_dev, later);

	for (uint32_t i = 0; i < BATCH; i++) {
		if (finish_one(dev)) {
			continue;
		}
		if (dev->broken) {
			if (!dev->at_rest) {
				deadline_set(deadline, deadline_now() + deadline_from_ms(RESET_MS));
			}
			return;
		}
		/* it may have finished one before it saw that it is to interrupt again */
		dev->ops->quiet(dev, false);
		if (!finish_one(dev)) {
			return;
		}
	}
	deadline_set(deadline, deadline_now());
}

void blk_interrupt(struct blk_dev *dev)
{
	dev->ops->acknowledge(dev);
	dev->ops->quiet(dev, true);
	deadline_set(&dev->later, deadline_now());
}

void blk_init(struct blk_dev *dev)
{
	spin_init(&dev->lock, RANK_HW);
	list_init(&dev->turns);
	dev->broken = dev->at_rest = false;
	deadline_init(&dev->later, NULL, go_on);
	deadline_is_patient(&dev->later);
}
