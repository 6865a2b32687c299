/* SPDX-License-Identifier: Apache-2.0 */
/* What a Linux guest does with AF_VSOCK, for tests/system/test_vsock.py: streams, messages, talk.
 */
#include "core/base/string.h"
#include "tests/linux/say.h"

int main(int count, char **words);

#define USAGE                                                                                      \
	"usage: vsock send CID PORT MIB      a stream of a pattern; says its sum and the time\n"   \
	"       vsock receive PORT           takes one stream, and says its sum\n"                 \
	"       vsock messages CID PORT N    N messages of many sizes (SEQPACKET)\n"               \
	"       vsock collect PORT           takes them, and looks at each\n"                      \
	"       vsock talk CID PORT          standard input to it, and what it says back\n"

enum socket_number {
	LINUX_CLOCK_GETTIME = 113,
	LINUX_SOCKET = 198,
	LINUX_BIND = 200,
	LINUX_LISTEN = 201,
	LINUX_ACCEPT = 202,
	LINUX_CONNECT = 203,
	LINUX_SHUTDOWN = 210,
	LINUX_SENDTO = 206,
};

#define AF_VSOCK       40
#define SOCK_STREAM    1
#define SOCK_SEQPACKET 5
#define CID_ANY	       UINT32_MAX
#define SHUT_WR	       1
#define MSG_NOSIGNAL   0x4000
#define MSG_EOR	       0x80
#define MESSAGE_MAX    20000

struct sockaddr_vm {
	uint16_t family, reserved;
	uint32_t port, cid;
	uint32_t rest;
};

static uint8_t bytes[65536] __attribute__((aligned(8)));

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

/* The pattern: each word follows from the last; the sum is of words and places. */
struct stream {
	uint64_t word, sum, size;
};

static uint64_t next_word(uint64_t word)
{
	word ^= word << 13;
	word ^= word >> 7;
	return word ^ word << 17;
}

static void add(struct stream *stream, uint64_t word)
{
	stream->sum = (stream->sum << 5 | stream->sum >> 59) ^ word;
	stream->size += sizeof(word);
}

static long write_all(long fd, const uint8_t *from, uint64_t size, long flags)
{
	while (size != 0) {
		long put = linux_call(LINUX_SENDTO, fd, (long)from, (long)size,
				      MSG_NOSIGNAL | flags, 0, 0);

		if (put < 0) {
			return put;
		}
		from += put;
		size -= (uint64_t)put;
	}
	return 0;
}

/* A socket that is connected; below 0: an error that has been told. */
static long reach(const char *cid, const char *port, long type)
{
	struct sockaddr_vm to = {
		.family = AF_VSOCK,
		.port = (uint32_t)strtoul(port, NULL, 10),
		.cid = (uint32_t)strtoul(cid, NULL, 10),
	};
	long fd = linux_call(LINUX_SOCKET, AF_VSOCK, type, 0, 0, 0, 0), err;

	if (fd < 0) {
		fail("socket", fd);
		return fd;
	}
	err = linux_call(LINUX_CONNECT, fd, (long)&to, sizeof(to), 0, 0, 0);
	if (err < 0) {
		fail("connect", err);
		return err;
	}
	return fd;
}

/* The same of one that somebody connects to. */
static long await(const char *port, long type)
{
	struct sockaddr_vm own = {
		.family = AF_VSOCK,
		.port = (uint32_t)strtoul(port, NULL, 10),
		.cid = CID_ANY,
	};
	long fd = linux_call(LINUX_SOCKET, AF_VSOCK, type, 0, 0, 0, 0), err;

	err = fd < 0 ? fd : linux_call(LINUX_BIND, fd, (long)&own, sizeof(own), 0, 0, 0);
	err = err < 0 ? err : linux_call(LINUX_LISTEN, fd, 1, 0, 0, 0, 0);
	if (err < 0) {
		fail("listen", err);
		return err;
	}
	say("waits at port %u\n", own.port);
	fd = linux_call(LINUX_ACCEPT, fd, 0, 0, 0, 0, 0);
	if (fd < 0) {
		fail("accept", fd);
	}
	return fd;
}

static int send_stream(const char *cid, const char *port, uint64_t size)
{
	struct stream stream = {.word = 88172645463325252U};
	uint64_t *words = (uint64_t *)bytes, began, took;
	long fd = reach(cid, port, SOCK_STREAM), err;

	if (fd < 0) {
		return 1;
	}
	began = now_ms();
	while (stream.size < size) {
		for (uint32_t i = 0; i < sizeof(bytes) / sizeof(*words); i++) {
			stream.word = next_word(stream.word);
			words[i] = stream.word;
			add(&stream, stream.word);
		}
		err = write_all(fd, bytes, sizeof(bytes), 0);
		if (err < 0) {
			return fail("send", err);
		}
	}
	linux_call(LINUX_SHUTDOWN, fd, SHUT_WR, 0, 0, 0, 0);
	/* until the receiver has all of it */
	err = linux_call(LINUX_READ, fd, (long)bytes, 1, 0, 0, 0);
	took = now_ms() - began;
	if (err < 0) {
		return fail("end", err);
	}
	say("sent %llu bytes, sum %016llx, %llu ms\n", (unsigned long long)stream.size,
	    (unsigned long long)stream.sum, (unsigned long long)took);
	return 0;
}

static int receive_stream(const char *port)
{
	struct stream stream = {.word = 88172645463325252U};
	const uint64_t *words = (const uint64_t *)bytes;
	long fd = await(port, SOCK_STREAM), got;
	uint64_t have = 0;

	if (fd < 0) {
		return 1;
	}
	while ((got = linux_call(LINUX_READ, fd, (long)(bytes + have), (long)(sizeof(bytes) - have),
				 0, 0, 0)) > 0) {
		have += (uint64_t)got;
		for (uint32_t i = 0; i < have / sizeof(*words); i++) {
			stream.word = next_word(stream.word);
			if (words[i] != stream.word) {
				say("wrong at byte %llu\n", (unsigned long long)stream.size);
				return 1;
			}
			add(&stream, words[i]);
		}
		memmove(bytes, bytes + have / sizeof(*words) * sizeof(*words),
			have % sizeof(*words));
		have %= sizeof(*words);
	}
	if (got < 0) {
		return fail("receive", got);
	}
	say("received %llu bytes, sum %016llx\n", (unsigned long long)stream.size,
	    (unsigned long long)stream.sum);
	return 0;
}

/* Sizes from 1 byte to more than four buffers of a driver's. */
static uint32_t message_size(uint32_t n)
{
	return 1 + n * 7919 % MESSAGE_MAX;
}

static int send_messages(const char *cid, const char *port, uint32_t count)
{
	long fd = reach(cid, port, SOCK_SEQPACKET), put;

	for (uint32_t n = 0; fd >= 0 && n < count; n++) {
		uint32_t size = message_size(n);

		memset(bytes, (int)(n & 0xff), size);
		put = linux_call(LINUX_SENDTO, fd, (long)bytes, size, MSG_NOSIGNAL | MSG_EOR, 0, 0);
		if (put != (long)size) {
			return fail("send", put);
		}
	}
	if (fd >= 0) {
		linux_call(LINUX_SHUTDOWN, fd, SHUT_WR, 0, 0, 0, 0);
		linux_call(LINUX_READ, fd, (long)bytes, 1, 0, 0, 0);
		say("sent %u messages\n", count);
	}
	return fd < 0;
}

static int collect(const char *port)
{
	long fd = await(port, SOCK_SEQPACKET), got;
	uint32_t n = 0;

	if (fd < 0) {
		return 1;
	}
	for (; (got = linux_call(LINUX_READ, fd, (long)bytes, sizeof(bytes), 0, 0, 0)) > 0; n++) {
		if (got != message_size(n) || bytes[0] != (n & 0xff) ||
		    bytes[got - 1] != (n & 0xff)) {
			say("message %u is wrong: %ld bytes\n", n, got);
			return 1;
		}
	}
	say("collected %u messages\n", n);
	return got < 0;
}

static int talk(const char *cid, const char *port)
{
	long fd = reach(cid, port, SOCK_STREAM), got;

	if (fd < 0) {
		return 1;
	}
	while ((got = linux_call(LINUX_READ, 0, (long)bytes, sizeof(bytes), 0, 0, 0)) > 0) {
		got = write_all(fd, bytes, (uint64_t)got, 0);
		if (got < 0) {
			return fail("send", got);
		}
	}
	linux_call(LINUX_SHUTDOWN, fd, SHUT_WR, 0, 0, 0, 0);
	while ((got = linux_call(LINUX_READ, fd, (long)bytes, sizeof(bytes), 0, 0, 0)) > 0) {
		linux_call(LINUX_WRITE, 1, (long)bytes, got, 0, 0, 0);
	}
	return got < 0 ? fail("receive", got) : 0;
}

int main(int count, char **words)
{
	const char *verb = count > 1 ? words[1] : "";

	if (count == 5 && strcmp(verb, "send") == 0) {
		return send_stream(words[2], words[3], strtoul(words[4], NULL, 10) << 20);
	}
	if (count == 3 && strcmp(verb, "receive") == 0) {
		return receive_stream(words[2]);
	}
	if (count == 5 && strcmp(verb, "messages") == 0) {
		return send_messages(words[2], words[3], (uint32_t)strtoul(words[4], NULL, 10));
	}
	if (count == 3 && strcmp(verb, "collect") == 0) {
		return collect(words[2]);
	}
	if (count == 4 && strcmp(verb, "talk") == 0) {
		return talk(words[2], words[3]);
	}
	linux_call(LINUX_WRITE, 1, (long)USAGE, sizeof(USAGE) - 1, 0, 0, 0);
	return 2;
}
