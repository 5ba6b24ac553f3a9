/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "collect/page_pool.h"

#include "collect/consumer_function.h"
#include "meminfo_explain/base/clock.h"
#include "suite.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NETDEV 0x1f /* the number of the family in these tests */

/* include/uapi/linux/netdev.h */
enum { PAGE_POOL_GET = 5 };
enum { ID = 1, IFINDEX, NAPI_ID, INFLIGHT, INFLIGHT_MEM, DETACH_TIME, DMABUF, IO_URING };

/* The attributes of one pool. */
static _Alignas(struct nlmsghdr) char buffer[4096];
static struct nlmsghdr *pool;

static void begin_pool(void)
{
  memset(buffer, 0, sizeof(buffer));
  pool = mnl_nlmsg_put_header(buffer);
}

static uint64_t bytes;

/* Parses the first `length` bytes of the pool, from a sum of 0. */
static int parse_first(size_t length)
{
  bytes = 0;
  return page_pool_parse(mnl_nlmsg_get_payload(pool), length, &bytes);
}

static int parse(void)
{
  return parse_first(mnl_nlmsg_get_payload_len(pool));
}

#define ck_assert_refused()                                                              \
  do {                                                                                   \
    ck_assert_int_eq(parse(), -EBADMSG);                                                 \
    ck_assert_uint_eq(bytes, 0);                                                         \
  } while (0)

/* As net/core/page_pool_user.c: page_pool_nl_fill sends it. */
static void put_pool(uint32_t inflight_mem)
{
  mnl_attr_put_u32(pool, ID, 7);
  mnl_attr_put_u32(pool, IFINDEX, 2);
  mnl_attr_put_u32(pool, NAPI_ID, 8193);
  mnl_attr_put_u32(pool, INFLIGHT, inflight_mem / 4096);
  mnl_attr_put_u32(pool, INFLIGHT_MEM, inflight_mem);
}

START_TEST(inflight_mem_of_four_bytes_is_read)
{
  begin_pool();
  put_pool(UINT32_MAX);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, UINT32_MAX);
}
END_TEST

START_TEST(inflight_mem_of_eight_bytes_is_read)
{
  begin_pool();
  mnl_attr_put_u64(pool, INFLIGHT, 3);
  mnl_attr_put_u64(pool, INFLIGHT_MEM, (uint64_t)5 << 32);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, (uint64_t)5 << 32);
}
END_TEST

START_TEST(pools_are_added_up)
{
  begin_pool();
  put_pool(8192);
  ck_assert_int_eq(parse(), 0);
  ck_assert_int_eq(page_pool_parse(mnl_nlmsg_get_payload(pool),
                                   mnl_nlmsg_get_payload_len(pool), &bytes),
                   0);
  ck_assert_uint_eq(bytes, 16384);
}
END_TEST

START_TEST(empty_pool_is_zero_bytes)
{
  begin_pool();
  put_pool(0);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(detached_pool_is_counted)
{
  begin_pool();
  mnl_attr_put_u32(pool, ID, 7); /* the device is gone: no ifindex */
  mnl_attr_put_u32(pool, INFLIGHT_MEM, 4096);
  mnl_attr_put_u32(pool, DETACH_TIME, 1234);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 4096);
}
END_TEST

START_TEST(pool_of_a_dma_buf_is_not_counted)
{
  begin_pool();
  put_pool(4096);
  mnl_attr_put_u32(pool, DMABUF, 3);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 0);
  begin_pool(); /* in any order */
  mnl_attr_put_u32(pool, DMABUF, 3);
  put_pool(4096);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(pool_of_io_uring_is_not_counted)
{
  begin_pool();
  put_pool(4096);
  struct nlattr *nest = mnl_attr_nest_start(pool, IO_URING);
  mnl_attr_nest_end(pool, nest); /* io_uring/zcrx.c: io_pp_nl_fill: an empty one */
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(attributes_of_a_nest_are_ignored)
{
  begin_pool();
  put_pool(4096);
  struct nlattr *outer = mnl_attr_nest_start(pool, 99);
  mnl_attr_put_u32(pool, INFLIGHT_MEM, 1 << 20);
  struct nlattr *inner = mnl_attr_nest_start(pool, 98);
  mnl_attr_put_u32(pool, DMABUF, 1);
  mnl_attr_nest_end(pool, inner);
  mnl_attr_nest_end(pool, outer);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 4096);
}
END_TEST

START_TEST(nest_that_reaches_beyond_the_message_is_refused)
{
  begin_pool();
  put_pool(4096);
  struct nlattr *nest = mnl_attr_nest_start(pool, 99);
  mnl_attr_put_u32(pool, IFINDEX, 1);
  mnl_attr_nest_end(pool, nest);
  nest->nla_len = (uint16_t)(nest->nla_len + 4);
  ck_assert_refused();
  nest->nla_len = UINT16_MAX;
  ck_assert_refused();
}
END_TEST

START_TEST(unknown_attributes_are_ignored)
{
  begin_pool();
  mnl_attr_put_u8(pool, 0, 1);
  mnl_attr_put_str(pool, 100, "new");
  put_pool(4096);
  mnl_attr_put(pool, 0x3fff, 0, NULL);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, 4096);
}
END_TEST

START_TEST(answer_without_inflight_mem_is_refused)
{
  begin_pool();
  ck_assert_refused(); /* no attribute at all */
  mnl_attr_put_u32(pool, ID, 7);
  mnl_attr_put_u32(pool, INFLIGHT, 3);
  ck_assert_refused();
}
END_TEST

START_TEST(inflight_mem_of_a_wrong_size_is_refused)
{
  static const char payload[32];
  static const size_t sizes[] = {0, 1, 2, 3, 5, 6, 7, 9, 12, 16, 32};
  for (size_t i = 0; i < LENGTH(sizes); i++) {
    begin_pool();
    mnl_attr_put(pool, INFLIGHT_MEM, sizes[i], payload);
    ck_assert_refused();
  }
}
END_TEST

START_TEST(inflight_mem_with_flags_is_refused)
{
  static const uint16_t flags[] = {NLA_F_NESTED, NLA_F_NET_BYTEORDER};
  for (size_t i = 0; i < LENGTH(flags); i++) {
    begin_pool();
    mnl_attr_put_u32(pool, (uint16_t)(INFLIGHT_MEM | flags[i]), 4096);
    ck_assert_refused();
  }
}
END_TEST

START_TEST(inflight_mem_twice_is_refused)
{
  begin_pool();
  put_pool(4096);
  mnl_attr_put_u32(pool, INFLIGHT_MEM, 4096);
  ck_assert_refused();
}
END_TEST

START_TEST(sum_above_int64_max_is_refused)
{
  begin_pool();
  mnl_attr_put_u64(pool, INFLIGHT_MEM, (uint64_t)INT64_MAX + 1);
  ck_assert_refused();
  begin_pool();
  mnl_attr_put_u64(pool, INFLIGHT_MEM, INT64_MAX);
  ck_assert_int_eq(parse(), 0);
  ck_assert_uint_eq(bytes, INT64_MAX);
  begin_pool();
  mnl_attr_put_u32(pool, INFLIGHT_MEM, 1);
  ck_assert_int_eq(page_pool_parse(mnl_nlmsg_get_payload(pool),
                                   mnl_nlmsg_get_payload_len(pool), &bytes),
                   -EBADMSG);
  ck_assert_uint_eq(bytes, INT64_MAX);
}
END_TEST

START_TEST(truncated_answer_is_refused)
{
  begin_pool();
  put_pool(4096);
  size_t whole = mnl_nlmsg_get_payload_len(pool);
  for (size_t length = 0; length < whole; length++) {
    ck_assert_int_eq(parse_first(length), -EBADMSG);
    ck_assert_uint_eq(bytes, 0);
  }
  ck_assert_int_eq(parse_first(whole), 0);
}
END_TEST

START_TEST(last_attribute_may_come_without_its_padding)
{
  begin_pool();
  put_pool(4096);
  mnl_attr_put_u8(pool, 100, 1);
  ck_assert_int_eq(parse_first(mnl_nlmsg_get_payload_len(pool) - 3), 0);
  ck_assert_uint_eq(bytes, 4096);
}
END_TEST

START_TEST(attribute_shorter_than_its_header_is_refused)
{
  for (uint16_t length = 0; length < sizeof(struct nlattr); length++) {
    begin_pool();
    put_pool(4096);
    struct nlattr *last = mnl_nlmsg_get_payload_tail(pool);
    mnl_attr_put_u32(pool, IFINDEX, 1);
    last->nla_len = length;
    ck_assert_refused();
  }
}
END_TEST

/* The kernel's side: it sends prepared datagrams, and then nothing. */
static struct {
  bool real; /* use this machine's kernel instead */
  struct {
    _Alignas(struct nlmsghdr) char at[2048];
    size_t size;
    int error;                          /* of recvfrom, instead */
    unsigned other_request, other_port; /* 1: to another one */
  } datagrams[8];
  unsigned count, next;
  bool endless; /* repeat the last datagram */
  useconds_t delay;
  struct {
    struct nlmsghdr header;
    struct genlmsghdr generic;
  } requests[8];
  unsigned requests_count;
} kernel;

struct mnl_socket *__real_mnl_socket_open2(int, int);
struct mnl_socket *__wrap_mnl_socket_open2(int, int);
ssize_t __real_mnl_socket_sendto(const struct mnl_socket *, const void *, size_t);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *, const void *, size_t);
ssize_t __real_mnl_socket_recvfrom(const struct mnl_socket *, void *, size_t);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *, void *, size_t);

/* Where there is no generic netlink (qemu-user), any other socket does for these tests,
 * since nothing is sent over it. */
struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
  struct mnl_socket *socket = __real_mnl_socket_open2(bus, flags);
  if (socket == NULL && errno == EPROTONOSUPPORT && !kernel.real)
    socket = __real_mnl_socket_open2(NETLINK_ROUTE, flags);
  return socket;
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket, const void *request,
                                 size_t size)
{
  if (kernel.real)
    return __real_mnl_socket_sendto(socket, request, size);
  ck_assert_uint_eq(size, sizeof(kernel.requests[0]));
  ck_assert_uint_lt(kernel.requests_count, LENGTH(kernel.requests));
  memcpy(&kernel.requests[kernel.requests_count++], request, size);
  return (ssize_t)size;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *socket, void *out,
                                   size_t size)
{
  if (kernel.real)
    return __real_mnl_socket_recvfrom(socket, out, size);
  usleep(kernel.delay);
  bool again = kernel.next == kernel.count && kernel.endless;
  if (kernel.next == kernel.count && !again) {
    errno = EAGAIN;
    return -1;
  }
  unsigned at = again ? kernel.next - 1 : kernel.next++;
  errno = kernel.datagrams[at].error;
  if (errno != 0)
    return -1;
  int left = (int)kernel.datagrams[at].size;
  ck_assert_uint_le((size_t)left, size);
  memcpy(out, kernel.datagrams[at].at, (size_t)left);
  for (struct nlmsghdr *message = out; mnl_nlmsg_ok(message, left);
       message = mnl_nlmsg_next(message, &left)) {
    message->nlmsg_seq = kernel.requests[kernel.requests_count - 1].header.nlmsg_seq +
                         kernel.datagrams[at].other_request;
    message->nlmsg_pid = mnl_socket_get_portid(socket) + kernel.datagrams[at].other_port;
  }
  return (ssize_t)kernel.datagrams[at].size;
}

/* Adds a datagram of one message. */
static struct nlmsghdr *answer(uint16_t type, uint8_t command)
{
  struct nlmsghdr *message = mnl_nlmsg_put_header(kernel.datagrams[kernel.count++].at);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_MULTI;
  if (type >= NLMSG_MIN_TYPE) {
    struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
    *generic = (struct genlmsghdr){.cmd = command, .version = 1};
  }
  return message;
}

/* The last datagram has the size of its message. */
static void answered(const struct nlmsghdr *message)
{
  kernel.datagrams[kernel.count - 1].size = message->nlmsg_len;
}

static void answer_error(int error)
{
  kernel.datagrams[kernel.count++].error = error;
}

static void answer_family(const char *name, uint16_t number)
{
  struct nlmsghdr *message = answer(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
  mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, name);
  mnl_attr_put_u16(message, CTRL_ATTR_FAMILY_ID, number);
  answered(message);
}

static struct nlmsghdr *answer_pool(uint32_t inflight_mem)
{
  struct nlmsghdr *message = answer(NETDEV, PAGE_POOL_GET);
  mnl_attr_put_u32(message, INFLIGHT_MEM, inflight_mem);
  answered(message);
  return message;
}

/* NLMSG_DONE or NLMSG_ERROR. */
static void answer_end(uint16_t type, int error)
{
  struct nlmsghdr *message = answer(type, 0);
  struct nlmsgerr *end = mnl_nlmsg_put_extra_header(message, sizeof(*end));
  end->error = error;
  answered(message);
}

/* A new kernel, which has listed its families. */
static void begin_kernel(void)
{
  memset(&kernel, 0, sizeof(kernel));
  answer_family("netdev", NETDEV);
  answer_end(NLMSG_DONE, 0);
}

/* From a sum that is not to be touched on failure. */
static int inflight(void)
{
  bytes = 77;
  return page_pool_read(4096, &bytes);
}

#define ck_assert_fails(error)                                                           \
  do {                                                                                   \
    ck_assert_int_eq(inflight(), error);                                                 \
    ck_assert_uint_eq(bytes, 77);                                                        \
  } while (0)

START_TEST(all_pools_of_all_datagrams_are_added_up)
{
  begin_kernel();
  answer_pool(4096);
  answer_pool(8192);
  answer_end(NLMSG_DONE, 0);
  ck_assert_int_eq(inflight(), 0);
  ck_assert_uint_eq(bytes, 12288);
}
END_TEST

START_TEST(no_pool_is_zero_bytes)
{
  begin_kernel();
  answer_end(NLMSG_DONE, 0);
  ck_assert_int_eq(inflight(), 0);
  ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(several_messages_in_one_datagram_are_read)
{
  begin_kernel();
  struct nlmsghdr *first = answer_pool(4096);
  struct nlmsghdr *second = mnl_nlmsg_get_payload_tail(first);
  memcpy(second, first, first->nlmsg_len);
  struct nlmsghdr *done = mnl_nlmsg_put_header(mnl_nlmsg_get_payload_tail(second));
  done->nlmsg_type = NLMSG_DONE;
  memset(mnl_nlmsg_put_extra_header(done, sizeof(int)), 0, sizeof(int));
  kernel.datagrams[kernel.count - 1].size =
      first->nlmsg_len + second->nlmsg_len + done->nlmsg_len;
  ck_assert_int_eq(inflight(), 0);
  ck_assert_uint_eq(bytes, 8192);
}
END_TEST

START_TEST(requests_are_the_two_dumps)
{
  begin_kernel();
  answer_end(NLMSG_DONE, 0);
  ck_assert_int_eq(inflight(), 0);
  static const struct {
    uint16_t type;
    uint8_t command;
  } want[] = {{GENL_ID_CTRL, CTRL_CMD_GETFAMILY}, {NETDEV, PAGE_POOL_GET}};
  ck_assert_uint_eq(kernel.requests_count, LENGTH(want));
  for (size_t i = 0; i < LENGTH(want); i++) {
    ck_assert_uint_eq(kernel.requests[i].header.nlmsg_len, sizeof(kernel.requests[i]));
    ck_assert_uint_eq(kernel.requests[i].header.nlmsg_type, want[i].type);
    ck_assert_uint_eq(kernel.requests[i].header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
    ck_assert_uint_eq(kernel.requests[i].generic.cmd, want[i].command);
  }
}
END_TEST

START_TEST(kernel_without_the_family_is_enoent)
{
  memset(&kernel, 0, sizeof(kernel));
  static const char *const names[] = {"nlctrl", "netde", "netdev2", "NETDEV", ""};
  for (size_t i = 0; i < LENGTH(names); i++)
    answer_family(names[i], NETDEV);
  answer_end(NLMSG_DONE, 0);
  ck_assert_fails(-ENOENT);
  ck_assert_uint_eq(kernel.requests_count, 1);
}
END_TEST

START_TEST(errors_of_the_kernel_are_mapped)
{
  static const struct {
    int kernel, want;
  } rows[] = {
      {-EOPNOTSUPP, -ENOENT}, {-ENOENT, -ENOENT},    {-EPERM, -EPERM},
      {-EACCES, -EACCES},     {-ENOMEM, -ENOMEM},    {0, -EBADMSG},
      {1, -EBADMSG},          {INT32_MIN, -EBADMSG}, {-4096, -EBADMSG},
  };
  for (size_t i = 0; i < LENGTH(rows); i++) {
    begin_kernel();
    answer_end(NLMSG_ERROR, rows[i].kernel);
    ck_assert_fails(rows[i].want);
  }
}
END_TEST

START_TEST(dump_that_ends_with_an_error_is_refused)
{
  begin_kernel();
  answer_pool(4096);
  answer_end(NLMSG_DONE, -ENOMEM);
  ck_assert_fails(-ENOMEM);
}
END_TEST

START_TEST(end_without_its_errno_is_refused)
{
  static const uint16_t types[] = {NLMSG_DONE, NLMSG_ERROR};
  for (size_t i = 0; i < LENGTH(types); i++) {
    begin_kernel();
    answer_pool(4096);
    answered(answer(types[i], 0));
    ck_assert_fails(-EBADMSG);
  }
}
END_TEST

START_TEST(silence_is_a_timeout)
{
  memset(&kernel, 0, sizeof(kernel));
  ck_assert_fails(-ETIMEDOUT);
  begin_kernel();
  ck_assert_fails(-ETIMEDOUT);
  begin_kernel();
  answer_pool(4096); /* without an end */
  ck_assert_fails(-ETIMEDOUT);
}
END_TEST

START_TEST(slow_endless_list_times_out)
{
  begin_kernel();
  answer_pool(4096);
  kernel.endless = true;
  kernel.delay = 20000;
  double begun = clock_seconds(CLOCK_MONOTONIC);
  ck_assert_fails(-ETIMEDOUT);
  ck_assert(clock_seconds(CLOCK_MONOTONIC) - begun < 2);
}
END_TEST

START_TEST(fast_endless_list_is_given_up)
{
  begin_kernel();
  kernel.datagrams[kernel.count++].size = 0; /* empty, so that each takes no time */
  kernel.endless = true;
  ck_assert_fails(-EMSGSIZE);
}
END_TEST

START_TEST(signal_does_not_end_a_dump)
{
  begin_kernel();
  answer_pool(4096);
  answer_error(EINTR);
  answer_pool(4096);
  answer_end(NLMSG_DONE, 0);
  ck_assert_int_eq(inflight(), 0);
  ck_assert_uint_eq(bytes, 8192);
}
END_TEST

START_TEST(error_of_the_socket_is_returned)
{
  begin_kernel();
  answer_error(ENOBUFS);
  ck_assert_fails(-ENOBUFS);
  begin_kernel();
  answer_error(ENOSPC); /* libmnl: the datagram was cut */
  ck_assert_fails(-EMSGSIZE);
}
END_TEST

START_TEST(interrupted_dump_is_repeated_once)
{
  begin_kernel();
  answer_pool(1 << 20)->nlmsg_flags |= NLM_F_DUMP_INTR;
  answer_family("netdev", NETDEV);
  answer_end(NLMSG_DONE, 0);
  answer_pool(4096);
  answer_end(NLMSG_DONE, 0);
  ck_assert_int_eq(inflight(), 0);
  ck_assert_uint_eq(bytes, 4096);
}
END_TEST

START_TEST(dump_interrupted_twice_is_eagain)
{
  begin_kernel();
  answer_pool(4096)->nlmsg_flags |= NLM_F_DUMP_INTR;
  answer_family("netdev", NETDEV);
  answer_end(NLMSG_DONE, 0);
  answer_pool(4096)->nlmsg_flags |= NLM_F_DUMP_INTR;
  ck_assert_fails(-EAGAIN);
  ck_assert_uint_eq(kernel.requests_count, 4);
}
END_TEST

START_TEST(answer_to_another_port_is_refused)
{
  begin_kernel();
  answer_pool(4096);
  kernel.datagrams[kernel.count - 1].other_request = 1;
  ck_assert_fails(-EBADMSG);
  begin_kernel();
  answer_pool(4096);
  kernel.datagrams[kernel.count - 1].other_port = 1;
  ck_assert_fails(-EBADMSG);
}
END_TEST

START_TEST(answer_to_another_request_is_refused)
{
  begin_kernel();
  answer_family("netdev", NETDEV);
  ck_assert_fails(-EBADMSG);
  static const struct {
    uint16_t type;
    uint8_t command;
  } others[] = {{NETDEV + 1, PAGE_POOL_GET}, {NETDEV, PAGE_POOL_GET + 1}};
  for (size_t i = 0; i < LENGTH(others); i++) {
    begin_kernel();
    struct nlmsghdr *other = answer(others[i].type, others[i].command);
    mnl_attr_put_u32(other, INFLIGHT_MEM, 4096);
    answered(other);
    answer_end(NLMSG_DONE, 0);
    ck_assert_fails(-EBADMSG);
  }
  begin_kernel();
  struct nlmsghdr *message = answer(NETDEV, PAGE_POOL_GET);
  message->nlmsg_len = sizeof(*message) + 2; /* within the generic header */
  answered(message);
  ck_assert_fails(-EBADMSG);
}
END_TEST

START_TEST(a_bad_pool_is_an_error)
{
  begin_kernel();
  answer_pool(4096);
  answered(answer(NETDEV, PAGE_POOL_GET)); /* without attributes */
  answer_end(NLMSG_DONE, 0);
  ck_assert_fails(-EBADMSG);
}
END_TEST

START_TEST(family_with_a_reserved_number_is_refused)
{
  static const uint16_t numbers[] = {0, NLMSG_ERROR, GENL_MIN_ID - 1};
  for (size_t i = 0; i < LENGTH(numbers); i++) {
    memset(&kernel, 0, sizeof(kernel));
    answer_family("netdev", numbers[i]);
    answer_end(NLMSG_DONE, 0);
    ck_assert_fails(-EBADMSG);
  }
}
END_TEST

START_TEST(truncated_family_is_refused)
{
  memset(&kernel, 0, sizeof(kernel));
  answer_family("netdev", NETDEV);
  struct nlmsghdr *message = (void *)kernel.datagrams[0].at;
  struct nlattr *name = mnl_nlmsg_get_payload_offset(message, sizeof(struct genlmsghdr));
  name->nla_len = 1000;
  answer_end(NLMSG_DONE, 0);
  ck_assert_fails(-EBADMSG);
}
END_TEST

START_TEST(this_kernel_answers_or_fails_with_a_documented_errno)
{
  static const int documented[] = {0,       -ENOENT,       -EPERM,    -EACCES,
                                   -EAGAIN, -EAFNOSUPPORT, -ETIMEDOUT};
  memset(&kernel, 0, sizeof(kernel));
  kernel.real = true;
  double begun = clock_seconds(CLOCK_MONOTONIC);
  int error = inflight();
  ck_assert(clock_seconds(CLOCK_MONOTONIC) - begun <
            5); /* seconds, for a machine under load */
  bool known = false;
  for (size_t i = 0; i < LENGTH(documented); i++)
    known |= error == documented[i];
  ck_assert_msg(known, "%s", strerror(-error));
  if (error != 0)
    ck_assert_uint_eq(bytes, 77);
}
END_TEST

START_TEST(no_descriptor_leaks)
{
  int before = dup(0);
  close(before);
  for (int i = 0; i < 10; i++) {
    begin_kernel();
    answer_end(i % 2 ? NLMSG_ERROR : NLMSG_DONE, i % 2 ? -EPERM : 0);
    ck_assert_int_eq(inflight(), i % 2 ? -EPERM : 0);
  }
  int after = dup(0);
  close(after);
  ck_assert_int_eq(after, before);
}
END_TEST

/* On i386 the C library opens sockets with this call. */
#ifndef SYS_socketcall
#define SYS_socketcall SYS_socket
#endif

/* A service that may not open sockets of this family. */
START_TEST(forbidden_netlink_is_denied)
{
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketcall, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {.len = LENGTH(filter), .filter = filter};
  if (getenv("CK_FORK") != NULL || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    fprintf(stderr, "skipped: no filter of system calls\n");
  else
    ck_assert_int_eq(page_pool_read(4096, &bytes), -EACCES);
}
END_TEST

SUITE_MAIN("page_pool", forbidden_netlink_is_denied, inflight_mem_of_four_bytes_is_read,
           inflight_mem_of_eight_bytes_is_read, pools_are_added_up,
           empty_pool_is_zero_bytes, detached_pool_is_counted,
           pool_of_a_dma_buf_is_not_counted, pool_of_io_uring_is_not_counted,
           attributes_of_a_nest_are_ignored,
           nest_that_reaches_beyond_the_message_is_refused,
           unknown_attributes_are_ignored, answer_without_inflight_mem_is_refused,
           inflight_mem_of_a_wrong_size_is_refused, inflight_mem_with_flags_is_refused,
           inflight_mem_twice_is_refused, sum_above_int64_max_is_refused,
           truncated_answer_is_refused, last_attribute_may_come_without_its_padding,
           attribute_shorter_than_its_header_is_refused,
           all_pools_of_all_datagrams_are_added_up, no_pool_is_zero_bytes,
           several_messages_in_one_datagram_are_read, requests_are_the_two_dumps,
           kernel_without_the_family_is_enoent, errors_of_the_kernel_are_mapped,
           dump_that_ends_with_an_error_is_refused, end_without_its_errno_is_refused,
           silence_is_a_timeout, slow_endless_list_times_out,
           fast_endless_list_is_given_up, signal_does_not_end_a_dump,
           error_of_the_socket_is_returned, interrupted_dump_is_repeated_once,
           dump_interrupted_twice_is_eagain, answer_to_another_port_is_refused,
           answer_to_another_request_is_refused, a_bad_pool_is_an_error,
           family_with_a_reserved_number_is_refused, truncated_family_is_refused,
           this_kernel_answers_or_fails_with_a_documented_errno, no_descriptor_leaks)
