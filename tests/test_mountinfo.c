/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/mountinfo.h"

#include "suite.h"

#define PROC "812 790 0:77 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n"
#define LXCFS(point)                                                                     \
  "833 812 0:52 " point " " point " rw,nosuid - fuse.lxcfs fuse.lxcfs rw\n"

static const struct {
  const char *text, *prefix;
  uint64_t want;
} cases[] = {
    {"", "", 0},
    {PROC, "", 0},
    {PROC LXCFS("/proc/meminfo"), "", 1},
    {PROC LXCFS("/proc/cpuinfo") LXCFS("/proc/meminfo") LXCFS("/proc/swaps"), "", 1},
    {LXCFS("/proc/meminfo") LXCFS("/proc/meminfo"), "", 2}, /* one over the other */
    {LXCFS("/proc"), "", 1},
    {PROC LXCFS("/proc/cpuinfo"), "", 0},
    {LXCFS("/var/lib/lxcfs"), "", 0}, /* where the host mounts it */
    {LXCFS("/proc/meminfo2"), "", 0},
    {LXCFS("/host/proc/meminfo"), "", 0},
    /* below the root of the plugin */
    {LXCFS("/host/proc/meminfo"), "/host", 1},
    {LXCFS("/host/proc"), "/host", 1},
    {LXCFS("/proc/meminfo"), "/host", 0},
    {LXCFS("/hostproc/meminfo"), "/host", 0},
    {LXCFS("/misc/proc/meminfo"), "/host", 0},
    /* optional fields: none, one, several */
    {"1 2 0:5 / /proc/meminfo rw shared:7 - fuse.lxcfs lxcfs rw\n", "", 1},
    {"1 2 0:5 / /proc/meminfo rw shared:7 master:1 unbindable - fuse.lxcfs x rw\n", "",
     1},
    /* the type is the word after the dash and no other */
    {"1 2 0:5 / /proc/meminfo rw - tmpfs fuse.lxcfs rw\n", "", 0},
    {"1 2 0:5 /fuse.lxcfs /proc/meminfo rw - proc proc rw\n", "", 0},
    {"1 2 0:5 / /proc/meminfo rw - fuse.lxcfs2 lxcfs rw\n", "", 0},
    {"1 2 0:5 / /proc/meminfo rw - fuse lxcfs rw\n", "", 0},
    /* no mountinfo */
    {"fuse.lxcfs\n", "", 0},
    {"- fuse.lxcfs /proc/meminfo\n", "", 0},
    {"1 2 0:5 / /proc/meminfo rw fuse.lxcfs lxcfs rw\n", "", 0},
    {"\n\n", "", 0},
    {"1 2 0:5 / /proc/meminfo rw -", "", 0},
};

START_TEST(lxcfs_over_our_meminfo_is_counted)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    uint64_t got = mountinfo_count_lxcfs(scan_string(cases[i].text), cases[i].prefix);
    ck_assert_msg(got == cases[i].want, "%s: %llu", cases[i].text,
                  (unsigned long long)got);
  }
}
END_TEST

SUITE_MAIN("mountinfo", lxcfs_over_our_meminfo_is_counted)
