/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <rte_string_fns.h>

#include "fmk_device.h"
#include "fmk_kernel.h"
#include "fmk_log.h"
#include "fmk_options.h"
#include "fmk_port.h"

static_assert(FMK_INTERFACE_MAX == IFNAMSIZ, "names of interfaces have another size");

struct fmk_kernel {
	struct fmk_port *port; /* net_tap */
};

/* A tap of net_tap with a name no user would give one, of its own number. */
static void
describe_tap(char *text, size_t size, const char *interface, const struct rte_ether_addr *mac)
{
	static unsigned int nb_taps;

	snprintf(text, size, "net_tap_kernel%u,iface=%s,mac=" RTE_ETHER_ADDR_PRT_FMT,
		__atomic_fetch_add(&nb_taps, 1, __ATOMIC_RELAXED), interface,
		RTE_ETHER_ADDR_BYTES(mac));
}

/* Whether there may be such an interface: net_tap's own refusal does not say why. @return 0 or -errno */
static int
try_interface(const char *interface)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int ret = 0;

	strlcpy(request.ifr_name, interface, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

static int
check_interface(const char *card, const char *interface)
{
	int ret;

	if (if_nametoindex(interface) != 0) {
		FMK_LOG(ERR, card, "kernel=%s: exists, allowed a name no interface has", interface);
		return -EEXIST;
	}
	ret = try_interface(interface);
	if (ret < 0)
		FMK_LOG(ERR, card,
			"kernel=%s: the kernel makes no tap of that name (%s), allowed with "
			"/dev/net/tun and CAP_NET_ADMIN",
			interface, strerror(-ret));
	return ret;
}

int
fmk_kernel_open(struct fmk_device *device, const char *interface, const struct rte_ether_addr *mac,
	struct fmk_kernel **out)
{
	const char *card = device->shared->name;
	struct fmk_kernel *kernel;
	char text[FMK_NAME_MAX * 2];
	int ret = check_interface(card, interface);

	if (ret < 0)
		return ret;
	kernel = calloc(1, sizeof(*kernel));
	if (kernel == NULL) {
		FMK_LOG(ERR, card, "kernel=%s: no memory", interface);
		return -ENOMEM;
	}
	describe_tap(text, sizeof(text), interface, mac);
	ret = fmk_port_open(device, text, &kernel->port);
	if (ret < 0) {
		fmk_kernel_close(kernel, false);
		return ret;
	}
	fmk_port_set_aside(kernel->port);
	*out = kernel;
	return 0;
}

void
fmk_kernel_close(struct fmk_kernel *kernel, bool keep_device)
{
	if (kernel == NULL)
		return;
	fmk_port_close(kernel->port, keep_device);
	free(kernel);
}

int
fmk_kernel_start(struct fmk_kernel *kernel)
{
	return fmk_port_run(kernel->port);
}

void
fmk_kernel_stop(struct fmk_kernel *kernel)
{
	fmk_port_halt(kernel->port);
}

bool
fmk_kernel_put(struct fmk_kernel *kernel, const void *data, uint32_t len)
{
	return fmk_port_put_now(kernel->port, data, len);
}

uint32_t
fmk_kernel_send(
	struct fmk_kernel *kernel, fmk_tx_wire wire, void *arg, uint64_t now, uint32_t *lost)
{
	return fmk_port_read(kernel->port, wire, arg, now, lost);
}
