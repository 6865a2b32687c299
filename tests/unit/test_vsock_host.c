/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM says to CID 2, and what it is answered. docs/vsock.md */
#include "tests/unit/vsock_suite.h"

static uint32_t called, answers_left;
static struct vdev *reset_meanwhile;
static char heard[VSOCK_LINE_MAX + 1];

/* Says what it heard, so often as `answers_left` has it. */
static bool service(struct vcpu *by, struct vsock_job *job)
{
	assert_ptr_equal(by->vm, &vms[0]);
	assert_int_equal(job->step == 0, job->at[0] == 0);
	job->at[0]++;
	called++;
	memcpy(heard, job->line, sizeof(heard));
	memcpy(job->out, "heard\n", 6);
	job->len = 6;
	job->ends = strcmp(job->line, "exit") == 0;
	if (reset_meanwhile != NULL) {
		virtio_reset(reset_meanwhile);
	}
	return answers_left-- <= 1;
}

static int set_up_host(void **state)
{
	vsock_set_service(service);
	called = answers_left = 0;
	reset_meanwhile = NULL;
	return set_up_seen(state);
}

static struct vsock_header to_host(uint32_t op, const char *text)
{
	struct vsock_header header = packet(op, (uint32_t)strlen(text));

	header.dst_cid = 2;
	header.dst_port = 23;
	header.fwd_cnt = 0;
	return header;
}

/* Sends what stands there, not a pattern. */
static void tell(uint32_t node, const struct vsock_header *header, const char *text)
{
	const struct fake_buffer buffers[] = {
		{place(node, SENT_AT), HEADER, false},
		{place(node, SENT_AT + HEADER), header->len, false},
	};

	memcpy(fake_ram(place(node, SENT_AT)), header, HEADER);
	memcpy(fake_ram(place(node, SENT_AT + HEADER)), text, strlen(text));
	fake_driver_make(&drivers[node][SEND], buffers, header->len != 0 ? 2 : 1, false);
	set(node, 0x50, SEND);
	work_all();
	assert_true(is_back(node));
}

static void say(const char *text)
{
	struct vsock_header header = to_host(VSOCK_RW, text);

	tell(0, &header, text);
}

static void assert_host(uint32_t op, const char *text)
{
	struct vsock_header header;

	assert_true(see(0, &header));
	assert_int_equal(header.src_cid, 2);
	assert_int_equal(header.src_port, 23);
	assert_int_equal(header.dst_port, 5);
	assert_int_equal(header.op, op);
	assert_int_equal(header.len, strlen(text));
	assert_memory_equal(got + HEADER, text, strlen(text));
}

static void open_host(void)
{
	struct vsock_header header = to_host(VSOCK_REQUEST, "");

	begin_all(PLAIN);
	give(0, 8, BIG);
	tell(0, &header, "");
	assert_host(VSOCK_RESPONSE, "");
	assert_host(VSOCK_RW, "bulkhead> ");
}

static void lines_are_carried_out_and_answered(void **state)
{
	(void)state;
	answers_left = 1;
	open_host();
	say("vm li");
	assert_int_equal(called, 0);
	say("st\r\n");
	assert_string_equal(heard, "vm list");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	give(0, 4, BIG);
	answers_left = 2;
	say("two\n");
	assert_host(VSOCK_RW, "heard\n");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	/* one behind the other, each when the one before has been answered */
	answers_left = 1;
	give(0, 4, BIG);
	say("a\nb\n");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	answers_left = 1;
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	assert_string_equal(heard, "b");
	answers_left = 1;
	say("exit\n");
	assert_host(VSOCK_RW, "heard\n");
	assert_host(VSOCK_SHUTDOWN, "");
}

static void only_who_manages_others_reaches_the_hypervisor(void **state)
{
	struct vsock_header header = to_host(VSOCK_REQUEST, "");

	(void)state;
	begin_all(PLAIN);
	give(0, 8, BIG);
	give(1, 8, BIG);
	header.src_cid = 11;
	tell(1, &header, "");
	assert_reset(1, 2, 23, 5);
	/* nor does anybody another port */
	header.src_cid = 10;
	header.dst_port = 24;
	tell(0, &header, "");
	assert_reset(0, 2, 24, 5);
	/* nor a connection that there is not */
	header.dst_port = 23;
	header.op = VSOCK_RW;
	tell(0, &header, "");
	assert_reset(0, 2, 23, 5);
}

static void there_is_one_connection_at_a_time(void **state)
{
	struct vsock_header header = to_host(VSOCK_REQUEST, "");

	(void)state;
	answers_left = 1;
	open_host();
	header.src_port = 50;
	tell(0, &header, "");
	assert_reset(0, 2, 23, 50);
	say("still\n");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	header.src_port = 5;
	header.op = VSOCK_RST;
	tell(0, &header, "");
	assert_silent(0);
	header.src_port = 50;
	header.op = VSOCK_REQUEST;
	tell(0, &header, "");
	give(0, 2, BIG);
	work_all();
	assert_true(vsock_of_vm(0)->session.open && vsock_of_vm(0)->session.port == 50);
}

static void an_answer_that_nobody_reads_waits(void **state)
{
	struct vsock_header header = to_host(VSOCK_CREDIT_UPDATE, "");
	uint32_t before;

	(void)state;
	answers_left = 1;
	open_host();
	/* the prompt is not read yet: room for 3 bytes more */
	header.buf_alloc = 13;
	tell(0, &header, "");
	header = to_host(VSOCK_RW, "x\n");
	header.buf_alloc = 13;
	tell(0, &header, "x\n");
	assert_host(VSOCK_RW, "hea");
	before = steps;
	fake_pass(10 * HZ);
	work_all();
	assert_int_equal(steps, before);
	assert_silent(0);
	header.op = VSOCK_CREDIT_UPDATE;
	header.len = 0;
	header.fwd_cnt = 13;
	tell(0, &header, "");
	assert_host(VSOCK_RW, "rd\nbulkhead> ");
	/* nonsense gives no room */
	answers_left = 1;
	header = to_host(VSOCK_RW, "x\n");
	header.fwd_cnt = 1000;
	header.buf_alloc = 10;
	tell(0, &header, "x\n");
	assert_silent(0);
}

static void what_is_sent_beyond_the_room_ends_the_connection(void **state)
{
	static char text[VSOCK_IN_SIZE + 2];
	struct vsock_header header = to_host(VSOCK_CREDIT_UPDATE, "");

	(void)state;
	answers_left = 100;
	open_host();
	/* it takes in no more while nobody reads its answer */
	header.buf_alloc = 10;
	tell(0, &header, "");
	memset(text, 'x', VSOCK_IN_SIZE);
	text[0] = '\n';
	header = to_host(VSOCK_RW, text);
	header.buf_alloc = 10;
	tell(0, &header, text);
	assert_true(vsock_of_vm(0)->session.open);
	tell(0, &header, text);
	assert_false(vsock_of_vm(0)->session.open);
	assert_reset(0, 2, 23, 5);
}

static void a_line_that_is_too_long_is_not_carried_out(void **state)
{
	char text[VSOCK_LINE_MAX + 3];

	(void)state;
	answers_left = 1;
	open_host();
	memset(text, 'y', sizeof(text));
	text[VSOCK_LINE_MAX + 1] = '\n';
	text[VSOCK_LINE_MAX + 2] = '\0';
	say(text);
	assert_int_equal(called, 0);
	assert_host(VSOCK_RW, "a line has 79 characters at most\nbulkhead> ");
	say("ok\n");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	assert_string_equal(heard, "ok");
}

static void credit_is_told_when_much_was_taken_and_when_asked(void **state)
{
	char text[VSOCK_IN_SIZE];
	struct vsock_header header = to_host(VSOCK_CREDIT_REQUEST, "");

	(void)state;
	open_host();
	tell(0, &header, "");
	assert_true(see(0, &header));
	assert_int_equal(header.op, VSOCK_CREDIT_UPDATE);
	assert_int_equal(header.buf_alloc, VSOCK_IN_SIZE);
	assert_int_equal(header.fwd_cnt, 0);
	memset(text, 'z', sizeof(text));
	text[200] = '\0';
	say(text);
	assert_true(see(0, &header));
	assert_int_equal(header.op, VSOCK_CREDIT_UPDATE);
	assert_in_range(header.fwd_cnt, 128, 200);
}

static void a_guest_that_ends_its_side_gets_its_answers(void **state)
{
	struct vsock_header header = to_host(VSOCK_SHUTDOWN, "");

	(void)state;
	answers_left = 1;
	open_host();
	say("first\nlast");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	answers_left = 1;
	header.flags = VSOCK_NO_SEND;
	tell(0, &header, "");
	assert_string_equal(heard, "last");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
	assert_host(VSOCK_SHUTDOWN, "");
	/* one that ends both is answered by a reset */
	set_up_seen(state);
	open_host();
	header.flags = VSOCK_NO_SEND | VSOCK_NO_RECEIVE;
	tell(0, &header, "");
	assert_reset(0, 2, 23, 5);
	assert_false(vsock_of_vm(0)->session.open);
}

static void a_reset_in_the_middle_of_an_answer_leaves_nothing(void **state)
{
	(void)state;
	answers_left = 5;
	open_host();
	reset_meanwhile = vdevs[0];
	post(0, &(struct vsock_header[]){to_host(VSOCK_RW, "x\n")}[0], 0x10000);
	memcpy(fake_ram(place(0, SENT_AT + HEADER)), "x\n", 2);
	work_all();
	assert_int_equal(called, 1);
	assert_false(vsock_of_vm(0)->session.open || vsock_of_vm(0)->session.calling ||
		     vsock_of_vm(0)->session.active);
	reset_meanwhile = NULL;
	memset(seen, 0, sizeof(seen));
	answers_left = 1;
	open_host();
	say("again\n");
	assert_host(VSOCK_RW, "heard\nbulkhead> ");
}

#define HOST(sentence, function) CASE_IN(sentence, function, set_up_host)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST("lines are carried out and answered", lines_are_carried_out_and_answered),
		HOST("only who manages others reaches the hypervisor",
		     only_who_manages_others_reaches_the_hypervisor),
		HOST("there is one connection at a time", there_is_one_connection_at_a_time),
		HOST("an answer that nobody reads waits", an_answer_that_nobody_reads_waits),
		HOST("what is sent beyond the room ends the connection",
		     what_is_sent_beyond_the_room_ends_the_connection),
		HOST("a line that is too long is not carried out",
		     a_line_that_is_too_long_is_not_carried_out),
		HOST("credit is told when much was taken, and when asked",
		     credit_is_told_when_much_was_taken_and_when_asked),
		HOST("a guest that ends its side gets its answers",
		     a_guest_that_ends_its_side_gets_its_answers),
		HOST("a reset in the middle of an answer leaves nothing",
		     a_reset_in_the_middle_of_an_answer_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
