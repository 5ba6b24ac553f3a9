/* SPDX-License-Identifier: MIT */
#include "rules.h"

rule_function *const rules[RULE_COUNT] = {
#define RULE(name, ...)                         rule_##name,
#define ABOVE(name, percent, number, text, ...) rule_##name,
#include "meminfo_explain/tables/rules.def"
};
