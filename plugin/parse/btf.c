/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/btf.h"

#include <errno.h>
#include <string.h>

/* include/uapi/linux/btf.h. The bytes may be at any address. */
struct header {
  uint16_t magic;
  uint8_t version, flags;
  uint32_t length; /* of the header; offsets count from its end */
  uint32_t types_offset, types_length, strings_offset, strings_length;
};

struct type {
  uint32_t name, info, size;
};

enum { MAGIC = 0xeb9f };

static int section(size_t length, const struct header *header, uint32_t offset,
                   uint32_t size)
{
  const size_t room = length - header->length;
  return offset <= room && size <= room - offset ? 0 : -EBADMSG;
}

int btf_open(const void *bytes, size_t length, struct btf *out)
{
  struct header header;
  if (length < sizeof(header))
    return -EBADMSG;
  memcpy(&header, bytes, sizeof(header));
  if (header.magic != MAGIC || header.length < sizeof(header) || header.length > length ||
      section(length, &header, header.types_offset, header.types_length) != 0 ||
      section(length, &header, header.strings_offset, header.strings_length) != 0)
    return -EBADMSG;
  const unsigned char *at = (const unsigned char *)bytes + header.length;
  const char *strings = (const char *)at + header.strings_offset;
  if (header.strings_length > 0 && strings[header.strings_length - 1] != '\0')
    return -EBADMSG;
  *out = (struct btf){.types = at + header.types_offset,
                      .strings = strings,
                      .types_length = header.types_length,
                      .strings_length = header.strings_length};
  return 0;
}

/* What follows a type: `fixed` bytes, and `each` for every member. False where the kind
 * is not known. Kinds are 5 bits and numbers of members 16; the bits between them are 0,
 * and may come to belong to either. */
static int size_of_rest(uint32_t info, size_t *out)
{
  static const struct {
    unsigned char fixed, each;
  } kinds[] = {
      [1] = {4, 0},  /* INT */
      [2] = {0, 0},  /* PTR */
      [3] = {12, 0}, /* ARRAY */
      [4] = {0, 12}, /* STRUCT */
      [5] = {0, 12}, /* UNION */
      [6] = {0, 8},  /* ENUM */
      [7] = {0, 0},  /* FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC */
      [8] = {0, 0},   [9] = {0, 0},  [10] = {0, 0},
      [11] = {0, 0},  [12] = {0, 0}, [13] = {0, 8}, /* FUNC_PROTO */
      [14] = {4, 0},                                /* VAR */
      [15] = {0, 12},                               /* DATASEC */
      [16] = {0, 0},                                /* FLOAT */
      [17] = {4, 0},                                /* DECL_TAG */
      [18] = {0, 0},                                /* TYPE_TAG */
      [19] = {0, 12},                               /* ENUM64 */
  };
  const uint32_t kind = info >> 24 & 0x7f, members = info & 0xffffff;
  if (kind == 0 || kind >= sizeof(kinds) / sizeof(*kinds))
    return -EBADMSG;
  *out = kinds[kind].fixed + (size_t)kinds[kind].each * members;
  return 0;
}

/* NULL where the offset is in neither. */
static const char *string_at(const struct btf *btf, const struct btf *base, size_t offset)
{
  const size_t before = base != NULL ? base->strings_length : 0;
  if (offset < before)
    return base->strings + offset;
  return offset - before < btf->strings_length ? btf->strings + (offset - before) : NULL;
}

int btf_each(const struct btf *btf, const struct btf *base, btf_callback *callback,
             void *context)
{
  for (size_t at = 0, rest; at < btf->types_length; at += rest) {
    struct type type;
    if (btf->types_length - at < sizeof(type))
      return -EBADMSG;
    memcpy(&type, btf->types + at, sizeof(type));
    at += sizeof(type);
    if (size_of_rest(type.info, &rest) != 0 || rest > btf->types_length - at)
      return -EBADMSG;
    const uint32_t kind = type.info >> 24 & 0x7f;
    if (kind != BTF_STRUCT && kind != BTF_FUNCTION)
      continue;
    const char *name = string_at(btf, base, type.name);
    if (name == NULL)
      return -EBADMSG;
    if (name[0] != '\0')
      callback(context, (enum btf_kind)kind, name, type.size);
  }
  return 0;
}
