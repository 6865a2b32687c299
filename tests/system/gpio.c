/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doorbells by Linux' GPIO character device, as libgpiod's tools use it:
 *
 *	gpio ring NAME COUNT	NAME-ring high and low, and an answer on NAME awaited
 *	gpio answer NAME COUNT	the other way round
 *
 * Prints how many rings it has seen. For the initramfs of tests/system/test_doorbell.py.
 */
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CHIPS	   8
#define TIMEOUT_MS 120000 /* the tests have their own */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* A line by its name, on whichever controller; its file. */
static int request(const char *name, uint64_t flags)
{
	char path[32];

	for (int chip = 0; chip < CHIPS; chip++) {
		struct gpiochip_info info;
		int fd;

		snprintf(path, sizeof(path), "/dev/gpiochip%d", chip);
		fd = open(path, O_RDWR);
		if (fd < 0 || ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, &info) != 0) {
			break;
		}
		for (unsigned int i = 0; i < info.lines; i++) {
			struct gpio_v2_line_info line = {.offset = i};
			struct gpio_v2_line_request wanted = {
				.offsets = {i},
				.num_lines = 1,
				.consumer = "doorbell",
				.config = {.flags = flags},
			};

			if (ioctl(fd, GPIO_V2_GET_LINEINFO_IOCTL, &line) != 0 ||
			    strcmp(line.name, name) != 0) {
				continue;
			}
			if (ioctl(fd, GPIO_V2_GET_LINE_IOCTL, &wanted) != 0) {
				fail(name);
			}
			close(fd);
			return wanted.fd;
		}
		close(fd);
	}
	fprintf(stderr, "gpio: no line is called %s\n", name);
	exit(1);
}

static void drive(int fd, bool level)
{
	struct gpio_v2_line_values values = {.bits = level, .mask = 1};

	if (ioctl(fd, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) != 0) {
		fail("set");
	}
}

/* One rising edge; false when none comes. */
static bool hear(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	struct gpio_v2_line_event event;

	return poll(&one, 1, TIMEOUT_MS) == 1 && read(fd, &event, sizeof(event)) == sizeof(event);
}

int main(int argc, char **argv)
{
	bool first = argc == 4 && strcmp(argv[1], "ring") == 0;
	int in, out, count, seen = 0;
	char name[40];

	if (argc != 4) {
		fprintf(stderr, "gpio: ring or answer, a doorbell's name, a count\n");
		return 1;
	}
	count = atoi(argv[3]);
	snprintf(name, sizeof(name), "%s-ring", argv[2]);
	in = request(argv[2], GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING);
	out = request(name, GPIO_V2_LINE_FLAG_OUTPUT);
	printf("%s listens\n", argv[2]);
	fflush(stdout);
	for (; seen < count; seen++) {
		if (first) {
			drive(out, true);
			drive(out, false);
		}
		if (!hear(in)) {
			break;
		}
		if (!first) {
			drive(out, true);
			drive(out, false);
		}
	}
	printf("%s: %d rings of %d\n", argv[2], seen, count);
	return seen == count ? 0 : 1;
}
