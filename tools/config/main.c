/* SPDX-License-Identifier: Apache-2.0 */
/* bulkhead-config: checks configs, makes bundles of them, shows bundles, prints the binding's
 * document. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/config/commands.h"

static const char help[] =
	"Usage: bulkhead-config COMMAND ...\n"
	"\n"
	"  check FILE.dtb [--board BOARD.dtb]   validates a config with the hypervisor's own "
	"validator\n"
	"  bundle FILE.dtb OUT.bundle [--source CONFIG.dts]\n"
	"                                       the same, then writes the bundle: kernels "
	"unpacked, hashes added\n"
	"  show FILE.bundle                     what a bundle holds\n"
	"  doc                                  prints vm-configs/README.md\n"
	"\n"
	"Options of check:\n"
	"  --board BOARD.dtb       the board's device tree; without it the checks that need one "
	"are left out\n"
	"  --hypervisor BASE+SIZE  board memory that the hypervisor will hold, e.g. "
	"0x40200000+0x200000\n"
	"  --bundle BASE+SIZE      board memory that the bundle will hold\n"
	"  --source CONFIG.dts     what FILE.dtb was made from, for sentences to name\n"
	"  --lines FILE            of tools/dtsdeps.py --lines: in which line of it\n"
	"\n"
	"dtc makes FILE.dtb of a config: dtc -Wno-interrupts_property -O dtb -o FILE.dtb FILE.dts\n"
	"Errors are sentences on stderr, all at once; the exit status is then 1.\n";

static bool parse_range(const char *text, struct prange *out)
{
	char *end;

	errno = 0;
	out->base = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '+') {
		return false;
	}
	text = end + 1;
	out->size = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == '\0' && out->size != 0 &&
	       out->base + out->size > out->base;
}

static int usage(const char *what)
{
	report_error("%s; see bulkhead-config --help", what);
	return 1;
}

/* One option and its value. */
static bool parse_option(struct validate_options *options, const char *name, const char *value)
{
	if (strcmp(name, "--board") == 0) {
		options->board_file = value;
		return true;
	}
	if (strcmp(name, "--source") == 0) {
		options->source_file = value;
		return true;
	}
	if (strcmp(name, "--lines") == 0) {
		options->lines_file = value;
		return true;
	}
	if (strcmp(name, "--hypervisor") == 0) {
		return parse_range(value, &options->hypervisor);
	}
	return strcmp(name, "--bundle") == 0 && parse_range(value, &options->bundle);
}

/* Options, and exactly `file_count` names of files; false when the words are others. */
static bool parse_words(int argc, char **argv, struct validate_options *options, const char **file,
			int file_count)
{
	int found = 0;

	for (int i = 0; i < argc; i++) {
		if (argv[i][0] != '-') {
			if (found == file_count) {
				return false;
			}
			file[found++] = argv[i];
		} else if (i + 1 == argc || !parse_option(options, argv[i], argv[i + 1])) {
			return false;
		} else {
			i++;
		}
	}
	return found == file_count;
}

static int run_check(int argc, char **argv)
{
	struct validate_options options = {0};
	const char *file;

	if (!parse_words(argc, argv, &options, &file, 1)) {
		return usage("check takes one FILE.dtb and options with their values; one of these "
			     "is missing, unknown or malformed");
	}
	return command_check(file, &options);
}

static int run_bundle(int argc, char **argv)
{
	struct validate_options options = {0};
	const char *files[2];

	if (!parse_words(argc, argv, &options, files, 2) || options.board_file != NULL ||
	    options.hypervisor.size != 0 || options.bundle.size != 0) {
		return usage(
			"bundle takes FILE.dtb, OUT.bundle, --source CONFIG.dts and --lines FILE");
	}
	return command_bundle(files[0], files[1], &options);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (strcmp(command, "check") == 0) {
		return run_check(argc - 2, argv + 2);
	}
	if (strcmp(command, "bundle") == 0) {
		return run_bundle(argc - 2, argv + 2);
	}
	if (strcmp(command, "show") == 0) {
		return argc == 3 ? command_show(argv[2]) : usage("show takes FILE.bundle");
	}
	if (strcmp(command, "doc") == 0 && argc == 2) {
		return command_doc();
	}
	return usage(argc > 1 ? "there is no such command" : "a command is missing");
}
