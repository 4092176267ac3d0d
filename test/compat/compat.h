/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#ifndef COMPAT_H
#define COMPAT_H

/**
 * @file
 * What the tests of the headers have in common. They are about what compiles and links: main() calls
 * nothing that needs a card.
 */

#include <type_traits>
#include <utility>

#ifdef RTE_VERSION
#error "a header of the API includes one of DPDK"
#endif

/** The type of an expression. */
#define TYPE_OF(...) decltype(__VA_ARGS__)

#define SAME(type, ...) static_assert(std::is_same<type, TYPE_OF(__VA_ARGS__)>::value, #__VA_ARGS__)

/** False, which the compiler does not know: guards calls that must link and not run. */
inline bool
run_it()
{
	static volatile bool run = false;

	return run;
}

#endif /* COMPAT_H */
