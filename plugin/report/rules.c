/* SPDX-License-Identifier: MIT */
#include "rules.h"

rule_function *const rules[RULE_COUNT] = {
#define RULE(name, next)                         rule_##name,
#define ABOVE(name, percent, number, text, next) rule_##name,
#include "meminfo_explain/tables/rules.def"
};
