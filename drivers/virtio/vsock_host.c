/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CID 2, the hypervisor, as VMs reach it by sockets: port 23, commands by lines, for a VM whose
 * `manages` names others. One connection of each VM; what it says is carried out by the service
 * that is set at boot, on the VM's own time, and nobody waits for a guest that does not read.
 */
#include "core/base/errno.h"
#include "core/base/string.h"
#include "core/vm/vm.h"
#include "drivers/virtio/vsock_dev.h"

#define PROMPT	   "bulkhead> "
#define PIECES	   8   /* of a packet, in a step */
#define KEYS_STEP  64  /* bytes of a line looked at in a step */
#define TELL_AFTER 128 /* bytes taken in, of which the guest is told unasked */

/* Constant after boot. */
static bool (*service)(struct vcpu *by, struct vsock_job *job);

void vsock_set_service(bool (*step)(struct vcpu *by, struct vsock_job *job))
{
	service = step;
}

static uint32_t in_use(const struct vsock_session *session)
{
	return session->head - session->tail;
}

static void say_prompt(struct vsock_job *job)
{
	/* a step says less than there is room for, or its last word is lost */
	uint32_t at = MIN(job->len, (uint32_t)(VSOCK_SAY_MAX - (sizeof(PROMPT) - 1)));

	memcpy(job->out + at, PROMPT, sizeof(PROMPT) - 1);
	job->len = at + (uint32_t)(sizeof(PROMPT) - 1);
}

void vsock_host_close(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;

	session->open = session->active = session->wants = false;
	session->respond = session->tell_credit = false;
	session->epoch++;
}

static void open_session(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;

	vsock_host_close(vsock);
	session->open = session->respond = true;
	session->ending = session->too_long = false;
	session->port = vsock->header.src_port;
	session->head = session->tail = session->told = 0;
	session->sent = session->line_len = session->said = 0;
}

static bool may_open(const struct vsock *vsock)
{
	const struct vsock_header *header = &vsock->header;

	return service != NULL && header->dst_port == VSOCK_PORT && header->type == VSOCK_STREAM &&
	       !vsock->session.open && vsock->virtio.vdev.vm->config->manages != 0;
}

/* What it sends ahead, some of it; more than it was told there is room for breaks the connection.
 */
static enum vsock_fate take_bytes(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;

	if (vsock->left > VSOCK_IN_SIZE - in_use(session)) {
		vsock_host_close(vsock);
		return VSOCK_REFUSE;
	}
	for (uint32_t i = 0; i < PIECES && vsock->left != 0; i++) {
		uint32_t at = session->head % VSOCK_IN_SIZE;
		uint32_t piece = MIN(vsock->left, VSOCK_IN_SIZE - at);
		struct virtq_cursor rest = vsock->rest;
		uint64_t ipa;

		piece = virtq_pass(&rest, piece, &ipa);
		if (virtq_read(vsock->virtio.vdev.vm, &vsock->rest, &session->in[at], piece) !=
			    (int)piece ||
		    piece == 0) {
			vsock_host_close(vsock);
			return VSOCK_REFUSE;
		}
		session->head += piece;
		vsock->left -= piece;
	}
	return vsock->left != 0 ? VSOCK_HOST : VSOCK_DONE;
}

static enum vsock_fate take_shutdown(struct vsock *vsock)
{
	if ((vsock->header.flags & VSOCK_NO_RECEIVE) != 0) {
		/* the reset says that this side has ended too: 5.10.6.5 */
		vsock_host_close(vsock);
		return VSOCK_REFUSE;
	}
	vsock->session.ending |= (vsock->header.flags & VSOCK_NO_SEND) != 0;
	return VSOCK_DONE;
}

enum vsock_fate vsock_host_take(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;
	const struct vsock_header *header = &vsock->header;
	bool known = session->open && header->dst_port == VSOCK_PORT &&
		     header->src_port == session->port && header->type == VSOCK_STREAM;

	if (header->op == VSOCK_REQUEST && may_open(vsock)) {
		open_session(vsock);
		known = true;
	} else if (!known || header->op == VSOCK_REQUEST || header->op == VSOCK_RESPONSE ||
		   header->op == VSOCK_RST) {
		if (known) {
			vsock_host_close(vsock);
		}
		return VSOCK_REFUSE; /* of a reset nothing comes */
	}
	session->room = header->buf_alloc;
	session->freed = header->fwd_cnt;
	vsock->virtio.work |= BIT32(VSOCK_RECEIVE);
	if (vsock->left == header->len) {
		vsock->count.sent_packets++;
		vsock->count.sent_bytes += header->len;
	}
	switch (header->op) {
	case VSOCK_RW:
		return take_bytes(vsock);
	case VSOCK_SHUTDOWN:
		return take_shutdown(vsock);
	case VSOCK_CREDIT_REQUEST:
		session->tell_credit = true;
		return VSOCK_DONE;
	default:
		return VSOCK_DONE;
	}
}

/* -- what it is told -- */

/* 1, or as vsock_give(); *size as there. */
static int give(struct vsock *vsock, enum vsock_op op, uint32_t flags, const void *bytes,
		uint32_t *size)
{
	struct vsock_session *session = &vsock->session;
	struct vsock_header header = {
		.src_cid = VSOCK_CID_HOST,
		.src_port = VSOCK_PORT,
		.dst_port = session->port,
		.type = VSOCK_STREAM,
		.op = (uint16_t)op,
		.flags = flags,
		.buf_alloc = VSOCK_IN_SIZE,
		.fwd_cnt = session->tail,
	};
	int got = vsock_give(vsock, &header, bytes, size);

	if (got == 0) {
		session->told = session->tail;
		session->tell_credit = false;
	}
	return got == 0 ? 1 : got;
}

static int give_word(struct vsock *vsock, enum vsock_op op, uint32_t flags)
{
	uint32_t size = 0;

	return give(vsock, op, flags, NULL, &size);
}

/* Of the answer what the guest has room for. 0: it has none. */
static int give_answer(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;
	struct vsock_job *job = &session->job;
	uint32_t credit = session->room - (session->sent - session->freed);
	uint32_t size = MIN(job->len - session->said, credit);
	int got;

	/* a guest that says it has taken more than was sent has room for nothing */
	if (size == 0 || session->sent - session->freed > session->room) {
		return 0;
	}
	got = give(vsock, VSOCK_RW, 0, job->out + session->said, &size);
	if (got == 1) {
		session->said += size;
		session->sent += size;
	}
	return got;
}

/* -- lines -- */

static void begin_job(struct vsock_session *session)
{
	struct vsock_job *job = &session->job;

	job->line[session->line_len] = '\0';
	session->line_len = 0;
	job->step = job->count = job->len = 0;
	memset(job->at, 0, sizeof(job->at));
	job->ends = false;
	session->said = 0;
	session->active = true;
	if (session->too_long) {
		/* none of it is carried out */
		static const char sentence[] = "a line has 79 characters at most\n";

		session->too_long = session->active = false;
		memcpy(job->out, sentence, sizeof(sentence) - 1);
		job->len = (uint32_t)sizeof(sentence) - 1;
		say_prompt(job);
	}
}

/* True: `key` ended a line. */
static bool take_key(struct vsock_session *session, uint8_t key)
{
	if (key == '\n') {
		return true;
	}
	if (key < ' ' || key > '~') {
		return false;
	}
	if (session->line_len == VSOCK_LINE_MAX) {
		session->too_long = true;
	} else {
		session->job.line[session->line_len++] = (char)key;
	}
	return false;
}

/* What was typed, up to the end of a line. 1: more in another step; 0: there is nothing more. */
static int take_line(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;
	bool line = false;

	for (uint32_t i = 0; i < KEYS_STEP && in_use(session) != 0 && !line; i++) {
		line = take_key(session, session->in[session->tail++ % VSOCK_IN_SIZE]);
	}
	session->tell_credit |= session->tail - session->told >= TELL_AFTER;
	if (line || (session->ending && in_use(session) == 0 && session->line_len != 0)) {
		begin_job(session);
		return 1;
	}
	return in_use(session) != 0 || session->tell_credit;
}

int vsock_host_step(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;
	int got;

	if (!session->open || session->calling || session->wants) {
		/* for the last one, whoever has the lock now settles */
		vsock->virtio.unsettled |= session->open && session->wants && !session->calling;
		return 0;
	}
	if (session->respond) {
		got = give_word(vsock, VSOCK_RESPONSE, 0);
		if (got == 1) {
			session->respond = false;
			session->job.len = session->said = 0;
			session->job.ends = false;
			say_prompt(&session->job);
		}
		return got;
	}
	if (session->tell_credit) {
		return give_word(vsock, VSOCK_CREDIT_UPDATE, 0);
	}
	if (session->said != session->job.len) {
		return give_answer(vsock);
	}
	if (session->active) {
		session->wants = true;
		vsock->virtio.unsettled = true;
		return 0;
	}
	if (session->job.ends ||
	    (session->ending && in_use(session) == 0 && session->line_len == 0)) {
		got = give_word(vsock, VSOCK_SHUTDOWN, VSOCK_NO_RECEIVE | VSOCK_NO_SEND);
		if (got == 1) {
			vsock_host_close(vsock);
		}
		return got;
	}
	return take_line(vsock);
}

bool vsock_host_wants(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;

	if (!session->open || !session->wants || session->calling) {
		return false;
	}
	session->wants = false;
	session->calling = true;
	session->called = session->epoch;
	return true;
}

void vsock_host_serve(struct vsock *vsock)
{
	struct vsock_session *session = &vsock->session;
	struct vsock_job *job = &session->job;
	bool done;

	job->len = 0;
	done = service(vsock->virtio.vdev.vm->vcpu[0], job);
	job->step++;
	spin_lock(&vsock->virtio.lock);
	session->calling = false;
	session->said = 0;
	if (session->epoch != session->called) {
		/* the answer is nobody's */
		job->len = 0;
	} else {
		session->active = !done;
		if (done && !job->ends) {
			say_prompt(job);
		}
	}
	spin_unlock(&vsock->virtio.lock);
	virtio_ask(&vsock->virtio, VSOCK_RECEIVE);
}
