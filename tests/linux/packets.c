/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow of UDP packets with numbers, for tests/system/test_uplink.py and tests/packets.py: whether
 * all come, once, whole and in order. No more than a window of them is under way, so no queue on
 * the way has to be long; what is lost nevertheless is counted, and never sent again.
 */
#include "core/base/string.h"
#include "tests/linux/say.h"

int main(int count, char **words);

#define USAGE                                                                                      \
	"usage: packets send ADDRESS PORT COUNT SIZE    so many packets of so many bytes\n"        \
	"       packets receive PORT                    takes one flow, and says what came of it\n"

enum socket_number {
	LINUX_CLOCK_GETTIME = 113,
	LINUX_SOCKET = 198,
	LINUX_BIND = 200,
	LINUX_SENDTO = 206,
	LINUX_RECVFROM = 207,
	LINUX_SETSOCKOPT = 208,
};

#define AF_INET	       2
#define SOCK_DGRAM     2
#define SOL_SOCKET     1
#define SO_RCVTIMEO    20
#define SO_RCVBUFFORCE 33
#define ROOM	       (4 << 20) /* of a socket: a window of any size is never too much for it */
#define EAGAIN_	       11
#define SIZE_MAX_      9000

#define WINDOW	   32 /* packets */
#define ACK_EVERY  8
#define WAIT_MS	   200 /* for an answer; then it is asked for */
#define ATTEMPTS   100 /* one after another without an answer: nobody is there */
#define ATTEMPT_MS 500

enum kind {
	DATA = 0x44415441,
	ASK = 0x41534b21,
	END = 0x454e4421,
	ANSWER = 0x414e5357,
};

struct packet {
	uint32_t kind, reserved;
	uint64_t number; /* DATA: its own; END: how many there were; ANSWER: the next expected */
};

struct sockaddr_in {
	uint16_t family, port;
	uint32_t address;
	uint64_t zero;
};

static union {
	struct packet head;
	uint8_t bytes[SIZE_MAX_];
} buffer __attribute__((aligned(8)));

static int fail(const char *what, long result)
{
	say("%s: error %ld\n", what, -result);
	return 1;
}

static uint64_t now_ms(void)
{
	struct {
		uint64_t s, ns;
	} time = {0, 0};

	linux_call(LINUX_CLOCK_GETTIME, 1, (long)&time, 0, 0, 0, 0);
	return time.s * 1000 + time.ns / 1000000;
}

/* In network order. */
static uint16_t port_of(const char *text)
{
	return __builtin_bswap16((uint16_t)strtoul(text, NULL, 10));
}

static uint32_t address_of(const char *text)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < 4; i++) {
		char *end;

		value |= (uint32_t)(strtoul(text, &end, 10) & 0xff) << (8 * i);
		text = *end == '.' ? end + 1 : end;
	}
	return value;
}

static long socket_with_timeout(void)
{
	const struct {
		uint64_t s, us;
	} timeout = {0, WAIT_MS * 1000};
	const int room = ROOM;
	long fd = linux_call(LINUX_SOCKET, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);

	if (fd >= 0) {
		linux_call(LINUX_SETSOCKOPT, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&timeout,
			   sizeof(timeout), 0);
		linux_call(LINUX_SETSOCKOPT, fd, SOL_SOCKET, SO_RCVBUFFORCE, (long)&room,
			   sizeof(room), 0);
	}
	return fd;
}

/* Bytes that follow from number and place. */
static void fill(uint64_t number, uint32_t size)
{
	for (uint32_t i = sizeof(struct packet); i < size; i++) {
		buffer.bytes[i] = (uint8_t)(number * 31 + i * 7);
	}
}

static bool is_whole(uint64_t number, uint32_t size)
{
	for (uint32_t i = sizeof(struct packet); i < size; i++) {
		if (buffer.bytes[i] != (uint8_t)(number * 31 + i * 7)) {
			return false;
		}
	}
	return true;
}

/* -- the sender -- */

struct sender {
	long fd;
	struct sockaddr_in to;
	uint64_t expected; /* by the receiver, as it said last */
	uint32_t size, asked;
};

static long put(const struct sender *sender, enum kind kind, uint64_t number, uint32_t size)
{
	buffer.head = (struct packet){.kind = kind, .number = number};
	return linux_call(LINUX_SENDTO, sender->fd, (long)&buffer, size, 0, (long)&sender->to,
			  sizeof(sender->to));
}

/* Waits until the receiver has seen packets up to `number`, but for those that are lost. False:
 * nobody answers. */
static bool wait_for(struct sender *sender, enum kind ask, uint64_t count, uint64_t number)
{
	struct packet answer;

	for (uint32_t i = 0; i < ATTEMPTS && sender->expected < number; i++) {
		long got = linux_call(LINUX_RECVFROM, sender->fd, (long)&answer, sizeof(answer), 0,
				      0, 0);

		if (got == sizeof(answer) && answer.kind == ANSWER) {
			sender->expected = answer.number;
			i = 0;
		} else if (got == -EAGAIN_) {
			sender->asked++;
			put(sender, ask, count, sizeof(struct packet));
		}
	}
	return sender->expected >= number;
}

static int send_all(const char *address, const char *port, const char *how_many, const char *size)
{
	struct sender sender = {
		.to = {AF_INET, port_of(port), address_of(address), 0},
		.size = (uint32_t)strtoul(size, NULL, 10),
	};
	uint64_t count = strtoul(how_many, NULL, 10), start = now_ms();

	sender.fd = socket_with_timeout();
	if (sender.fd < 0 || sender.size < sizeof(struct packet) || sender.size > SIZE_MAX_) {
		return fail("socket", sender.fd);
	}
	for (uint64_t number = 0; number < count; number++) {
		long err;

		if (number >= sender.expected + WINDOW &&
		    !wait_for(&sender, ASK, number, number - WINDOW + ACK_EVERY)) {
			return fail("nobody answers", 0);
		}
		fill(number, sender.size);
		err = put(&sender, DATA, number, sender.size);
		if (err != (long)sender.size) {
			return fail("sendto", err);
		}
	}
	/* the receiver's last words are that it expects one more than there are */
	if (!wait_for(&sender, END, count, count + 1)) {
		return fail("no last answer", 0);
	}
	say("sent %lu packets in %lu ms, asked %u times\n", count, now_ms() - start, sender.asked);
	return 0;
}

/* -- the receiver -- */

struct flow {
	uint64_t expected, received, lost, late, damaged, count;
	bool ended;
};

static void look_at(struct flow *flow, uint32_t size)
{
	uint64_t number = buffer.head.number;

	if (number < flow->expected) {
		flow->late++; /* again, or behind one that was sent after it */
		return;
	}
	flow->lost += number - flow->expected;
	flow->expected = number + 1;
	flow->received++;
	flow->damaged += !is_whole(number, size);
}

static void take(struct flow *flow, uint32_t size)
{
	if (buffer.head.kind == DATA) {
		look_at(flow, size);
	} else if (buffer.head.kind == ASK || buffer.head.kind == END) {
		/* all that was sent before has come, or never will */
		if (buffer.head.number > flow->expected) {
			flow->lost += buffer.head.number - flow->expected;
			flow->expected = buffer.head.number;
		}
		flow->ended = buffer.head.kind == END;
		flow->count = buffer.head.number;
	}
}

static int receive(const char *port)
{
	const struct sockaddr_in own = {AF_INET, port_of(port), 0, 0};
	long fd = socket_with_timeout(), got = fd;
	struct flow flow = {.ended = false};
	uint64_t ended_at = 0;

	if (fd < 0 || (got = linux_call(LINUX_BIND, fd, (long)&own, sizeof(own), 0, 0, 0)) < 0) {
		return fail("bind", got);
	}
	say("listens\n");
	/* a while beyond the end: the last answer may be lost */
	while (!flow.ended || now_ms() - ended_at < ATTEMPT_MS) {
		struct sockaddr_in from;
		uint32_t from_size = sizeof(from);
		struct packet answer;

		got = linux_call(LINUX_RECVFROM, fd, (long)&buffer, sizeof(buffer), 0, (long)&from,
				 (long)&from_size);
		if (got < (long)sizeof(struct packet)) {
			continue;
		}
		take(&flow, (uint32_t)got);
		if (buffer.head.kind == DATA && buffer.head.number % ACK_EVERY != ACK_EVERY - 1) {
			continue;
		}
		ended_at = flow.ended && ended_at == 0 ? now_ms() : ended_at;
		answer = (struct packet){.kind = ANSWER, .number = flow.expected + flow.ended};
		linux_call(LINUX_SENDTO, fd, (long)&answer, sizeof(answer), 0, (long)&from,
			   sizeof(from));
	}
	say("received %lu of %lu, lost %lu, late %lu, damaged %lu\n", flow.received, flow.count,
	    flow.lost, flow.late, flow.damaged);
	return 0;
}

int main(int count, char **words)
{
	if (count == 6 && strcmp(words[1], "send") == 0) {
		return send_all(words[2], words[3], words[4], words[5]);
	}
	if (count == 3 && strcmp(words[1], "receive") == 0) {
		return receive(words[2]);
	}
	say("%s", USAGE);
	return 2;
}
