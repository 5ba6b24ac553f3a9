// SPDX-License-Identifier: MIT
/*
 * A kernel module for the guests: holds known amounts of memory that only the kernel can
 * allocate. `echo KIND MIB >/proc/hole` allocates, one kind at a time; reading the file
 * gives the bytes held; `echo free 0 >/proc/hole` frees them.
 */
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define PCPU_BYTES 32768
#define LARGE      (GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

static void *page_alloc(size_t size)
{
  return (void *)__get_free_pages(LARGE, get_order(size));
}
static void *compound_alloc(size_t size)
{
  return (void *)__get_free_pages(LARGE | __GFP_COMP, get_order(size));
}
static void page_release(void *p, size_t size)
{
  free_pages((unsigned long)p, get_order(size));
}
static void *vm_alloc(size_t size)
{
  return vmalloc(size);
}
static void vm_release(void *p, size_t size)
{
  vfree(p);
}
static void *slab_alloc(size_t size)
{
  return kmalloc(size, GFP_KERNEL);
}
static void slab_release(void *p, size_t size)
{
  kfree(p);
}

/* The address of the copy of the first CPU stands for all of them. */
static void *pcpu_alloc_all(size_t size)
{
  void __percpu *p = __alloc_percpu(PCPU_BYTES, 8);

  return p ? per_cpu_ptr(p, cpumask_first(cpu_possible_mask)) : NULL;
}
static void pcpu_release(void *p, size_t size)
{
  /* The inverse of per_cpu_ptr(). */
  free_percpu((void __percpu __force *)((unsigned long)p - per_cpu_offset(cpumask_first(
                                                               cpu_possible_mask))));
}

static const struct kind {
  const char *name;
  size_t pages; /* of one allocation; 0: see size_of() */
  size_t bytes;
  void *(*alloc)(size_t size);
  void (*release)(void *p, size_t size);
} kinds[] = {
    {"order0", 1, 0, page_alloc, page_release},
    /* Order 9 where pages have 4 KiB. */
    {"order9", 0, 2 << 20, page_alloc, page_release},
    {"compound9", 0, 2 << 20, compound_alloc, page_release},
    {"vmalloc", 256, 0, vm_alloc, vm_release},
    {"kmalloc", 0, 1024, slab_alloc, slab_release},
    {"kmalloc_large", 16, 0, slab_alloc, slab_release},
    {"percpu", 0, 0, pcpu_alloc_all, pcpu_release},
};

static DEFINE_MUTEX(lock);
static const struct kind *kind; /* of what is held */
static void *held;              /* the first; each begins with the address of the next */
static size_t held_bytes;

static size_t size_of(const struct kind *k)
{
  if (k->pages)
    return k->pages * PAGE_SIZE;
  return k->bytes ?: PCPU_BYTES * (size_t)num_possible_cpus();
}

static void free_all(void)
{
  while (held) {
    void *next = *(void **)held;

    kind->release(held, size_of(kind));
    held = next;
  }
  held_bytes = 0;
}

static int hold(const char *name, size_t bytes)
{
  int i;

  if (held)
    return -EBUSY;
  for (i = 0; i < ARRAY_SIZE(kinds) && strcmp(name, kinds[i].name); i++)
    ;
  if (i == ARRAY_SIZE(kinds))
    return -EINVAL;
  kind = &kinds[i];
  while (held_bytes < bytes) {
    void *p = kind->alloc(size_of(kind));

    if (!p) {
      free_all();
      return -ENOMEM;
    }
    *(void **)p = held;
    held = p;
    held_bytes += size_of(kind);
  }
  return 0;
}

static ssize_t hole_write(struct file *file, const char __user *from, size_t count,
                          loff_t *at)
{
  char text[64], name[16];
  unsigned long mib;
  int error = 0;

  if (count >= sizeof(text) || copy_from_user(text, from, count))
    return -EINVAL;
  text[count] = '\0';
  if (sscanf(text, "%15s %lu", name, &mib) != 2)
    return -EINVAL;
  mutex_lock(&lock);
  if (strcmp(name, "free") == 0)
    free_all();
  else
    error = hold(name, mib << 20);
  mutex_unlock(&lock);
  return error ?: count;
}

static int hole_show(struct seq_file *out, void *unused)
{
  seq_printf(out, "%zu\n", held_bytes);
  return 0;
}

static int hole_open(struct inode *inode, struct file *file)
{
  return single_open(file, hole_show, NULL);
}

static const struct proc_ops operations = {
    .proc_open = hole_open,
    .proc_read = seq_read,
    .proc_lseek = seq_lseek,
    .proc_release = single_release,
    .proc_write = hole_write,
};

static int __init hole_init(void)
{
  return proc_create("hole", 0600, NULL, &operations) ? 0 : -ENOMEM;
}

static void __exit hole_exit(void)
{
  remove_proc_entry("hole", NULL);
  free_all();
}

module_init(hole_init);
module_exit(hole_exit);
MODULE_DESCRIPTION("Holds known amounts of memory, for tests");
MODULE_LICENSE("Dual MIT/GPL");
