/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The FlexMock authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fmk_files.h"
#include "fmk_netif.h"

static int
ask(unsigned int index, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = -1;

	memset(ifr, 0, sizeof(*ifr));
	if (fd >= 0 && if_indextoname(index, ifr->ifr_name) != NULL)
		ret = ioctl(fd, request, ifr);
	if (fd >= 0)
		close(fd);
	return ret;
}

bool
fmk_netif_running(unsigned int index)
{
	const short both = IFF_UP | IFF_RUNNING;
	struct ifreq ifr;

	return ask(index, SIOCGIFFLAGS, &ifr) == 0 && (ifr.ifr_flags & both) == both;
}

bool
fmk_netif_here(unsigned int index)
{
	char name[IF_NAMESIZE];

	return if_indextoname(index, name) != NULL;
}

bool
fmk_netif_has_tap(int file)
{
	struct ifreq ifr;

	return file >= 0 && ioctl(file, TUNGETIFF, &ifr) == 0;
}

struct tap_search {
	const char *name;
	int file;
};

static void
find_tap(int file, void *arg)
{
	char path[64], target[sizeof("/dev/net/tun")] = "";
	struct tap_search *search = arg;
	struct ifreq ifr;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (search->file < 0 && readlink(path, target, sizeof(target) - 1) > 0 &&
		strcmp(target, "/dev/net/tun") == 0 && ioctl(file, TUNGETIFF, &ifr) == 0 &&
		strcmp(ifr.ifr_name, search->name) == 0)
		search->file = file;
}

int
fmk_netif_tap_file(const char *name)
{
	struct tap_search search = {name, -1};

	fmk_files_walk(find_tap, &search);
	return search.file;
}

struct drops {
	int index;
	uint64_t sum;
};

static void
add_drops(int file, void *arg)
{
	struct sockaddr_ll address;
	struct tpacket_stats stats;
	struct drops *drops = arg;
	socklen_t len = sizeof(address);

	if (getsockname(file, (struct sockaddr *)&address, &len) < 0 ||
		address.sll_family != AF_PACKET || address.sll_ifindex != drops->index)
		return;
	len = sizeof(stats);
	if (getsockopt(file, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
		drops->sum += stats.tp_drops;
}

uint64_t
fmk_netif_ring_drops(unsigned int index)
{
	struct drops drops = {.index = (int)index};

	fmk_files_walk(add_drops, &drops);
	return drops.sum;
}

int
fmk_netif_mtu(unsigned int index)
{
	struct ifreq ifr;

	return ask(index, SIOCGIFMTU, &ifr) == 0 ? ifr.ifr_mtu : 0;
}

static bool
is_capable(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	/* One that cannot be asked for is not what is told to be missing. */
	if (syscall(SYS_capget, &header, data) < 0)
		return true;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static bool
is_of(const char *name, const char *driver)
{
	return strncmp(name, driver, strlen(driver)) == 0;
}

/* The value of iface= among the arguments. */
static bool
find_iface(const char *args, char name[IF_NAMESIZE])
{
	const char *at = args == NULL ? NULL : strstr(args, "iface=");
	size_t len;

	if (at == NULL || (at != args && at[-1] != ','))
		return false;
	at += strlen("iface=");
	len = strcspn(at, ",");
	snprintf(name, IF_NAMESIZE, "%.*s", (int)len, at);
	return true;
}

static const char *
refusal_of_tap(char *text, int size)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		snprintf(text, (size_t)size, "/dev/net/tun: %s, allowed where it can be opened",
			strerror(errno));
		return text;
	}
	close(fd);
	return is_capable(CAP_NET_ADMIN)
		? NULL
		: "CAP_NET_ADMIN is missing, allowed to root or with that capability";
}

const char *
fmk_netif_refusal(const char *driver, const char *args, char *text, int size)
{
	char name[IF_NAMESIZE];

	if (is_of(driver, "net_tap") || is_of(driver, "net_tun"))
		return refusal_of_tap(text, size);
	if (!is_of(driver, "net_af_packet") && !is_of(driver, "eth_af_packet") &&
		!is_of(driver, "net_af_xdp"))
		return NULL;
	if (!is_capable(CAP_NET_RAW))
		return "CAP_NET_RAW is missing, allowed to root or with that capability";
	if (!find_iface(args, name))
		return "no interface, allowed iface=<interface>";
	if (if_nametoindex(name) != 0)
		return NULL;
	snprintf(text, (size_t)size, "no interface %s, allowed one that is there (ip link)", name);
	return text;
}
