/* SPDX-License-Identifier: MIT */
/* Target for the kernel's answers about page pools: the attributes of one answer, or all
 * datagrams of a conversation. */
#define _GNU_SOURCE
#include "collect/consumer_function.h"
#include "collect/page_pool.h"
#include "fuzz.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's side of the current conversation. */
static struct {
  struct bytes rest; /* datagrams, each after two bytes with its length */
  uint32_t sequence; /* of the last request */
  bool matching;     /* answers get the sequence number and the port of the request */
} kernel;

/* LTO does not see that the linker's --wrap uses these functions. */
__attribute__((used)) ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *,
                                                       const void *, size_t);
__attribute__((used)) ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *,
                                                         void *, size_t);

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *socket, const void *request,
                                 size_t size)
{
  (void)socket;
  struct nlmsghdr header;
  memcpy(&header, request, sizeof(header));
  kernel.sequence = header.nlmsg_seq;
  return (ssize_t)size;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *socket, void *out,
                                   size_t size)
{
  if (kernel.rest.size < 2) {
    errno = EAGAIN;
    return -1;
  }
  size_t length = fuzz_take_byte(&kernel.rest);
  length |= (size_t)fuzz_take_byte(&kernel.rest) << 8;
  if (length > kernel.rest.size)
    length = kernel.rest.size;
  if (length > size) { /* like libmnl */
    errno = ENOSPC;
    return -1;
  }
  memcpy(out, kernel.rest.at, length);
  kernel.rest.at += length;
  kernel.rest.size -= length;
  struct nlmsghdr header;
  for (size_t at = 0; kernel.matching && length - at >= sizeof(header);) {
    memcpy(&header, (char *)out + at, sizeof(header));
    header.nlmsg_seq = kernel.sequence;
    header.nlmsg_pid = mnl_socket_get_portid(socket);
    memcpy((char *)out + at, &header, sizeof(header));
    size_t aligned_length = ((size_t)header.nlmsg_len + 3) & ~(size_t)3;
    if (aligned_length == 0 || aligned_length > length - at)
      break;
    at += aligned_length;
  }
  return (ssize_t)length;
}

void fuzz_page_pool(struct bytes input)
{
  const uint8_t kind = fuzz_take_byte(&input) % 3;
  uint64_t bytes = 77;
  int error;
  if (kind == 0) {
    char *copy = fuzz_copy(input); /* aligned, as malloc() returns it */
    error = page_pool_parse(copy, input.size, &bytes);
    require(error == 0 || error == -EBADMSG);
    require(bytes >= 77 && (error == 0 || bytes == 77));
    free(copy);
  } else {
    kernel.rest = input;
    kernel.matching = kind == 1;
    error = page_pool_read(4096, &bytes);
    require(error <= 0 && error > -4096);
    require(error != -EINTR && error != -EOPNOTSUPP && error != -EPROTO);
  }
  require(bytes <= INT64_MAX);
  require(error == 0 || bytes == 77);
}

/* --- seeds -------------------------------------------------------------------------- */

enum { NETDEV = 0x1f, PAGE_POOL_GET = 5, INFLIGHT_MEM = 5, DMABUF = 7 };

struct conversation {
  uint8_t at[2048];
  size_t size;
};

static _Alignas(struct nlmsghdr) char buffer[512];

static struct nlmsghdr *begin(uint16_t type, uint8_t command)
{
  memset(buffer, 0, sizeof(buffer));
  struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_MULTI;
  struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(message, sizeof(*generic));
  generic->cmd = command;
  return message;
}

static void add(struct conversation *conversation, const struct nlmsghdr *message)
{
  uint8_t *at = conversation->at + conversation->size;
  at[0] = (uint8_t)message->nlmsg_len;
  at[1] = (uint8_t)(message->nlmsg_len >> 8);
  memcpy(at + 2, message, message->nlmsg_len);
  conversation->size += 2 + message->nlmsg_len;
}

static void add_end(struct conversation *conversation, uint16_t type, int error)
{
  memset(buffer, 0, sizeof(buffer));
  struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_MULTI;
  memcpy(mnl_nlmsg_put_extra_header(message, sizeof(error)), &error, sizeof(error));
  add(conversation, message);
}

void seeds_of_page_pool(fuzz_seed_callback *callback, void *context)
{
  struct conversation conversation = {.at = {1}, .size = 1};
  struct nlmsghdr *message = begin(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);
  mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, "netdev");
  mnl_attr_put_u16(message, CTRL_ATTR_FAMILY_ID, NETDEV);
  add(&conversation, message);
  add_end(&conversation, NLMSG_DONE, 0);
  message = begin(NETDEV, PAGE_POOL_GET);
  mnl_attr_put_u32(message, 1, 7);
  mnl_attr_put_u32(message, INFLIGHT_MEM, 8192);
  add(&conversation, message);
  message = begin(NETDEV, PAGE_POOL_GET);
  mnl_attr_put_u64(message, INFLIGHT_MEM, (uint64_t)5 << 32);
  mnl_attr_put_u32(message, DMABUF, 3);
  add(&conversation, message);
  const size_t headers = mnl_nlmsg_size(sizeof(struct genlmsghdr));
  struct conversation pool = {.size = 1};
  memcpy(pool.at + 1, buffer + headers, message->nlmsg_len - headers);
  pool.size += message->nlmsg_len - headers;
  callback(context, (struct bytes){pool.at, pool.size});
  struct conversation refused = conversation;
  add_end(&conversation, NLMSG_DONE, 0);
  callback(context, (struct bytes){conversation.at, conversation.size});
  add_end(&refused, NLMSG_ERROR, -EOPNOTSUPP);
  callback(context, (struct bytes){refused.at, refused.size});
}
