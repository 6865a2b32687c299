#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Writes the version header when the version has changed: git describe, or the file VERSION.
set -eu

if [ "${1:-}" = --help ] || [ $# -ne 1 ]; then
	echo "usage: tools/version.sh OUTPUT.h"
	exit $(($# != 1))
fi
version=
# An outer repository that merely contains this folder says nothing about it.
if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
	version=$(git describe --always --dirty --tags 2>/dev/null) || version=
fi
if [ -z "$version" ]; then
	version=$(head -n 1 VERSION 2>/dev/null) || version=
fi
text="/* SPDX-License-Identifier: Apache-2.0 */
#define BULKHEAD_VERSION \"${version:-unknown}\""
if [ "$(cat "$1" 2>/dev/null)" != "$text" ]; then
	printf '%s\n' "$text" > "$1"
fi
