/* SPDX-License-Identifier: MIT */
#include "kernel_structs.h"
#include "meminfo_explain/parse/btf.h"

#include <stdio.h>
#include <string.h>

#define BTF_DIR      "sys/kernel/btf/"
#define BTF_FILE_MAX ((size_t)64 << 20)

static const struct {
  const char *name, *module;
} rows[KERNEL_STRUCT_COUNT] = {
#define KERNEL_STRUCT(name, module) {#name, module},
#include "meminfo_explain/tables/kernel_structs.def"
};

/* One file: the kernel's where the module is "". */
struct search {
  struct kernel_structs *structs;
  const char *module;
};

static const char *const functions[KERNEL_FUNCTION_COUNT] = {
#define KERNEL_FUNCTION(name) #name,
#include "meminfo_explain/tables/kernel_structs.def"
};

static void take_function(struct kernel_structs *structs, const char *name)
{
  for (unsigned i = 0; i < KERNEL_FUNCTION_COUNT; i++)
    structs->has[i] |= strcmp(name, functions[i]) == 0;
}

static void take(void *context, enum btf_kind kind, const char *name, uint32_t size)
{
  const struct search *search = context;
  if (kind == BTF_FUNCTION && search->module[0] == '\0')
    take_function(search->structs, name);
  if (kind != BTF_STRUCT)
    return;
  for (unsigned i = 0; i < KERNEL_STRUCT_COUNT; i++) {
    struct reading *out = &search->structs->size[i];
    if (strcmp(name, rows[i].name) != 0 ||
        (search->module[0] != '\0' && strcmp(search->module, rows[i].module) != 0))
      continue;
    /* Two structs of one name: which one is meant is not known. */
    if (is_known(*out) && out->value != size)
      *out = reading_missing(READING_MALFORMED);
    else if (out->state == READING_ABSENT)
      *out = reading_known(size);
  }
}

static int open_file(const struct sysroot *root, const char *name, struct text *text,
                     struct btf *out)
{
  char path[64];
  snprintf(path, sizeof(path), BTF_DIR "%s", name);
  int error = sysroot_slurp_within(root, path, BTF_FILE_MAX, text);
  return error == 0 ? btf_open(text->bytes, text->length, out) : error;
}

/* The kernel's file, for its strings too. False where it cannot be read; unless it is
 * absent, it is not read again. */
static bool open_kernel(const struct sysroot *root, struct kernel_structs *structs,
                        struct text *text, struct btf *kernel)
{
  int error = open_file(root, "vmlinux", text, kernel);
  struct search search = {structs, ""};
  if (error == 0)
    error = btf_each(kernel, NULL, take, &search);
  if (error != 0)
    reading_fill(structs->size, KERNEL_STRUCT_COUNT, sysroot_error_state(error));
  for (unsigned i = 0; i < KERNEL_STRUCT_COUNT && error == 0; i++)
    if (rows[i].module[0] == '\0' && structs->size[i].state == READING_ABSENT)
      structs->size[i] = reading_missing(READING_MALFORMED);
  return error == 0;
}

/* A struct that its module does not have is not looked for again. */
static void read_module(struct kernel_structs *structs, unsigned row,
                        const struct btf *module, const struct btf *kernel)
{
  struct search search = {structs, rows[row].module};
  int error = btf_each(module, kernel, take, &search);
  if (error != 0 || structs->size[row].state == READING_ABSENT)
    structs->size[row] = reading_missing(READING_MALFORMED);
}

void kernel_structs_read(const struct sysroot *root, struct kernel_structs *structs)
{
  struct text kernel_text = {0}, text = {0};
  struct btf kernel, module;
  bool first = structs->size[KERNEL_STRUCT_request].state == READING_ABSENT;
  bool open = root->live && first && open_kernel(root, structs, &kernel_text, &kernel);
  bool usable = root->live && (!first || open);
  for (unsigned i = 0; i < KERNEL_STRUCT_COUNT && usable; i++) {
    if (structs->size[i].state != READING_ABSENT || rows[i].module[0] == '\0')
      continue;
    int error = open_file(root, rows[i].module, &text, &module);
    if (sysroot_error_state(error) == READING_ABSENT)
      continue;
    if (error == 0 && !open)
      usable = open = open_kernel(root, structs, &kernel_text, &kernel);
    if (error != 0)
      structs->size[i] = reading_missing(sysroot_error_state(error));
    else if (usable && structs->size[i].state == READING_ABSENT)
      read_module(structs, i, &module, &kernel);
  }
  text_free(&text);
  text_free(&kernel_text);
}
