/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of the board: whose request is next, and who is told that one is done. */
#include "drivers/hw/blk/blk.h"

#include "core/base/errno.h"
#include "core/base/printk.h"

#define BATCH	 2    /* requests that are done in a step */
#define RESET_MS 1    /* between two looks whether it is reset */
#define WATCH_MS 1000 /* between two looks whether it answers */

/* Signed: another CPU may have begun it since this one looked at the counter. */
static bool has_passed(uint64_t now, uint64_t since, uint32_t seconds)
{
	return (int64_t)(now - since) > (int64_t)deadline_from_ms(seconds * 1000);
}

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
	/* beside who reads the table, which is over before VMs begin */
	dev->share = dev->clients++ < 2 ? dev->room : MAX(dev->room / 2, 1U);
}

/* 0, or why it is not under way. */
static int start_locked(struct blk_dev *dev, struct blk_request *request)
{
	int err = dev->ops->start(dev, request);

	if (err == 0) {
		request->client->under_way++;
		request->since = deadline_now();
		list_insert(&dev->started, &request->started);
	}
	return err;
}

static void ended_locked(struct blk_request *request)
{
	request->client->under_way--;
	list_remove(&request->started);
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

bool blk_is_lost(struct blk_client *client)
{
	bool lost;

	spin_lock(&client->dev->lock);
	lost = client->dev->lost && client->under_way != 0;
	spin_unlock(&client->dev->lock);
	return lost;
}

void blk_forget(struct blk_client *client)
{
	spin_lock(&client->dev->lock);
	client->finished.first = NULL;
	spin_unlock(&client->dev->lock);
}

/* The client's first request, whose turn comes again behind the others. */
static struct blk_request *take_turn_locked(struct blk_dev *dev, struct blk_client *client)
{
	struct blk_request *request = pop(&client->waiting);

	list_remove(&client->turn);
	if (client->waiting.first != NULL) {
		list_insert(&dev->turns, &client->turn);
	}
	return request;
}

/* There may be room for one more, of the first in turn who has not its share. False: there is none,
 * or nobody wants it. */
static bool start_next_locked(struct blk_dev *dev)
{
	for (struct list_node *at = dev->turns.next; at != &dev->turns; at = at->next) {
		struct blk_client *client = CONTAINER_OF(at, struct blk_client, turn);

		if (client->under_way >= dev->share) {
			continue;
		}
		if (start_locked(dev, client->waiting.first) != 0) {
			return false;
		}
		take_turn_locked(dev, client);
		return true;
	}
	return false;
}

int blk_submit(struct blk_client *client, struct blk_request *request)
{
	struct blk_dev *dev = client->dev;
	int err = 0;

	request->client = client;
	spin_lock(&dev->lock);
	if (dev->broken && !dev->late) {
		err = -EIO;
	} else {
		push(&client->waiting, request);
		if (list_is_empty(&client->turn)) {
			list_insert(&dev->turns, &client->turn);
		}
		if (!dev->broken) {
			start_next_locked(dev);
		}
	}
	spin_unlock(&dev->lock);
	return err;
}

/* One of those that are lost with their device; NULL: none is left, or it is not at rest yet. */
static struct blk_request *lose_locked(struct blk_dev *dev)
{
	struct blk_request *request;

	dev->at_rest = dev->at_rest || (!dev->lost && dev->ops->reset(dev));
	if (!dev->at_rest && !dev->lost) {
		return NULL;
	}
	request = dev->at_rest ? dev->ops->forsake(dev) : NULL;
	if (request != NULL) {
		ended_locked(request);
	} else if (!dev->late && !list_is_empty(&dev->turns)) {
		request = take_turn_locked(dev,
					   CONTAINER_OF(dev->turns.next, struct blk_client, turn));
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
		ended_locked(request);
		dev->proven = true;
		/* a second one where many wait behind a reset, and all room is free */
		if (start_next_locked(dev)) {
			start_next_locked(dev);
		}
		return request;
	}
	if (got < 0) {
		dev->broken_since = dev->broken ? dev->broken_since : deadline_now();
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

/* It was late, and is reset: it goes on, or is given up. */
static void set_up_again(struct blk_dev *dev)
{
	int err;

	spin_lock(&dev->lock);
	err = dev->proven ? dev->ops->revive(dev) : -EIO;
	dev->late = dev->proven = false;
	if (err == 0) {
		dev->broken = dev->at_rest = false;
		start_next_locked(dev);
	}
	spin_unlock(&dev->lock);
	if (err == 0) {
		hw_line_done(&dev->line);
		log_warn("the disk %s is set up again", dev->name);
	} else {
		log_error("the disk %s is given up: what its VMs ask of it fails from now on",
			  dev->name);
		deadline_set(&dev->later, deadline_now());
	}
}

/* Nothing could be finished, as it is broken: what else is to be done about it. */
static void mend(struct blk_dev *dev)
{
	uint64_t now = deadline_now();

	if (dev->at_rest) {
		if (dev->late) {
			set_up_again(dev);
		}
		return;
	}
	if (dev->lost) {
		return;
	}
	if (has_passed(now, dev->broken_since, BLK_RESET_S)) {
		spin_lock(&dev->lock);
		dev->lost = true;
		dev->late = false;
		spin_unlock(&dev->lock);
		log_error("the disk %s does not come out of its reset in %u s: a VM that it still "
			  "works for stays off once it has ended, until the board is reset",
			  dev->name, BLK_RESET_S);
	}
	deadline_set(&dev->later, now + deadline_from_ms(RESET_MS));
}

/* It is to be reset. */
static void be_late_locked(struct blk_dev *dev, uint64_t now)
{
	dev->broken = dev->late = true;
	dev->broken_since = now;
}

/* It asks for a reset. One that does so again and again is not proven by what it does between. */
static void look_what_it_asks(struct blk_dev *dev)
{
	uint64_t now = deadline_now();
	bool late;

	dev->asks = false;
	spin_lock(&dev->lock);
	late = !dev->broken;
	if (late) {
		be_late_locked(dev, now);
		dev->proven = dev->proven && now >= dev->patience_end;
		dev->patience_end = now + deadline_from_ms(BLK_PATIENCE_S * 1000);
	}
	spin_unlock(&dev->lock);
	if (late) {
		log_error("the disk %s can't go on and asks for a reset: it is reset, and what it "
			  "has under way fails",
			  dev->name);
	}
}

/* Does it answer? */
static void watch(struct deadline *deadline)
{
	struct blk_dev *dev = CONTAINER_OF(deadline, struct blk_dev, watch);
	uint64_t now = deadline_now();
	bool late = false;

	spin_lock(&dev->lock);
	if (!dev->broken && !list_is_empty(&dev->started)) {
		const struct blk_request *oldest =
			CONTAINER_OF(dev->started.next, struct blk_request, started);

		late = has_passed(now, oldest->since, BLK_PATIENCE_S);
	}
	if (late) {
		be_late_locked(dev, now);
	}
	spin_unlock(&dev->lock);
	if (late) {
		log_error("the disk %s has not done a request in %u s: it is reset, and what it "
			  "has under way fails",
			  dev->name, BLK_PATIENCE_S);
		deadline_set(&dev->later, now);
	}
	deadline_set(deadline, now + deadline_from_ms(WATCH_MS));
}

/* Patient work: as much as a step may be, and a gap after it. */
static void go_on(struct deadline *deadline)
{
	struct blk_dev *dev = CONTAINER_OF(deadline, struct blk_dev, later);

	if (dev->asks) {
		look_what_it_asks(dev);
	}
	for (uint32_t i = 0; i < BATCH; i++) {
		if (finish_one(dev)) {
			continue;
		}
		if (dev->broken) {
			mend(dev);
			return;
		}
		/* it may have finished one before it saw that it is to interrupt again */
		dev->ops->quiet(dev, false);
		hw_line_done(&dev->line);
		if (!finish_one(dev)) {
			return;
		}
	}
	deadline_set(deadline, deadline_now());
}

void blk_interrupt(struct blk_dev *dev)
{
	dev->asks = !dev->ops->acknowledge(dev) || dev->asks;
	if (hw_line_taken(&dev->line)) {
		dev->ops->quiet(dev, true);
		deadline_set(&dev->later, deadline_now());
	}
}

void blk_init(struct blk_dev *dev)
{
	spin_init(&dev->lock, RANK_HW);
	list_init(&dev->turns);
	list_init(&dev->started);
	dev->broken = dev->at_rest = dev->late = dev->proven = dev->lost = false;
	dev->line.busy = dev->line.masked = dev->asks = false;
	dev->patience_end = 0;
	dev->clients = 0;
	dev->share = dev->room;
	deadline_init(&dev->later, NULL, go_on);
	deadline_is_patient(&dev->later);
	deadline_init(&dev->watch, NULL, watch);
	deadline_is_patient(&dev->watch);
	deadline_set(&dev->watch, deadline_now() + deadline_from_ms(WATCH_MS));
}
