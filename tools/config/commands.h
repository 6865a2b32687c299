/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of bulkhead-config. Each returns the program's exit status. */
#ifndef TOOLS_CONFIG_COMMANDS_H
#define TOOLS_CONFIG_COMMANDS_H

#include "tools/config/validate.h"

int command_check(const char *file, const struct validate_options *options);
int command_bundle(const char *input, const char *output, const struct validate_options *options);
int command_show(const char *file);
int command_doc(void);

#endif
