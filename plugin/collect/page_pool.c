/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_pool.h"
#include "consumer_function.h"
#include "meminfo_explain/base/clock.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* include/uapi/linux/netdev.h; the headers of many systems are older. */
enum {
  NETDEV_CMD_PAGE_POOL_GET = 5,
  NETDEV_A_PAGE_POOL_INFLIGHT_MEM = 5, /* since 6.8, as the command */
  NETDEV_A_PAGE_POOL_DMABUF = 7,       /* since 6.12 */
  NETDEV_A_PAGE_POOL_IO_URING = 8      /* since 6.15; a nest */
};
#define NETDEV_FAMILY_NAME "netdev"

/* Documentation/userspace-api/netlink/intro.rst: the buffer for a dump has at least 8
 * KiB.
 */
#define DATAGRAM_SIZE 8192
#define DATAGRAMS_MAX 256 /* each has about a hundred pools */
#define PATIENCE      0.2 /* seconds */

struct attributes {
  const char *at;
  size_t left;
};

/* Takes the next attribute. NULL at the end, or where the rest is not an attribute. */
static const struct nlattr *take(struct attributes *attributes)
{
  const struct nlattr *attribute = (const void *)attributes->at;
  if (attributes->left > INT_MAX || !mnl_attr_ok(attribute, (int)attributes->left))
    return NULL;
  size_t size = ((size_t)attribute->nla_len + 3) & ~(size_t)3;
  if (size > attributes->left) /* the last may come without its padding */
    size = attributes->left;
  attributes->at += size;
  attributes->left -= size;
  return attribute;
}

/* A "uint": the kernel sends four bytes where they hold the value, else eight
 * (include/net/netlink.h: nla_put_uint). */
static bool read_uint(const struct nlattr *attribute, uint64_t *out)
{
  if ((attribute->nla_type & ~NLA_TYPE_MASK) != 0)
    return false;
  uint32_t narrow;
  switch (mnl_attr_get_payload_len(attribute)) {
  case sizeof(narrow):
    memcpy(&narrow, mnl_attr_get_payload(attribute), sizeof(narrow));
    *out = narrow;
    return true;
  case sizeof(*out):
    memcpy(out, mnl_attr_get_payload(attribute), sizeof(*out));
    return true;
  default:
    return false;
  }
}

int page_pool_parse(const void *attributes, size_t length, uint64_t *bytes)
{
  struct attributes rest = {.at = attributes, .left = length};
  const struct nlattr *attribute;
  uint64_t inflight = 0, sum;
  bool found = false, provided = false;
  while ((attribute = take(&rest)) != NULL) {
    switch (mnl_attr_get_type(attribute)) {
    case NETDEV_A_PAGE_POOL_INFLIGHT_MEM:
      if (found || !read_uint(attribute, &inflight))
        return -EBADMSG;
      found = true;
      break;
    case NETDEV_A_PAGE_POOL_DMABUF:
    case NETDEV_A_PAGE_POOL_IO_URING:
      provided = true;
      break;
    }
  }
  if (rest.left > 0 || !(found || provided))
    return -EBADMSG;
  if (provided)
    return 0;
  if (__builtin_add_overflow(*bytes, inflight, &sum) || sum > INT64_MAX)
    return -EBADMSG;
  *bytes = sum;
  return 0;
}

/* The requests over one socket, and their answers. */
struct dump {
  struct mnl_socket *socket;
  double until;    /* monotonic time; -ETIMEDOUT after it */
  uint16_t type;   /* family of the current request */
  uint8_t command; /* command of its answers */
  uint16_t netdev; /* number of the family "netdev"; 0 until it is found */
  uint64_t bytes;  /* sum over the pools */
};

/* The attributes of an answer. False if it does not answer the current request. */
static bool open_answer(const struct nlmsghdr *message, const struct dump *dump,
                        struct attributes *out)
{
  size_t length = mnl_nlmsg_get_payload_len(message);
  const struct genlmsghdr *generic = mnl_nlmsg_get_payload(message);
  if (message->nlmsg_type != dump->type || length < sizeof(*generic) ||
      generic->cmd != dump->command)
    return false;
  out->at = mnl_nlmsg_get_payload_offset(message, sizeof(*generic));
  out->left = length - sizeof(*generic);
  return true;
}

static int refuse(int error)
{
  errno = error;
  return MNL_CB_ERROR;
}

static int on_family(const struct nlmsghdr *message, void *context)
{
  struct dump *dump = context;
  struct attributes rest;
  if (!open_answer(message, dump, &rest))
    return refuse(EBADMSG);
  const struct nlattr *attribute;
  bool named = false;
  uint16_t number = 0;
  while ((attribute = take(&rest)) != NULL) {
    const void *payload = mnl_attr_get_payload(attribute);
    size_t length = mnl_attr_get_payload_len(attribute);
    if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_NAME)
      named = length == sizeof(NETDEV_FAMILY_NAME) &&
              memcmp(payload, NETDEV_FAMILY_NAME, length) == 0;
    if (mnl_attr_get_type(attribute) == CTRL_ATTR_FAMILY_ID && length == sizeof(number))
      memcpy(&number, payload, sizeof(number));
  }
  if (rest.left > 0 || (named && number < GENL_MIN_ID))
    return refuse(EBADMSG);
  if (named)
    dump->netdev = number;
  return MNL_CB_OK;
}

static int on_pool(const struct nlmsghdr *message, void *context)
{
  struct dump *dump = context;
  struct attributes rest;
  if (!open_answer(message, dump, &rest) ||
      page_pool_parse(rest.at, rest.left, &dump->bytes) != 0)
    return refuse(EBADMSG);
  return MNL_CB_OK;
}

/* NLMSG_DONE and NLMSG_ERROR begin with a negative errno, which libmnl ignores in
 * NLMSG_DONE; there 0 means success (net/netlink/af_netlink.c: netlink_dump_done). An
 * NLMSG_ERROR of 0 is an acknowledgement, which no request asks for. */
static int on_end(const struct nlmsghdr *message, void *context)
{
  (void)context;
  int error = -EBADMSG;
  if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
    memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
  if (error == 0 && message->nlmsg_type == NLMSG_DONE)
    return MNL_CB_STOP;
  const int errno_max = 4095; /* include/linux/err.h: MAX_ERRNO */
  return refuse(error < 0 && error >= -errno_max ? -error : EBADMSG);
}

/* Whether the datagram consists of whole messages. libmnl compares lengths as int, so it
 * would accept a length of 2 GiB and more. */
static bool is_whole(const char *at, size_t left)
{
  struct nlmsghdr header;
  while (left >= sizeof(header)) {
    memcpy(&header, at, sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > left)
      return false;
    size_t size = ((size_t)header.nlmsg_len + 3) & ~(size_t)3;
    if (size > left) /* the last may come without its padding */
      size = left;
    at += size;
    left -= size;
  }
  return left == 0;
}

static int receive_answers(struct dump *dump, uint32_t sequence, mnl_cb_t on_answer)
{
  /* For types below this array's length libmnl does not use its own handlers. */
  mnl_cb_t on_control[] = {[NLMSG_ERROR] = on_end, [NLMSG_DONE] = on_end};
  _Alignas(struct nlmsghdr) char datagram[DATAGRAM_SIZE];
  unsigned port = mnl_socket_get_portid(dump->socket);
  for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
    if (clock_seconds(CLOCK_MONOTONIC) > dump->until)
      return -ETIMEDOUT;
    ssize_t size = mnl_socket_recvfrom(dump->socket, datagram, sizeof(datagram));
    if (size < 0 && errno == EINTR) /* by a signal */
      continue;
    if (size < 0)
      return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (!is_whole(datagram, (size_t)size))
      return -EBADMSG;
    switch (mnl_cb_run2(datagram, (size_t)size, sequence, port, on_answer, dump,
                        on_control, sizeof(on_control) / sizeof(*on_control))) {
    case MNL_CB_ERROR:
      return -errno;
    case MNL_CB_STOP:
      return 0;
    }
  }
  return -EMSGSIZE;
}

/* Requests all that `command` of a family lists; answers have `answer_command`. */
static int request(struct dump *dump, uint16_t family, uint8_t command,
                   uint8_t answer_command, mnl_cb_t on_answer)
{
  const struct {
    struct nlmsghdr header;
    struct genlmsghdr generic;
  } message = {
      .header = {.nlmsg_len = sizeof(message),
                 .nlmsg_type = family,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                 .nlmsg_seq = family}, /* differs between requests */
      .generic = {.cmd = command, .version = 1},
  };
  if (mnl_socket_sendto(dump->socket, &message, sizeof(message)) < 0)
    return -errno;
  dump->type = family;
  dump->command = answer_command;
  return receive_answers(dump, message.header.nlmsg_seq, on_answer);
}

/* Lists all families: a request for one name makes the kernel run modprobe every time
 * where there is no such family (net/netlink/genetlink.c: ctrl_getfamily). */
static int find_netdev(struct dump *dump)
{
  int error =
      request(dump, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_CMD_NEWFAMILY, on_family);
  if (error == 0 && dump->netdev == 0)
    error = -ENOENT;
  return error;
}

/* With a new socket, since an interrupted dump leaves answers in the old one. */
static int dump_pools(struct dump *dump)
{
  dump->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
  if (dump->socket == NULL)
    return -errno;
  struct timeval patience = {.tv_usec = (suseconds_t)(PATIENCE * 1e6)};
  int error = 0;
  if (setsockopt(mnl_socket_get_fd(dump->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
                 sizeof(patience)) != 0 ||
      mnl_socket_bind(dump->socket, 0, MNL_SOCKET_AUTOPID) != 0)
    error = -errno;
  if (error == 0)
    error = find_netdev(dump);
  if (error == 0)
    error = request(dump, dump->netdev, NETDEV_CMD_PAGE_POOL_GET,
                    NETDEV_CMD_PAGE_POOL_GET, on_pool);
  mnl_socket_close(dump->socket);
  return error;
}

static int contracted_error(int error)
{
  switch (-error) {
  case EOPNOTSUPP:      /* no such request: before 6.8, or without CONFIG_PAGE_POOL */
  case EPROTONOSUPPORT: /* no generic netlink */
    return -ENOENT;
  case EAFNOSUPPORT: /* systemd's RestrictAddressFamilies= */
    return -EACCES;
  case EINTR: /* NLM_F_DUMP_INTR, as libmnl reports it */
    return -EAGAIN;
  case EPROTO: /* another sequence number than our request's */
  case ESRCH:  /* another port than ours */
    return -EBADMSG;
  case ENOSPC: /* a datagram larger than the buffer */
    return -EMSGSIZE;
  default:
    return error;
  }
}

/* Only the pools of our network namespace are listed, and not those that their driver
 * made without naming a device (veth's, and those of XDP test runs): the sum is a lower
 * bound.
 *
 * Waits a fraction of a second at most for answers; but the kernel makes them under
 * rtnl_lock, and waits for that as for any list of devices.
 *
 * Errors: -ENOENT (no such family or request: before 6.8), -EPERM, -EACCES (also for a
 * sandbox without netlink), -ETIMEDOUT, -EAGAIN (the list changed during two attempts),
 * -EMSGSIZE (a list without end), -EBADMSG (not an answer), and those of the socket. */
int page_pool_read(uint64_t page_size, uint64_t *bytes)
{
  (void)page_size;
  const double until = clock_seconds(CLOCK_MONOTONIC) + PATIENCE;
  struct dump dump;
  int error = -EINTR;
  for (int attempt = 0; attempt < 2 && error == -EINTR; attempt++) {
    dump = (struct dump){.until = until};
    error = dump_pools(&dump);
  }
  if (error != 0)
    return contracted_error(error);
  *bytes = dump.bytes;
  return 0;
}
