/* SPDX-License-Identifier: MIT */
#ifndef MEMINFO_EXPLAIN_BOOT_LOG_H
#define MEMINFO_EXPLAIN_BOOT_LOG_H

#include "meminfo_explain/parse/kmsg.h"

/* Reads the kernel log of this machine, what it has of the boot. It may be closed to us
 * (kernel.dmesg_restrict, a sandbox): then all of *out is denied. 0 or -ENOMEM. */
int boot_log_read(struct boot *out);

#endif
