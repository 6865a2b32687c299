#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Compiles a config with stock dtc. A warning is an error: the binding is written to have none.
set -eu

if [ "${1:-}" = --help ] || [ $# -ne 3 ]; then
	echo "usage: tools/dtc.sh DTC CONFIG.dts OUTPUT.dtb"
	[ "${1:-}" = --help ]
	exit
fi
# dtc would name the file that is missing, and neither the node nor what to do.
if ! "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/dtsdeps.py" --missing "$2"; then
	rm -f "$3"
	exit 1
fi
# Interrupts without a parent in guest { } go to the VM's own GIC, which dtc can't know.
if ! said=$("$1" -I dts -O dtb -Wno-interrupts_property -o "$3" "$2" 2>&1) || [ -n "$said" ]; then
	printf '%s\n' "$said" >&2
	rm -f "$3"
	exit 1
fi
