/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a VM. */
#include "core/vm/life.h"

#include "core/base/errno.h"
#include "core/vm/crash.h"
#include "core/vm/load.h"
#include "core/vm/order.h"
#include "core/vm/restart.h"
#include "drivers/emul/vdev.h"
#include "irq/vgic/vgic.h"
#include "timer/deadline.h"

static void (*all_off_hook)(void);

void life_set_all_off(void (*all_off)(void))
{
	all_off_hook = all_off;
}

static const struct {
	const char *what; /* has happened, in the log */
	const char *name; /* of the state it left behind */
} reasons[VM_STOP_COUNT] = {
	[VM_STOP_NONE] = {"never started", "off"},
	[VM_STOP_POWEROFF] = {"powered off by itself", "stopped (poweroff)"},
	[VM_STOP_RESET] = {"reset by itself", "stopped (reset)"},
	[VM_STOP_CRASH] = {"crashed", "stopped (crash)"},
	[VM_STOP_COMMAND] = {"stopped by command", "stopped (command)"},
	[VM_STOP_RESTART] = {"restarted by command", "stopped (command)"},
	[VM_STOP_KILL] = {"killed by command", "stopped (killed)"},
	[VM_STOP_WATCHDOG] = {"its watchdog ran out", "stopped (watchdog)"},
	[VM_STOP_EXPIRED] = {"its watchdog ran out", "stopped (watchdog)"},
	[VM_STOP_IMAGE] = {"not started", "stopped (image)"},
};

/* -- who is off -- */

/* A VM that waits is not off if it starts without a command: those before it have run, and it is
 * told so, or a command has been given, or its disk comes. Of several that wait for each other that
 * is one, the first. */
static bool all_are_off(void)
{
	uint64_t waits = 0, ran = 0;
	bool asked = false;

	for (uint32_t i = 0; i < vm_count(); i++) {
		struct vm *vm = vm_by_id(i);
		bool off;

		spin_lock(&vm->lock);
		off = vm->state == VM_OFF;
		waits |= (uint64_t)vm->start_waits << i;
		asked = asked || vm->start_asked;
		ran |= (uint64_t)vm->has_run << vm->config->index;
		spin_unlock(&vm->lock);
		if (!off) {
			return false;
		}
	}
	for (; waits != 0 && !asked; waits &= waits - 1) {
		asked = (vm_by_id(__builtin_ctzll(waits))->config->start_after & ~ran) == 0;
	}
	return !asked;
}

static void went_off(void)
{
	if (all_off_hook != NULL && all_are_off()) {
		all_off_hook();
	}
}

/* It waited, by a command or not, and does no more: one that was not off is. */
static void waits_no_more(const struct vm *vm, bool asked)
{
	if (asked || order_firsts_have_run(vm)) {
		went_off();
	}
}

/* -- what is asked for -- */

/* What an operation does in a state. */
enum step {
	BUSY, /* refused: 0, so that a table's gaps are */
	ALREADY,
	LOAD,	/* -> LOADING */
	STOP,	/* -> STOPPING */
	FORCE,	/* STOPPING: nothing follows on it */
	GO_OFF, /* RESTARTING -> OFF */
	PAUSE,	/* -> PAUSING */
	RESUME, /* -> RUNNING */
};

static const uint8_t steps[LIFE_OP_COUNT][VM_STATE_COUNT] = {
	[LIFE_START] = {[VM_OFF] = LOAD,
			[VM_LOADING] = ALREADY,
			[VM_RUNNING] = ALREADY,
			[VM_PAUSING] = ALREADY,
			[VM_PAUSED] = ALREADY,
			[VM_RESTARTING] = LOAD},
	[LIFE_STOP] = {[VM_OFF] = ALREADY,
		       [VM_LOADING] = STOP,
		       [VM_RUNNING] = STOP,
		       [VM_PAUSING] = STOP,
		       [VM_PAUSED] = STOP,
		       [VM_RESTARTING] = GO_OFF},
	[LIFE_PAUSE] = {[VM_RUNNING] = PAUSE, [VM_PAUSING] = ALREADY, [VM_PAUSED] = ALREADY},
	[LIFE_RESUME] = {[VM_RUNNING] = ALREADY, [VM_PAUSING] = RESUME, [VM_PAUSED] = RESUME},
	[LIFE_RESTART] = {[VM_OFF] = LOAD,
			  [VM_LOADING] = STOP,
			  [VM_RUNNING] = STOP,
			  [VM_PAUSING] = STOP,
			  [VM_PAUSED] = STOP,
			  [VM_RESTARTING] = LOAD},
	[LIFE_KILL] = {[VM_OFF] = ALREADY,
		       [VM_LOADING] = STOP,
		       [VM_RUNNING] = STOP,
		       [VM_STOPPING] = FORCE,
		       [VM_PAUSING] = STOP,
		       [VM_PAUSED] = STOP,
		       [VM_RESTARTING] = GO_OFF},
};

static void resume_locked(struct vm *vm)
{
	uint64_t paused = vm->state == VM_PAUSED ? deadline_now() - vm->paused_at : 0;

	vm->paused_ticks += paused;
	if (!vm->config->time_runs) {
		vm->cntvoff += paused;
	}
	vm->state = VM_RUNNING;
}

/* The state's change; what is to be posted for it comes after the lock. */
static void take_step_locked(struct vm *vm, enum step step, enum vm_stop_reason reason)
{
	SPIN_ASSERT_HELD(&vm->lock);
	vm->start_waits = vm->start_waits && step == BUSY;
	vm->start_asked = vm->start_asked && step == BUSY;
	switch (step) {
	case LOAD:
		/* its moment has come, or a command did not wait for it */
		vm->restart_count += vm->state == VM_RESTARTING;
		vm->state = VM_LOADING;
		break;
	case STOP:
		vm->state = VM_STOPPING;
		vm->stop_reason = reason;
		vm->stop_waiting = vm->vcpu_count;
		break;
	case FORCE:
		vm->stop_reason = reason;
		break;
	case GO_OFF:
		restart_called_off(vm->config, &vm->restarts);
		vm->state = VM_OFF;
		vm->stop_reason = reason;
		break;
	case PAUSE:
		vm->state = VM_PAUSING;
		vm->pause_count++;
		vm->pause_waiting = vm->vcpu_count;
		break;
	case RESUME:
		resume_locked(vm);
		break;
	case BUSY:
	case ALREADY:
		break;
	}
}

static void post_to_all(struct vm *vm, uint32_t event)
{
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		vcpu_post(vm->vcpu[i], event);
	}
}

static void called_off(struct vm *vm)
{
	struct vm_tail tail;

	if (vm_may_log(vm, &vm->lives, &tail)) {
		log_info("%s: %s before it was to start again%s", vm->name,
			 reasons[vm->stop_reason].what, tail.text);
	}
	/* its deadline goes too */
	vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
	went_off();
}

static int after_step(struct vm *vm, enum step step)
{
	switch (step) {
	case BUSY:
		return -EBUSY;
	case ALREADY:
		return -EALREADY;
	case LOAD:
		vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
		break;
	case STOP:
		post_to_all(vm, VCPU_EVENT_STOP);
		break;
	case GO_OFF:
		called_off(vm);
		break;
	case PAUSE:
	case RESUME:
		post_to_all(vm, VCPU_EVENT_PAUSE);
		break;
	case FORCE:
		break;
	}
	return 0;
}

/* It is to start, and a disk of its is not there yet, or never will be. */
static bool put_off_locked(struct vm *vm)
{
	bool lacking = atomic_read(&vm->lacking);

	SPIN_ASSERT_HELD(&vm->lock);
	vm->start_waits = vm->start_waits || !lacking;
	vm->start_asked = vm->start_asked || !lacking;
	return lacking;
}

/* It will start, or says why it can't. */
static int put_off(struct vm *vm, bool lacking)
{
	struct vm_tail tail;

	if (!lacking) {
		/* it may be there since */
		vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
		return 0;
	}
	if (vm_may_log(vm, &vm->lives, &tail)) {
		log_warn("%s can't start: a partition that a disk of its names could not be had, "
			 "or the board's disk is lost: see the log%s",
			 vm->name, tail.text);
	}
	return -EBUSY;
}

/* A start that was to come does not, by command. */
static int call_off_start(struct vm *vm, bool asked)
{
	struct vm_tail tail;

	if (vm_may_log(vm, &vm->lives, &tail)) {
		log_info("%s: its start, which waited, is called off%s", vm->name, tail.text);
	}
	waits_no_more(vm, asked);
	return 0;
}

int life_ask(struct vm *vm, enum life_op op)
{
	enum vm_stop_reason reason = op == LIFE_RESTART ? VM_STOP_RESTART :
				     op == LIFE_KILL	? VM_STOP_KILL :
							  VM_STOP_COMMAND;
	enum step step;
	bool waited, asked, lacking;

	spin_lock(&vm->lock);
	step = (enum step)steps[op][vm->state];
	if (step == LOAD && atomic_read(&vm->unready) != 0) {
		lacking = put_off_locked(vm);
		spin_unlock(&vm->lock);
		return put_off(vm, lacking);
	}
	waited = vm->start_waits && step == ALREADY;
	asked = vm->start_asked;
	take_step_locked(vm, step, reason);
	spin_unlock(&vm->lock);
	return waited ? call_off_start(vm, asked) : after_step(vm, step);
}

int life_stop(struct vm *vm, enum vm_stop_reason reason, uint32_t life)
{
	enum step step;

	spin_lock(&vm->lock);
	step = vm_is_up(vm) && vm->life == life ? STOP : BUSY;
	take_step_locked(vm, step, reason);
	spin_unlock(&vm->lock);
	return after_step(vm, step);
}

void life_end(struct vcpu *vcpu, enum vm_stop_reason reason)
{
	/* its stop, which takes this away, may be decided and not posted yet */
	vcpu->hold |= VCPU_HOLD_ENDED;
	/* a life does not end before each of its vCPUs has acknowledged that */
	life_stop(vcpu->vm, reason, vcpu->vm->life);
}

static bool tell_crash(struct vcpu *vcpu, struct vcpu_job *job)
{
	(void)job;
	if (!crash_log_step(vcpu)) {
		return false;
	}
	vcpu->job = NULL;
	life_end(vcpu, VM_STOP_CRASH);
	return true;
}

void life_crash(struct vcpu *vcpu, const char *why)
{
	vm_note(vcpu->vm, "vcpu %u can't go on: %s", vcpu->index, why);
	/* one that crashes again and again tells it as seldom as its other ends */
	if (!vm_may_log(vcpu->vm, &vcpu->vm->lives, &vcpu->crash.tail)) {
		life_end(vcpu, VM_STOP_CRASH);
		return;
	}
	crash_begin(vcpu, why);
	vcpu->crash.job.name = "crash";
	vcpu->crash.job.loaded = true;
	vcpu->crash.job.step = tell_crash;
	vcpu->job = &vcpu->crash.job;
	/* so that its guest is not entered */
	vcpu_post(vcpu, VCPU_EVENT_JOB);
}

/* -- stopping -- */

/* As after boot: nothing of the life that ended is left in the emulated hardware. A piece of that:
 * the next device, and behind the last the interrupt controller. Devices first: the console may
 * give one reason to raise its line until it is reset, and the controller would keep that. */
static void reset_some(struct vm *vm)
{
	if (vm->reset_next < vm->vdev_count) {
		struct vdev *vdev = vm->vdev[vm->reset_next++];

		vdev->type->reset(vdev);
	} else if (vgic_reset_step(vm)) {
		vm->reset_next++;
	}
}

static void log_stop(struct vm *vm, enum vm_stop_reason reason, enum restart_answer again)
{
	const char *what = reasons[reason].what;
	struct vm_tail tail;

	if (!vm_may_log(vm, &vm->lives, &tail)) {
		return;
	}
	switch (again) {
	case RESTART_NO:
		vm_tell(vm, LOG_INFO, "%s%s", what, tail.text);
		break;
	case RESTART_NOW:
		vm_tell(vm, LOG_INFO, "%s, starts again%s", what, tail.text);
		break;
	case RESTART_LATER:
		vm_tell(vm, LOG_INFO, "%s, starts again in %u ms%s", what,
			vm->config->restart_delay_ms, tail.text);
		break;
	case RESTART_LIMIT:
		vm_tell(vm, LOG_WARN,
			"%s, and is not started again: %u times within an hour are its "
			"restart-limit%s",
			what, vm->config->restart_limit, tail.text);
		break;
	}
}

/* Where it goes from STOPPING. */
static enum restart_answer end_life_locked(struct vm *vm)
{
	uint64_t now = deadline_now(), frequency = deadline_frequency();
	enum restart_answer again =
		atomic_read(&vm->lacking) ?
			RESTART_NO :
			restart_decide(vm->config, &vm->restarts, vm->stop_reason, now, frequency);

	vm->cntvoff = 0;
	if (again == RESTART_LATER) {
		vm->restart_when = now + deadline_from_ms(vm->config->restart_delay_ms);
	}
	vm->state = again == RESTART_NOW   ? VM_LOADING :
		    again == RESTART_LATER ? VM_RESTARTING :
					     VM_OFF;
	vm->restart_count += again == RESTART_NOW;
	atomic_set_release(&vm->life, vm->life + 1);
	return again;
}

static void finish_stop(struct vm *vm)
{
	enum vm_stop_reason reason;
	enum restart_answer again;

	spin_lock(&vm->lock);
	reason = vm->stop_reason; /* a kill may have come meanwhile */
	again = end_life_locked(vm);
	spin_unlock(&vm->lock);
	log_stop(vm, reason, again);
	/* also for a deadline whose cancelling went down with the stop */
	vcpu_post(vm->vcpu[0], VCPU_EVENT_JOB);
	if (again == RESTART_NO || again == RESTART_LIMIT) {
		went_off();
	}
}

/* The board's devices may still write to its memory, which is not its next life's then, nor may be
 * cleared. */
static bool is_awaited(const struct vm *vm)
{
	struct vdev *vdev = vm->reset_next < vm->vdev_count ? vm->vdev[vm->reset_next] : NULL;

	return vdev != NULL && vdev->type->busy != NULL && vdev->type->busy(vdev);
}

static bool is_in_vain(const struct vm *vm)
{
	struct vdev *vdev = vm->vdev[vm->reset_next];

	return vdev->type->lost != NULL && vdev->type->lost(vdev);
}

/* What it waits for never comes: its memory stays what it is, and it off. The device is passed over
 * as it is. */
static void give_up(struct vm *vm)
{
	const struct vdev *vdev = vm->vdev[vm->reset_next];

	atomic_fetch_or(&vm->unready, BIT(vdev->index));
	atomic_set(&vm->lacking, true);
	log_error("%s: the disk behind its %s never ended what it had under way in its memory: it "
		  "stays off until the board is reset",
		  vm->name, vdev->config->name);
	vm->reset_next++;
}

static void ending_step(struct deadline *deadline)
{
	struct vm *vm = CONTAINER_OF(deadline, struct vm, ending);

	if (is_awaited(vm)) {
		if (is_in_vain(vm)) {
			give_up(vm);
		}
		deadline_set(deadline, deadline_now() + deadline_from_ms(1));
		return;
	}
	/* what is said of the end is a step of its own */
	if (vm->reset_next <= vm->vdev_count) {
		reset_some(vm);
	} else {
		finish_stop(vm);
		return;
	}
	deadline_set(deadline, deadline_now());
}

/* Every vCPU is off, this is the only CPU that works on the VM. It does so in steps, at once and
 * whoever's turn it is: who stops a VM need not wait for those that go before it. */
static void begin_ending(struct vm *vm)
{
	/* a CPU_ON that came between two acknowledgements is void */
	for (uint32_t i = 0; i < vm->vcpu_count; i++) {
		atomic_set_release(&vm->vcpu[i]->power, VCPU_OFF);
	}
	atomic_set(&vm->work, UINT64_C(0));
	vm->reset_next = 0;
	deadline_init(&vm->ending, NULL, ending_step);
	deadline_is_patient(&vm->ending);
	deadline_set(&vm->ending, deadline_now());
}

void life_acknowledge_stop(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool last;

	spin_lock(&vm->lock);
	last = --vm->stop_waiting == 0;
	spin_unlock(&vm->lock);
	if (last) {
		begin_ending(vm);
	}
}

/* -- pausing -- */

bool life_take_pause(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	bool held;

	spin_lock(&vm->lock);
	held = vm->state == VM_PAUSING || vm->state == VM_PAUSED;
	if (held && vcpu->pause_seen != vm->pause_count) {
		vcpu->pause_seen = vm->pause_count;
		if (--vm->pause_waiting == 0) {
			vm->paused_at = deadline_now();
			vm->state = VM_PAUSED;
		}
	}
	spin_unlock(&vm->lock);
	for (uint32_t i = 0; !held && vcpu->index == 0 && i < vm->vdev_count; i++) {
		struct vdev *vdev = vm->vdev[i];

		if (vdev->type->resume != NULL) {
			vdev->type->resume(vdev, vcpu);
		}
	}
	return held;
}

/* -- starting -- */

/* Who waits for something looks by itself. */
static void post_to_waiters(void)
{
	for (uint32_t i = 0; i < vm_count(); i++) {
		if (atomic_read(&vm_by_id(i)->start_waits)) {
			vcpu_post(vm_by_id(i)->vcpu[0], VCPU_EVENT_JOB);
		}
	}
}

/* A disk that it waits for will never be there: it stays off, of which the log has been told. */
static void wait_ends(struct vm *vm)
{
	bool waited, asked;

	spin_lock(&vm->lock);
	waited = vm->start_waits;
	asked = vm->start_asked;
	vm->start_waits = vm->start_asked = false;
	spin_unlock(&vm->lock);
	if (waited) {
		waits_no_more(vm, asked);
		post_to_waiters();
	}
}

/* at_boot: nothing has been waited for. */
static void start_if_waited(struct vm *vm, bool at_boot)
{
	bool go;

	if (!atomic_read(&vm->start_waits)) {
		return;
	}
	if (atomic_read(&vm->lacking)) {
		wait_ends(vm);
		return;
	}
	if (!atomic_read(&vm->start_asked) && !order_firsts_have_run(vm)) {
		if (!at_boot) {
			order_look_in_vain(vm);
		}
		return;
	}
	if (atomic_read(&vm->unready) != 0) {
		return;
	}
	spin_lock(&vm->lock);
	go = vm->start_waits && vm->state == VM_OFF;
	if (go) {
		vm->starts_at_boot = at_boot;
		take_step_locked(vm, LOAD, VM_STOP_NONE);
	}
	spin_unlock(&vm->lock);
	if (go) {
		after_step(vm, LOAD);
	}
}

void life_boot(void)
{
	/* each is known to be one that starts before the first of them can be off again */
	for (uint32_t i = 0; i < vm_count(); i++) {
		struct vm *vm = vm_by_id(i);

		if (!vm->config->start_manual && order_may_wait(vm)) {
			spin_lock(&vm->lock);
			vm->start_waits = true;
			spin_unlock(&vm->lock);
		}
	}
	for (uint32_t i = 0; i < vm_count(); i++) {
		start_if_waited(vm_by_id(i), true);
	}
}

static void start_first(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct vm_tail tail;

	if (vm_may_log(vm, &vm->lives, &tail)) {
		log_info("%s starts, %llu us after the counter did%s", vm->name,
			 (unsigned long long)deadline_to_us(deadline_now()), tail.text);
	}
	vcpu->start_pc = vm->load.entry;
	vcpu->start_context = vm->load.dtb;
	vcpu->start_life = vm->life;
	atomic_set_release(&vcpu->power, VCPU_ON_PENDING);
	vcpu_post(vcpu, VCPU_EVENT_START);
	post_to_waiters();
}

/* The load is over: it runs, or an image was not what it should be. */
static bool end_load(struct vcpu *vcpu, bool good)
{
	struct vm *vm = vcpu->vm;
	bool go;

	vcpu->job = NULL;
	spin_lock(&vm->lock);
	go = vm->state == VM_LOADING;
	if (go) {
		vm->state = good ? VM_RUNNING : VM_OFF;
		vm->has_run = vm->has_run || good;
	}
	if (go && !good) {
		vm->stop_reason = VM_STOP_IMAGE;
	}
	spin_unlock(&vm->lock);
	if (go && good) {
		start_first(vcpu);
	} else if (go) {
		went_off();
		post_to_waiters();
	}
	return true;
}

/* A step of its own: it is told of. */
static bool start_loaded(struct vcpu *vcpu, struct vcpu_job *job)
{
	(void)job;
	return end_load(vcpu, true);
}

static bool run_load(struct vcpu *vcpu, struct vcpu_job *job)
{
	enum load_result result = load_step(vcpu->vm);

	if (result == LOAD_DONE) {
		job->step = start_loaded;
	}
	return result == LOAD_BAD && end_load(vcpu, false);
}

/* The moment of a restart, or of one that was called off. */
static void restart_fired(struct deadline *deadline)
{
	struct vm *vm = CONTAINER_OF(deadline, struct vm, restart);
	bool go;

	spin_lock(&vm->lock);
	go = vm->state == VM_RESTARTING && deadline_now() >= vm->restart_when;
	if (go) {
		take_step_locked(vm, LOAD, VM_STOP_NONE);
	}
	spin_unlock(&vm->lock);
	if (go) {
		after_step(vm, LOAD);
	}
}

void life_take_job(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	enum vm_state state;
	uint64_t when;
	bool just_checked;

	if (vcpu->index != 0) {
		return;
	}
	spin_lock(&vm->lock);
	state = vm->state;
	when = vm->restart_when;
	just_checked = vm->starts_at_boot && vm->life == 0;
	spin_unlock(&vm->lock);
	if (vm->restart.fire == NULL) {
		deadline_init(&vm->restart, vcpu, restart_fired);
	}
	if (state == VM_RESTARTING) {
		deadline_set(&vm->restart, when);
		return;
	}
	deadline_cancel(&vm->restart);
	if (state == VM_OFF) {
		start_if_waited(vm, false);
	}
	/* what is being loaded goes on: the event of who began it may come late */
	if (state == VM_LOADING && vcpu->job == NULL) {
		load_begin(vm, just_checked);
		vm->load.job.name = "load";
		vm->load.job.step = run_load;
		vcpu->job = &vm->load.job;
	}
}

const char *life_state_name(const struct vm *vm)
{
	switch (atomic_read(&vm->state)) {
	case VM_LOADING:
		return "loading";
	case VM_RUNNING:
		return "running";
	case VM_STOPPING:
		return "stopping";
	case VM_PAUSING:
		return "pausing";
	case VM_PAUSED:
		return "paused";
	case VM_RESTARTING:
		return "restarting";
	case VM_OFF:
		break;
	}
	return atomic_read(&vm->start_waits) ? "off (waits)" : reasons[vm->stop_reason].name;
}
