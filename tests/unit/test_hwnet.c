/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces of the board: buffers, shares, what comes, and devices that are wrong. */
#include <stdlib.h>
#include <string.h>

#include "core/base/errno.h"
#include "core/base/printk.h"
#include "drivers/hw/net/virtio_net.h"
#include "drivers/hw/virtio/net_regs.h"
#include "mm/page_alloc.h"
#include "tests/unit/fake_hwvirtio.h"
#include "tests/unit/fake_line.h"
#include "tests/unit/fake_time.h"
#include "tests/unit/unit.h"

#define HEADER	12U
#define RECEIVE NET_QUEUE_RECEIVE
#define SEND	NET_QUEUE_SEND
#define CONTROL NET_QUEUE_CONTROL
#define INTID	49
#define ALL	(NET_F_MTU | NET_F_MAC | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX)

static uint8_t *memory;
static struct nic *nic;
static char said[1024];
static uint8_t came[512][64]; /* how each frame began */
static uint32_t came_size[512], came_count;

static void listen(enum log_level level, const char *text, size_t len)
{
	(void)level;
	strncat(said, text, MIN(len, sizeof(said) - strlen(said) - 2));
	strcat(said, "\n");
}

static bool take_one(struct nic *from)
{
	uint8_t *frame;
	uint32_t size;

	if (!nic_next(from, &frame, &size)) {
		return false;
	}
	memcpy(came[came_count], frame, MIN(size, sizeof(came[0])));
	came_size[came_count++] = size;
	nic_done(from);
	return true;
}

static struct nic *open_it(int *err)
{
	memset(memory, 0, VIRTIO_NET_PAGES * PAGE_SIZE);
	nic = virtio_net_open(NULL, memory, err);
	if (nic != NULL) {
		nic->name = "/nic";
		nic->work = take_one;
		nic->share = 8;
		nic->line.intid = INTID;
		virtio_net_begin(nic);
	}
	return nic;
}

static void make_device(void)
{
	memset(&fake_hwvirtio, 0, sizeof(fake_hwvirtio));
	fake_hwvirtio.id = VIRTIO_ID_NET;
	fake_hwvirtio.features = ALL;
	memcpy(fake_hwvirtio.config, "\x52\x54\0\0\0\x10\1\0\0\0\x28\x23", 12);
	for (uint32_t i = 0; i < 3; i++) {
		fake_hwvirtio.queue_max[i] = 256;
	}
}

static int set_up(void **state)
{
	int err;

	(void)state;
	memory = memory != NULL ? memory : malloc(VIRTIO_NET_PAGES * PAGE_SIZE);
	memset(said, 0, sizeof(said));
	printk_set_sink(listen);
	printk_set_level(LOG_INFO);
	fake_time_reset(1000, 1000000000);
	memset(&fake_line, 0, sizeof(fake_line));
	make_device();
	came_count = 0;
	assert_non_null(open_it(&err));
	return 0;
}

static void interrupt(void)
{
	nic_interrupt(nic);
	fake_pass(10000000);
}

/* The device has a frame for EL2. False: and no buffer. */
static bool arrive(const char *bytes, uint32_t size, const struct net_header *header)
{
	static const struct net_header plain = {.buffers = 1};
	int head = fake_hwvirtio_take(RECEIVE);
	uint8_t *at;

	if (head < 0) {
		return false;
	}
	at = (uint8_t *)fake_hwvirtio.queue[RECEIVE].desc[head].pa;
	assert_int_equal(fake_hwvirtio.queue[RECEIVE].desc[head].flags, HWRING_WRITE);
	memcpy(at, header != NULL ? header : &plain, HEADER);
	memcpy(at + HEADER, bytes, strlen(bytes));
	fake_hwvirtio_put(RECEIVE, (uint32_t)head, HEADER + size);
	return true;
}

/* The next frame that the device sends; -1: none. */
static int depart(uint8_t **frame, uint32_t *size)
{
	int head = fake_hwvirtio_take(SEND);

	if (head >= 0) {
		const struct hwring_desc *desc = &fake_hwvirtio.queue[SEND].desc[head];
		static const uint8_t none[HEADER];

		assert_int_equal(desc->flags, 0);
		assert_memory_equal((void *)desc->pa, none, HEADER);
		*frame = (uint8_t *)desc->pa + HEADER;
		*size = desc->size - HEADER;
	}
	return head;
}

static void send_one(struct nic_sender *sender, const char *text)
{
	struct nic_buffer buffer;

	assert_int_equal(nic_take(nic, sender, &buffer), 0);
	strcpy((char *)buffer.frame, text);
	nic_send(nic, &buffer, (uint32_t)strlen(text));
	assert_null(buffer.frame);
}

/* -- cases -- */

static void what_is_no_NIC_that_fits_is_refused(void **state)
{
	static const struct {
		uint32_t id;
		int open_err, agree_err;
		uint16_t in, out, control, mtu;
		int err;
	} wrong[] = {
		{1, -ENOSYS, 0, 256, 256, 256, 1500, -ENOSYS},
		{2, 0, 0, 256, 256, 256, 1500, -ENODEV},
		{1, 0, -EIO, 256, 256, 256, 1500, -EIO},
		{1, 0, 0, 0, 256, 256, 1500, -EIO},
		{1, 0, 0, 256, 0, 256, 1500, -EIO},
		{1, 0, 0, 256, 256, 0, 1500, -EIO},
		{1, 0, 0, 4, 256, 256, 1500, -ERANGE},
		{1, 0, 0, 256, 7, 256, 1500, -ERANGE},
		{1, 0, 0, 256, 256, 256, 67, -ERANGE},
	};
	int err;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		make_device();
		fake_hwvirtio.id = wrong[i].id;
		fake_hwvirtio.open_err = wrong[i].open_err;
		fake_hwvirtio.agree_err = wrong[i].agree_err;
		fake_hwvirtio.queue_max[0] = wrong[i].in;
		fake_hwvirtio.queue_max[1] = wrong[i].out;
		fake_hwvirtio.queue_max[2] = wrong[i].control;
		memcpy(fake_hwvirtio.config + 10, &wrong[i].mtu, 2);
		assert_null(open_it(&err));
		assert_int_equal(err, wrong[i].err);
		assert_false(fake_hwvirtio.begun);
	}
}

static void it_begins_with_its_address_and_hears_all(void **state)
{
	const struct hwring_desc *desc = fake_hwvirtio.queue[CONTROL].desc;
	int head;

	(void)state;
	assert_memory_equal(nic->mac, "\x52\x54\0\0\0\x10", 6);
	assert_int_equal(nic->mtu, 9000);
	assert_true(nic->up && fake_hwvirtio.begun);
	head = fake_hwvirtio_take(CONTROL);
	assert_true(head >= 0);
	assert_memory_equal((void *)desc[head].pa, "\0\0", 2);
	assert_int_equal(*(uint8_t *)desc[desc[head].next].pa, 1);
	/* refused, which is told */
	fake_hwvirtio_put(CONTROL, (uint32_t)head, 1);
	*(uint8_t *)desc[desc[desc[head].next].next].pa = 1;
	interrupt();
	assert_non_null(strstr(said, "does not take frames for all addresses"));
	/* without a control queue or a link it is as it is */
	make_device();
	fake_hwvirtio.features = 0;
	fake_hwvirtio.queue_max[2] = 0;
	assert_non_null(open_it(&head));
	assert_true(nic->up && !nic->has_mac && nic->mtu == NIC_MTU_MAX);
	assert_int_equal(fake_hwvirtio.notified[CONTROL], 0);
}

static void frames_go_out_and_their_buffers_come_back(void **state)
{
	struct nic_sender sender = {0};
	uint8_t *frame;
	uint32_t size;
	int head;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		send_one(&sender, "hello");
		head = depart(&frame, &size);
		assert_true(head >= 0);
		assert_memory_equal(frame, "hello", 5);
		assert_int_equal(size, 5);
		fake_hwvirtio_put(SEND, (uint32_t)head, 0);
	}
	assert_true(sender.held <= 1);
	/* told only as long as it wants to be */
	size = fake_hwvirtio.notified[SEND];
	fake_hwvirtio.queue[SEND].used[0] |= 1;
	send_one(&sender, "hello");
	assert_int_equal(fake_hwvirtio.notified[SEND], size);
}

/* Who floods has at most all but half; the other half is there for the shares of the others. */
static void a_device_that_sends_nothing_delays_nobody_and_shares_stay(void **state)
{
	struct nic_sender greedy = {0}, others[4] = {{0}};
	struct nic_buffer buffer;
	uint8_t *frame;
	uint32_t count = 0, size;

	(void)state;
	while (nic_take(nic, &greedy, &buffer) == 0) {
		nic_send(nic, &buffer, 60);
		count++;
	}
	assert_int_equal(count, NIC_BUFFERS / 2);
	for (uint32_t k = 0; k < 4; k++) {
		for (count = 0; nic_take(nic, &others[k], &buffer) == 0; count++) {
			nic_send(nic, &buffer, 60);
		}
		assert_int_equal(count, 8);
	}
	assert_int_equal(nic_take(nic, &greedy, &buffer), -ENOSPC);
	/* one that was taken and is not needed is the next one's */
	fake_hwvirtio_put(SEND, (uint32_t)depart(&frame, &size), 0);
	assert_int_equal(nic_take(nic, &others[0], &buffer), -ENOSPC);
	for (uint32_t i = 0; i < NIC_BUFFERS / 2; i++) {
		fake_hwvirtio_put(SEND, (uint32_t)depart(&frame, &size), 0);
	}
	/* each look is bounded, so it takes some */
	for (count = 0; nic_take(nic, &others[0], &buffer) != 0; count++) {
		assert_true(count < 16);
	}
	nic_put(nic, &buffer);
	assert_true(others[0].held <= 8);
}

static void frames_come_in_whole_and_in_order(void **state)
{
	char text[32] = "frame A";

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		text[6] = (char)('A' + i % 26);
		assert_true(arrive(text, 60 + i, NULL));
		if (i % 5 == 4) {
			interrupt();
		}
	}
	assert_int_equal(came_count, 200);
	for (uint32_t i = 0; i < 200; i++) {
		assert_int_equal(came[i][6], 'A' + i % 26);
		assert_int_equal(came_size[i], 60 + i);
	}
	/* all buffers are the device's again, and it is to interrupt */
	for (uint32_t i = 0; i < NIC_BUFFERS; i++) {
		assert_true(arrive("x", 60, NULL));
	}
	assert_false(arrive("x", 60, NULL));
	assert_int_equal(fake_hwvirtio.queue[RECEIVE].avail[0], 0);
	interrupt();
	assert_int_equal(nic->spent, 1);
}

/* A frame, and then the others have their turn. */
static void a_flood_gets_a_bounded_share_of_the_CPU(void **state)
{
	uint32_t before;

	(void)state;
	while (arrive("flood", 60, NULL)) {
	}
	nic_interrupt(nic);
	assert_int_equal(fake_hwvirtio.queue[RECEIVE].avail[0], 1);
	for (uint32_t i = 0; i < NIC_BUFFERS + 1; i++) {
		before = came_count;
		fake_interrupt_at(fake_time.now + DEADLINE_GAP_US);
		assert_true(came_count - before <= 1);
	}
	assert_int_equal(came_count, NIC_BUFFERS);
	assert_int_equal(fake_hwvirtio.queue[RECEIVE].avail[0], 0);
}

static void what_was_not_agreed_on_is_no_frame(void **state)
{
	static const struct net_header left[] = {
		{.flags = NET_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16, .buffers = 1},
		{.gso_type = NET_GSO_TCPV4, .gso_size = 1448, .buffers = 1},
		{.gso_type = 0x80, .buffers = 1},
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_COUNT(left); i++) {
		assert_true(arrive("left", 60, &left[i]));
	}
	interrupt();
	assert_int_equal(came_count, 3);
	assert_int_equal(came_size[0] + came_size[1] + came_size[2], 0);
}

static void the_link_is_looked_at_when_it_changes(void **state)
{
	struct nic_sender sender = {0};
	struct nic_buffer buffer;

	(void)state;
	fake_hwvirtio.config[NET_CONFIG_STATUS] = 0;
	fake_hwvirtio.interrupts = VIRTIO_INTERRUPT_CONFIG;
	interrupt();
	assert_int_equal(nic_take(nic, &sender, &buffer), -ENODEV);
	fake_hwvirtio.config[NET_CONFIG_STATUS] = 1;
	fake_hwvirtio.interrupts = VIRTIO_INTERRUPT_CONFIG;
	interrupt();
	assert_int_equal(nic_take(nic, &sender, &buffer), 0);
}

/* Each a way to break a rule; true: in what comes. */
static bool name_what_is_not_its_own(void)
{
	fake_hwvirtio_put(RECEIVE, 64, 100);
	return true;
}

static bool write_more_than_there_is(void)
{
	fake_hwvirtio_put(RECEIVE, (uint32_t)fake_hwvirtio_take(RECEIVE), NIC_BUFFER_SIZE + 1);
	return true;
}

static bool write_less_than_a_header(void)
{
	fake_hwvirtio_put(RECEIVE, (uint32_t)fake_hwvirtio_take(RECEIVE), HEADER - 1);
	return true;
}

static bool do_more_than_it_was_given(void)
{
	fake_hwvirtio.queue[RECEIVE].used[0] = 65U << 16;
	return true;
}

static bool send_what_nobody_gave(void)
{
	fake_hwvirtio_put(SEND, 7, 0);
	return false;
}

static void a_device_that_breaks_rules_is_given_up(void **state)
{
	static bool (*const ways[])(void) = {
		name_what_is_not_its_own,  write_more_than_there_is, write_less_than_a_header,
		do_more_than_it_was_given, send_what_nobody_gave,
	};
	struct nic_sender sender;
	struct nic_buffer held, buffer;

	for (uint32_t i = 0; i < ARRAY_COUNT(ways); i++) {
		uint32_t notified;

		set_up(state);
		memset(&sender, 0, sizeof(sender));
		fake_hwvirtio.stuck = i == 0;
		assert_int_equal(nic_take(nic, &sender, &held), 0);
		if (ways[i]()) {
			interrupt();
		}
		assert_int_equal(nic_take(nic, &sender, &buffer), -ENODEV);
		assert_int_equal(fake_hwvirtio.resets, 1);
		assert_non_null(strstr(said, "the NIC /nic breaks the rules of its kind"));
		/* once, and nothing more is done */
		said[0] = '\0';
		notified = fake_hwvirtio.notified[SEND];
		nic_send(nic, &held, 60);
		interrupt();
		assert_int_equal(nic_take(nic, &sender, &buffer), -ENODEV);
		assert_int_equal(fake_hwvirtio.notified[SEND], notified);
		assert_int_equal(fake_hwvirtio.resets, 1);
		assert_string_equal(said, "");
		assert_int_equal(sender.held, 0);
	}
}

static void a_device_that_asks_for_a_reset_is_given_up(void **state)
{
	struct nic_sender sender = {0};
	struct nic_buffer buffer;

	for (uint32_t i = 0; i < 2; i++) {
		set_up(state);
		fake_hwvirtio.stuck = i == 1;
		fake_hwvirtio_ask();
		interrupt();
		assert_string_equal(
			said,
			i == 0 ? "the NIC /nic can't go on and asks for a reset: it was reset, and "
				 "nothing comes or goes by it until the board is reset\n" :
				 "the NIC /nic can't go on and asks for a reset: it does not come "
				 "out of its reset, and nothing comes or goes by it until the "
				 "board is reset\n");
		assert_int_equal(nic_take(nic, &sender, &buffer), -ENODEV);
		/* once */
		said[0] = '\0';
		fake_hwvirtio_ask();
		interrupt();
		assert_string_equal(said, "");
		assert_int_equal(fake_hwvirtio.resets, 1);
	}
}

/* Interrupts of a level that is high, for as long as a gap. */
static uint32_t stay_high(void)
{
	uint32_t taken = 0;

	while (!fake_line.masked) {
		assert_true(taken < 2);
		nic_interrupt(nic);
		taken++;
	}
	assert_int_equal(fake_line.intid, INTID);
	fake_interrupt_at(fake_time.now + DEADLINE_GAP_US);
	return taken;
}

/* Whatever its driver tells it; what comes comes. */
static void a_level_that_stays_high_is_off_between_steps(void **state)
{
	uint32_t taken = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(arrive("frame", 60, NULL));
		assert_true(arrive("frame", 60, NULL));
		stay_high();
		while (fake_line.masked) {
			fake_interrupt_at(fake_time.now + DEADLINE_GAP_US);
		}
		assert_int_equal(came_count, 2 * i + 2);
	}
	/* one that is given up is never heard again */
	write_more_than_there_is();
	for (uint32_t i = 0; i < 100; i++) {
		taken += stay_high();
	}
	assert_true(nic->broken && fake_line.masked && taken <= 2);
}

static void a_device_that_keeps_quiet_is_never_masked(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_true(arrive("frame", 60, NULL));
		interrupt();
	}
	assert_int_equal(came_count, 100);
	assert_int_equal(fake_line.changes, 0);
}

#define NET(sentence, function) CASE_IN(sentence, function, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NET("what is no NIC that fits is refused", what_is_no_NIC_that_fits_is_refused),
		NET("it begins with its address, and hears all",
		    it_begins_with_its_address_and_hears_all),
		NET("frames go out, and their buffers come back",
		    frames_go_out_and_their_buffers_come_back),
		NET("a device that sends nothing delays nobody, and shares stay",
		    a_device_that_sends_nothing_delays_nobody_and_shares_stay),
		NET("frames come in whole and in order", frames_come_in_whole_and_in_order),
		NET("a flood gets a bounded share of the CPU",
		    a_flood_gets_a_bounded_share_of_the_CPU),
		NET("what was not agreed on is no frame", what_was_not_agreed_on_is_no_frame),
		NET("the link is looked at when it changes", the_link_is_looked_at_when_it_changes),
		NET("a device that breaks rules is given up",
		    a_device_that_breaks_rules_is_given_up),
		NET("a device that asks for a reset is given up",
		    a_device_that_asks_for_a_reset_is_given_up),
		NET("a level that stays high is off between steps",
		    a_level_that_stays_high_is_off_between_steps),
		NET("a device that keeps quiet is never masked",
		    a_device_that_keeps_quiet_is_never_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
